//! Resolving host names, without addresses that are valid on one link only.
//!
//! The servers that clients ask come from registries, redirects and certificates, which are not trusted. A name that
//! resolves to the instance metadata service of a cloud would let them ask it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Metadata services with addresses that are not link-local: of Alibaba Cloud, Oracle Cloud and Azure.
const METADATA: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192), Ipv4Addr::new(168, 63, 129, 16)];

/// The resolver of the system. A name with only addresses that [`is_on_link_only`] does not resolve.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let usable: Vec<SocketAddr> = found.iter().copied().filter(|at| !is_on_link_only(at.ip())).collect();
            if let (Some(first), true) = (found.first(), usable.is_empty()) {
                let why = format!("{} resolves to {}, an address of this machine's link", name.as_str(), first.ip());
                return Err(io::Error::other(why).into());
            }
            Ok(Box::new(usable.into_iter()) as Addrs)
        })
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
    async fn resolves_names_of_this_machine() {
        let found = Resolver.resolve("localhost".parse().unwrap()).await.unwrap();
        assert!(found.map(|at| at.ip()).all(|address| address.is_loopback()));
    }
}
