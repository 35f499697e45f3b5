//! Limits the attempts to sign in with a wrong token.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The wrong tokens of a client in [`WINDOW`].
const MAX_FAILURES: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);
/// More clients share one count.
const MAX_CLIENTS: usize = 1024;

/// The wrong tokens of each client since the start of its window.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<BTreeMap<Option<IpAddr>, (Instant, u32)>>);

impl Attempts {
    /// Whether this client may try a token now.
    pub(super) fn may_try(&self, client: Option<IpAddr>) -> bool {
        self.may_try_at(client, Instant::now())
    }

    /// Counts a wrong token.
    pub(super) fn failed(&self, client: Option<IpAddr>) {
        self.failed_at(client, Instant::now());
    }

    fn may_try_at(&self, client: Option<IpAddr>, now: Instant) -> bool {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|_, (start, _)| now.saturating_duration_since(*start) < WINDOW);
        let key = key(client, &clients);
        clients.get(&key).is_none_or(|(_, failures)| *failures < MAX_FAILURES)
    }

    fn failed_at(&self, client: Option<IpAddr>, now: Instant) {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(client, &clients);
        clients.entry(key).or_insert((now, 0)).1 += 1;
    }
}

/// The client that is counted: of an IPv6 address its network, from which a client has any number of addresses.
fn key(client: Option<IpAddr>, clients: &BTreeMap<Option<IpAddr>, (Instant, u32)>) -> Option<IpAddr> {
    let client = client.map(|address| match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    });
    if clients.len() >= MAX_CLIENTS && !clients.contains_key(&client) { None } else { client }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_client_is_refused_after_its_failures_and_others_are_not() {
        let attempts = Attempts::default();
        let now = Instant::now();
        let [one, neighbour, other] = ["2001:db8::1", "2001:db8::2", "192.0.2.1"].map(|a| Some(a.parse().unwrap()));
        for _ in 0..MAX_FAILURES {
            assert!(attempts.may_try_at(one, now));
            attempts.failed_at(one, now);
        }
        assert!(!attempts.may_try_at(one, now) && !attempts.may_try_at(neighbour, now));
        assert!(attempts.may_try_at(other, now) && attempts.may_try_at(None, now));
        assert!(attempts.may_try_at(one, now + WINDOW));
    }

    #[test]
    fn many_clients_share_one_count() {
        let attempts = Attempts::default();
        let now = Instant::now();
        for client in 0..2 * MAX_CLIENTS as u32 {
            attempts.failed_at(Some(IpAddr::V4(client.into())), now);
        }
        assert!(attempts.0.lock().unwrap().len() <= MAX_CLIENTS + 1);
        assert!(!attempts.may_try_at(Some("192.0.2.1".parse().unwrap()), now));
    }
}
