//! Which servers a server may send a client to.
//!
//! The URLs of redirects, token services and uploads come from servers, which are not trusted. A server elsewhere must
//! not make this client ask services that only this machine can reach. What the user named may be on this machine, by
//! address or by name, and may name others there.

use std::error::Error;
use std::net::IpAddr;

use reqwest::Url;

use crate::resolver::{is_of_this_machine, is_on_link_only};

/// To which addresses the names of a request may resolve. Addresses of one link only are never among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Any, also those of this machine: the user named the server, or a server of this machine did.
    Anywhere,
    /// Not those of this machine.
    Elsewhere,
}

/// Why a name is not used: its addresses are out of reach. Trying again does not help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} resolves to {address}, {why}")]
pub struct OutOfReach {
    pub(crate) name: String,
    pub(crate) address: IpAddr,
    pub(crate) why: &'static str,
}

impl OutOfReach {
    /// Finds the refused name among the causes of an error.
    #[must_use]
    pub fn of(error: &reqwest::Error) -> Option<&Self> {
        let mut next = error.source();
        while let Some(cause) = next {
            if let Some(why) = cause.downcast_ref() {
                return Some(why);
            }
            next = cause.source();
        }
        None
    }
}

impl Reach {
    /// The reach of a request to `to` that the server at `from` causes.
    #[must_use]
    pub fn follow(self, from: &Url, to: &Url) -> Self {
        let is_same_host = from.host_str() == to.host_str();
        if self == Self::Anywhere && (is_same_host || is_this_machine(from)) { Self::Anywhere } else { Self::Elsewhere }
    }
}

/// Whether the server at `from` may send clients to this URL, as far as its text tells: not from elsewhere to this
/// machine, and never to an address that is valid on one link only. For what names resolve to, see [`Reach`].
#[must_use]
pub fn is_reachable_from(from: &Url, to: &Url) -> bool {
    if from.host_str().is_none() || to.host_str().is_none() {
        return false;
    }
    from.host_str() == to.host_str() || (!is_link_only(to) && (!is_this_machine(to) || is_this_machine(from)))
}

/// Whether the host is an address that is valid on one link only.
#[must_use]
pub fn is_link_only(url: &Url) -> bool {
    address(url).is_some_and(is_on_link_only)
}

/// Whether the host is an address of this machine or a name that always means it.
#[must_use]
pub fn is_this_machine(url: &Url) -> bool {
    let name = url.host_str().unwrap_or_default().trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost") || address(url).is_some_and(is_of_this_machine)
}

fn address(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::Reach::{Anywhere, Elsewhere};
    use super::*;

    #[test]
    fn a_server_elsewhere_reaches_only_elsewhere() {
        for (hops, expected) in [
            (&["https://registry.example/v2/"][..], Anywhere),
            (&["https://registry.example/v2/", "https://registry.example:8443/v2/"], Anywhere),
            (&["https://registry.example/v2/", "https://other.example/"], Elsewhere),
            (&["https://registry.example/v2/", "https://other.example/", "https://registry.example/"], Elsewhere),
            (&["http://localhost:5000/v2/", "http://vm:5001/"], Anywhere),
            (&["http://127.0.0.1:5000/v2/", "http://[::1]:5001/", "http://vm/"], Anywhere),
            (&["http://localhost:5000/v2/", "http://vm:5001/", "http://other/"], Elsewhere),
            (&["http://evillocalhost/v2/", "http://vm/"], Elsewhere),
        ] {
            let urls: Vec<Url> = hops.iter().map(|hop| hop.parse().unwrap()).collect();
            let reach = urls.windows(2).fold(Anywhere, |reach, hop| reach.follow(&hop[0], &hop[1]));
            assert_eq!(reach, expected, "{hops:?}");
        }
    }

    #[test]
    fn knows_this_machine() {
        for (url, expected) in [
            ("http://localhost/", true),
            ("http://LOCALHOST.:1/", true),
            ("http://a.localhost/", true),
            ("http://127.9.9.9/", true),
            ("http://127.1/", true),
            ("http://2130706433/", true),
            ("http://[::1]/", true),
            ("http://[::ffff:127.0.0.1]/", true),
            ("http://[64:ff9b::7f00:1]/", true),
            ("http://evillocalhost/", false),
            ("http://localhost.example/", false),
            ("http://10.0.0.1/", false),
        ] {
            assert_eq!(is_this_machine(&url.parse().unwrap()), expected, "{url}");
        }
    }
}
