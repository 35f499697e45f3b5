//! Hosts that are reached without a proxy: `NO_PROXY`, by the rules of Go's `golang.org/x/net/http/httpproxy`, which
//! notation, docker and AWS's plugin follow; and hosts that never have a proxy.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::{Host, Url};

/// Where the credentials of a machine, a task or a pod come from: instance metadata, and the endpoints of ECS and EKS.
/// A proxy must see neither the requests nor the credentials in the answers.
const CREDENTIALS: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
];

/// The entries of `NO_PROXY`.
#[derive(Debug, Clone, Default)]
pub(super) struct NoProxy(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    /// `*`: every host.
    All,
    /// `10.0.0.0/8`
    Network(IpNet),
    /// `192.0.2.1` or `192.0.2.1:8080`
    Address(IpAddr, Option<u16>),
    /// `example.com`, `*.example.com` or `.example.com`, each with an optional port.
    Domain {
        /// With a dot before it.
        suffix: String,
        /// Whether the domain itself is meant, too.
        itself: bool,
        port: Option<u16>,
    },
}

impl NoProxy {
    /// Parses a list with commas. Malformed entries match nothing.
    pub(super) fn parse(list: &str) -> Self {
        Self(list.split(',').filter_map(|entry| Entry::parse(&entry.trim().to_lowercase())).collect())
    }

    /// Whether requests to this URL are sent without a proxy.
    pub(super) fn contains(&self, url: &Url) -> bool {
        let Some(port) = url.port_or_known_default() else { return false };
        match url.host() {
            None => false,
            Some(Host::Domain(name)) => {
                name == "localhost" || self.0.iter().any(|entry| entry.has_name(&name.to_lowercase(), port))
            }
            Some(Host::Ipv4(address)) => self.has(address.into(), port),
            Some(Host::Ipv6(address)) => self.has(address.into(), port),
        }
    }

    fn has(&self, address: IpAddr, port: u16) -> bool {
        let address = address.to_canonical();
        address.is_loopback()
            || CREDENTIALS.contains(&address)
            || self.0.iter().any(|entry| entry.has_address(address, port))
    }
}

impl Entry {
    /// Parses an entry in lower case.
    fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self::All);
        }
        if let Ok(network) = entry.parse::<IpNet>() {
            return Some(Self::Network(network));
        }
        let (host, port) = split_port(entry)?;
        if let Ok(address) = host.parse::<IpAddr>() {
            return Some(Self::Address(address.to_canonical(), port));
        }
        let name = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
        let (itself, name) = match name.strip_prefix('.') {
            Some(name) => (false, name),
            None => (true, name),
        };
        // URLs have the ASCII form of international names.
        let name = match Host::parse(name) {
            Ok(Host::Domain(ascii)) => ascii,
            _ => name.to_owned(),
        };
        (!name.is_empty()).then(|| Self::Domain { suffix: format!(".{name}"), itself, port })
    }

    fn has_address(&self, address: IpAddr, at: u16) -> bool {
        match self {
            Self::All => true,
            Self::Network(network) => network.contains(&address),
            Self::Address(own, port) => *own == address && port.is_none_or(|port| port == at),
            Self::Domain { .. } => false,
        }
    }

    fn has_name(&self, name: &str, at: u16) -> bool {
        match self {
            Self::All => true,
            Self::Network(_) | Self::Address(..) => false,
            Self::Domain { suffix, itself, port } => {
                let is_within = name.ends_with(suffix.as_str()) || (*itself && Some(name) == suffix.get(1..));
                is_within && port.is_none_or(|port| port == at)
            }
        }
    }
}

/// Splits `host:port`, `[address]:port`, `[address]` or `host`. `None` if the host is missing or the port is invalid.
fn split_port(entry: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = entry.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port.parse().ok()?))),
            None => rest.is_empty().then_some((host, None)),
        };
    }
    match entry.split_once(':') {
        // More than one colon: an IPv6 address.
        Some((host, port)) if !port.contains(':') => {
            // Go takes "host:" for any port.
            let port = if port.is_empty() { None } else { Some(port.parse().ok()?) };
            (!host.is_empty()).then_some((host, port))
        }
        _ => (!entry.is_empty()).then_some((entry, None)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn without_proxy(list: &str, url: &str) -> bool {
        NoProxy::parse(list).contains(&url.parse().unwrap())
    }

    #[test]
    fn follows_the_rules_of_go() {
        for (list, url, expected) in [
            ("*", "https://a.example", true),
            ("*", "http://192.0.2.1:5000", true),
            ("b.example, *", "http://[2001:db8::1]", true),
            // Names, with their subdomains.
            ("example.com", "https://example.com", true),
            ("example.com", "https://a.b.example.com:8443", true),
            ("example.com", "https://notexample.com", false),
            ("Example.COM", "https://EXAMPLE.com", true),
            (" a.example ,b.example", "https://b.example", true),
            ("a.example b.example", "https://b.example", false),
            // Only subdomains.
            (".example.com", "https://a.example.com", true),
            (".example.com", "https://example.com", false),
            ("*.example.com", "https://a.example.com", true),
            ("*.example.com", "https://a.b.example.com", true),
            ("*.example.com", "https://example.com", false),
            ("*example.com", "https://a.example.com", false),
            // Ports, the scheme's too.
            ("example.com:5000", "http://example.com:5000", true),
            ("example.com:5000", "http://example.com:5001", false),
            ("example.com:443", "https://example.com", true),
            ("example.com:80", "http://example.com", true),
            ("example.com:80", "https://example.com", false),
            ("*.example.com:5000", "http://a.example.com:5000", true),
            (".example.com:5000", "http://a.example.com:80", false),
            ("example.com:", "http://example.com", true),
            ("example.com:http", "http://example.com", false),
            // Addresses and networks.
            ("192.0.2.1", "http://192.0.2.1:5000", true),
            ("192.0.2.1:5000", "http://192.0.2.1:5000", true),
            ("192.0.2.1:5000", "http://192.0.2.1:5001", false),
            ("0.0.0.0:5000", "http://0.0.0.0:5000", true),
            ("192.0.2.0/24", "http://192.0.2.77", true),
            ("192.0.2.9/24", "http://192.0.2.77:1", true),
            ("192.0.2.0/24", "http://192.0.3.77", false),
            ("2001:db8::/32", "http://[2001:db8:1::1]", true),
            ("2001:db8::1", "http://[2001:db8::1]:5000", true),
            ("[2001:db8::1]", "http://[2001:db8::1]:5000", true),
            ("[2001:db8::1]:5000", "http://[2001:db8::1]:5000", true),
            ("[2001:db8::1]:5000", "http://[2001:db8::1]:5001", false),
            ("::ffff:192.0.2.1", "http://192.0.2.1", true),
            // A domain is not the end of an address.
            ("0.2.1", "http://192.0.2.1", false),
            // Entries that mean nothing.
            ("", "https://a.example", false),
            (",,", "https://a.example", false),
            (":80", "http://a.example", false),
            (".", "http://a.example", false),
            ("*.", "http://a.example", false),
            ("[", "http://a.example", false),
            ("bücher.example", "https://xn--bcher-kva.example", true),
        ] {
            assert_eq!(without_proxy(list, url), expected, "{list:?} {url}");
        }
    }

    #[test]
    fn this_machine_and_its_credentials_never_have_a_proxy() {
        for url in [
            "http://localhost:5000",
            "http://LOCALHOST",
            "http://127.0.0.1",
            "http://127.9.9.9:1",
            "http://[::1]:5000",
            "http://[::ffff:127.0.0.1]",
            "http://169.254.169.254/latest/api/token",
            "http://[fd00:ec2::254]/latest",
            "http://169.254.170.2/v2/credentials",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            "http://[::ffff:169.254.169.254]/",
        ] {
            assert!(without_proxy("", url), "{url}");
        }
        for url in ["http://169.254.169.253", "http://localhost.example", "http://[fd00:ec2::253]", "http://0.0.0.0"] {
            assert!(!without_proxy("", url), "{url}");
        }
    }
}
