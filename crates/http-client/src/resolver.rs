//! Resolving host names, without addresses that are valid on one link only, and without those of this machine where a
//! server elsewhere gave the name.
//!
//! The servers that clients ask come from registries, redirects and certificates, which are not trusted. A name that
//! resolves to the instance metadata service of a cloud, or to this machine, would let them ask it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::reach::{OutOfReach, Reach};

/// Metadata services with addresses that are not link-local: of Alibaba Cloud, Oracle Cloud and Azure.
const METADATA: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192), Ipv4Addr::new(168, 63, 129, 16)];

/// The resolver of the system. A name with only addresses that are out of reach does not resolve.
#[derive(Debug, Clone)]
pub(crate) struct Resolver {
    reach: Reach,
    homes: Homes,
}

/// The most names that are kept after the name that was resolved last, and as many again before it.
const MAX_NAMES: usize = 2048;

/// Whether each name meant this machine when it was first resolved. This must not change: the owner of a name could
/// otherwise point it to this machine between a request and its redirect.
#[derive(Debug, Clone, Default)]
struct Homes(Arc<Mutex<Known>>);

/// The names that were resolved of late. Those that are not asked for again while `MAX_NAMES` others are get forgotten.
#[derive(Debug, Default)]
struct Known {
    recent: HashMap<String, bool>,
    older: HashMap<String, bool>,
}

impl Resolver {
    pub(crate) fn new(reach: Reach) -> Self {
        Self { reach, homes: Homes::default() }
    }

    /// The addresses within reach.
    fn choose(&self, name: &str, found: &[SocketAddr]) -> Result<Vec<SocketAddr>, OutOfReach> {
        let fails = |at: &SocketAddr, why| OutOfReach { name: name.to_owned(), address: at.ip(), why };
        let mut usable: Vec<_> = found.iter().copied().filter(|at| !is_on_link_only(at.ip())).collect();
        if let (Some(first), true) = (found.first(), usable.is_empty()) {
            return Err(fails(first, "an address of this machine's link"));
        }
        let Some(first) = usable.first().copied() else { return Ok(usable) };
        let is_here = usable.iter().all(|at| is_of_this_machine(at.ip()));
        let is_expected_here = self.reach == Reach::Anywhere && self.homes.of(name, is_here);
        usable.retain(|at| is_of_this_machine(at.ip()) == is_expected_here);
        match (usable.is_empty(), is_expected_here) {
            (false, _) => Ok(usable),
            (true, false) => {
                Err(fails(&first, "an address of this machine, to which a server elsewhere must not send clients"))
            }
            (true, true) => Err(fails(&first, "and resolved to an address of this machine before")),
        }
    }
}

impl Homes {
    /// Whether the name means this machine, by what it meant at first.
    fn of(&self, name: &str, is_here: bool) -> bool {
        // Ignores poisoning: a panic cannot leave the map half-changed.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = name.to_ascii_lowercase();
        if let Some(&was_here) = known.recent.get(&name) {
            return was_here;
        }
        let was_here = known.older.get(&name).copied().unwrap_or(is_here);
        if known.recent.len() >= MAX_NAMES {
            known.older = std::mem::take(&mut known.recent);
        }
        known.recent.insert(name, was_here);
        was_here
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(resolver.choose(name.as_str(), &found)?.into_iter()) as Addrs)
        })
    }
}

/// Whether the address is one of this machine's loopback interface.
pub(crate) fn is_of_this_machine(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback(),
        IpAddr::V6(address) => address.is_loopback() || embedded(address).is_some_and(|address| address.is_loopback()),
    }
}

/// Whether no server of an organisation or of the internet has this address: it is valid on one link only, such as the
/// addresses of the instance metadata services, or it addresses no single machine.
#[must_use]
pub fn is_on_link_only(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_on_link_only_v4(address),
        IpAddr::V6(address) => {
            let is_metadata_of_aws = address.segments()[..2] == [0xfd00, 0x0ec2];
            address.is_unspecified()
                || address.is_multicast()
                || address.is_unicast_link_local()
                || is_metadata_of_aws
                || embedded(address).is_some_and(is_on_link_only_v4)
        }
    }
}

fn is_on_link_only_v4(address: Ipv4Addr) -> bool {
    address.is_link_local()
        || address.octets()[0] == 0
        || address.is_multicast()
        || address.is_broadcast()
        || METADATA.contains(&address)
}

/// The IPv4 address in an IPv6 address: mapped, compatible, translated (RFC 6052) or 6to4 (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] if high != 0 => Some(of(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(of(high, low)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn knows_addresses_that_are_valid_on_one_link_only() {
        for (address, expected) in [
            ("169.254.169.254", true),
            ("169.254.170.2", true),
            ("0.0.0.0", true),
            ("224.0.0.1", true),
            ("255.255.255.255", true),
            ("100.100.100.200", true),
            ("fe80::1", true),
            ("ff02::1", true),
            ("::", true),
            ("fd00:ec2::254", true),
            ("::ffff:169.254.169.254", true),
            ("::169.254.169.254", true),
            ("64:ff9b::a9fe:a9fe", true),
            ("2002:a9fe:a9fe::1", true),
            ("127.0.0.1", false),
            ("::1", false),
            ("10.0.0.1", false),
            ("192.168.1.1", false),
            ("172.16.0.1", false),
            ("fd12:3456::1", false),
            ("2001:db8::1", false),
            ("64:ff9b::10.0.0.1", false),
            ("203.0.113.1", false),
        ] {
            assert_eq!(is_on_link_only(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[tokio::test]
    async fn resolves_names_of_this_machine_only_within_reach() {
        let name = || "localhost".parse().unwrap();
        let found = Resolver::new(Reach::Anywhere).resolve(name()).await.unwrap();
        assert!(found.map(|at| at.ip()).all(|address| address.is_loopback()));
        let why = Resolver::new(Reach::Elsewhere).resolve(name()).await.err().unwrap().to_string();
        assert!(why.contains("an address of this machine"), "{why}");
    }

    #[test]
    fn leaves_out_addresses_that_are_out_of_reach() {
        let at = |addresses: &[&str]| -> Vec<SocketAddr> {
            addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect()
        };
        for (reach, found, expected) in [
            (Reach::Elsewhere, &["127.0.0.1", "203.0.113.1"][..], Some(&["203.0.113.1"][..])),
            (Reach::Elsewhere, &["::1", "::ffff:127.0.0.1", "169.254.169.254"], None),
            (Reach::Elsewhere, &["10.0.0.1"], Some(&["10.0.0.1"])),
            (Reach::Anywhere, &["::1", "127.0.0.1"], Some(&["::1", "127.0.0.1"])),
            (Reach::Anywhere, &["127.0.0.1", "169.254.169.254"], Some(&["127.0.0.1"])),
            // A name of another server does not mean this machine too.
            (Reach::Anywhere, &["127.0.0.1", "203.0.113.1"], Some(&["203.0.113.1"])),
            (Reach::Anywhere, &[], Some(&[])),
        ] {
            let chosen = Resolver::new(reach).choose("a.example", &at(found)).ok();
            assert_eq!(chosen, expected.map(at), "{reach:?} {found:?}");
        }
    }

    #[test]
    fn a_name_does_not_move_to_this_machine_or_from_it() {
        let at = |address: &str| [SocketAddr::new(address.parse().unwrap(), 0)];
        let resolver = Resolver::new(Reach::Anywhere);
        for (name, address, is_usable) in [
            ("a.example", "203.0.113.1", true),
            ("a.example", "127.0.0.1", false),
            ("A.example", "127.0.0.1", false),
            ("a.example", "203.0.113.2", true),
            ("registry.local", "127.0.0.1", true),
            ("registry.local", "203.0.113.1", false),
            ("registry.local", "::1", true),
        ] {
            assert_eq!(resolver.clone().choose(name, &at(address)).is_ok(), is_usable, "{name} {address}");
        }
    }

    #[test]
    fn keeps_a_bounded_number_of_names() {
        let homes = Homes::default();
        for number in 0..10 * MAX_NAMES {
            assert!(!homes.of(&format!("n{number}.example"), false));
            // A name that is in use is not forgotten, whatever others are asked for.
            assert!(homes.of("registry.local", number == 0));
        }
        let known = homes.0.lock().unwrap();
        assert!(known.recent.len() <= MAX_NAMES && known.older.len() <= MAX_NAMES);
    }
}
