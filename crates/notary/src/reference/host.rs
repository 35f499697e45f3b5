//! The registry in a reference: a host with an optional port, which every program must read in the same way.
//!
//! A trust policy applies to a registry by its name. A host that a URL parser rewrites (URL Standard, "host parsing")
//! would lead to another registry than the one that the policy names: `127.1`, `2130706433` and `0x7f000001` are all
//! 127.0.0.1. Such hosts are rejected. Capital letters are not, because scopes are compared without case.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Why a text is not a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HostProblem {
    /// It is neither a host name nor an address with an optional port.
    Malformed,
    /// URL parsers rewrite it, to this registry if it is a valid address.
    Rewritten(Option<String>),
}

/// Checks a host with an optional port.
pub(super) fn check_registry(text: &str) -> Result<(), HostProblem> {
    let host = host(text);
    let port = &text[host.len()..];
    if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_port) {
        return Err(HostProblem::Malformed);
    }
    let rewritten = |canonical: Option<String>| HostProblem::Rewritten(canonical.map(|host| format!("{host}{port}")));
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']').and_then(|address| Some((address, address.parse::<Ipv6Addr>().ok()?)));
        let (written, address) = address.ok_or(HostProblem::Malformed)?;
        let canonical = canonical(address);
        return if written == canonical { Ok(()) } else { Err(rewritten(Some(format!("[{canonical}]")))) };
    }
    if !host.split('.').all(is_domain_component) {
        return Err(HostProblem::Malformed);
    }
    if is_number(host) && host.parse::<Ipv4Addr>().is_err() {
        return Err(rewritten(ipv4(host).map(|address| address.to_string())));
    }
    Ok(())
}

/// Whether a registry, with or without a port, is this machine.
#[must_use]
pub fn is_loopback(registry: &str) -> bool {
    let host = host(registry);
    let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|a| a.is_loopback())
        || inner.and_then(|h| h.parse::<Ipv6Addr>().ok()).is_some_and(|a| a.is_loopback())
}

/// The host without the port.
fn host(registry: &str) -> &str {
    match registry.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => host,
        _ => registry,
    }
}

/// A number from 1 to 65535 without leading zeros.
fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0') && text.parse::<u16>().is_ok()
}

fn is_domain_component(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Whether URL parsers take the host for an IPv4 address: its last part is a number.
fn is_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or(host);
    last.bytes().all(|b| b.is_ascii_digit())
        || hexadecimal(last).is_some_and(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn hexadecimal(text: &str) -> Option<&str> {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
}

/// The address as URL parsers read it: up to four numbers, decimal, octal (`0`) or hexadecimal (`0x`), of which the
/// last one fills the rest.
fn ipv4(host: &str) -> Option<Ipv4Addr> {
    let number = |part: &str| match (hexadecimal(part), part.strip_prefix('0')) {
        (Some(""), _) | (_, Some("")) => Some(0),
        (Some(digits), _) => u32::from_str_radix(digits, 16).ok(),
        (None, Some(digits)) => u32::from_str_radix(digits, 8).ok(),
        (None, None) => part.parse().ok(),
    };
    let numbers = host.split('.').map(number).collect::<Option<Vec<u32>>>()?;
    let (last, first) = numbers.split_last().filter(|(_, first)| first.len() < 4)?;
    let mut address = u64::from(*last);
    if address >= 1 << (8 * (4 - first.len())) {
        return None;
    }
    for (i, part) in first.iter().enumerate() {
        address += u64::from(u8::try_from(*part).ok()?) << (8 * (3 - i));
    }
    u32::try_from(address).ok().map(Ipv4Addr::from)
}

/// The address as URL parsers write it: that is how `Display` does, except for addresses with an IPv4 address in them.
fn canonical(address: Ipv6Addr) -> String {
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] => format!("::ffff:{high:x}:{low:x}"),
        _ => address.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(to: Option<&str>) -> Result<(), HostProblem> {
        Err(HostProblem::Rewritten(to.map(str::to_owned)))
    }

    #[test]
    fn rejects_addresses_that_url_parsers_rewrite() {
        for (registry, canonical) in [
            ("127.1", Some("127.0.0.1")),
            ("127.1:5000", Some("127.0.0.1:5000")),
            ("127.0.1:5000", Some("127.0.0.1:5000")),
            ("2130706433:5000", Some("127.0.0.1:5000")),
            ("0x7f000001", Some("127.0.0.1")),
            ("0X7F.1", Some("127.0.0.1")),
            ("017700000001", Some("127.0.0.1")),
            ("0177.0.0.1", Some("127.0.0.1")),
            ("127.0.0.01", Some("127.0.0.1")),
            ("0x7f.0.0.0x1", Some("127.0.0.1")),
            ("0", Some("0.0.0.0")),
            ("0x", Some("0.0.0.0")),
            ("169.254.43518", Some("169.254.169.254")),
            ("4294967296", None),
            ("256.0.0.1", None),
            ("1.2.3.4.5", None),
            ("08.0.0.1", None),
            ("registry.0x1f", None),
            ("registry.1", None),
            ("[0:0:0:0:0:0:0:1]:5000", Some("[::1]:5000")),
            ("[::0001]", Some("[::1]")),
            ("[2001:DB8::1]", Some("[2001:db8::1]")),
            ("[::ffff:127.0.0.1]", Some("[::ffff:7f00:1]")),
            ("[::127.0.0.1]", Some("[::7f00:1]")),
            ("[2001:db8:0:0:1:0:0:1]", Some("[2001:db8::1:0:0:1]")),
        ] {
            assert_eq!(check_registry(registry), rewritten(canonical), "{registry}");
            assert!(canonical.is_none_or(|canonical| check_registry(canonical).is_ok()), "{registry}");
        }
    }

    #[test]
    fn rejects_what_is_no_host() {
        for registry in [
            "127.0.0.1.",
            "localhost.",
            "registry..example",
            ".1",
            "%31",
            "127%2e1",
            "１２７.1",
            "bücher.example",
            "a_b",
            "[::1",
            "[]",
            "[::1%25eth0]",
            "[1.2.3.4]",
            "::1",
            "h:0",
            "h:00080",
            "h:+1",
            "h:",
            "h:65536",
            "-h",
            "h-",
        ] {
            assert_eq!(check_registry(registry), Err(HostProblem::Malformed), "{registry}");
        }
    }

    #[test]
    fn accepts_names_and_addresses() {
        for registry in [
            "localhost",
            "LOCALHOST:5000",
            "127.0.0.1",
            "10.0.0.1:443",
            "[::1]:5000",
            "[2001:db8::1]",
            "1and1.example",
            "registry.1x",
            "0x7f.example",
            "2130706433.example",
            "xn--bcher-kva.example",
            "registry",
            "h:80",
            "[::ffff:7f00:1]",
        ] {
            assert_eq!(check_registry(registry), Ok(()), "{registry}");
        }
    }
}
