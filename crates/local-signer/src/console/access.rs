//! Who may read without signing in, and which requests come from a page of the console.
//!
//! A page of another site can make the browser of this machine's user send requests here. It cannot read the answers,
//! unless its name resolves to a loopback address (DNS rebinding). Such requests have the name of that site as `Host`.

use std::net::IpAddr;

use axum::http::header::{FORWARDED, HOST, ORIGIN, VIA};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Uri};

use crate::server::Peer;

/// What a proxy adds for its client, whose address is not that of the connection.
const FORWARDING: [HeaderName; 6] = [
    FORWARDED,
    VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
];

/// Whether the client of a service that listens on a loopback address may read without signing in: it has such an
/// address, too, its request names this machine as its host, and no proxy passed it on.
pub(super) fn reads_without_login(peer: &Peer, uri: &Uri, headers: &HeaderMap) -> bool {
    let direct = FORWARDING.iter().all(|name| !headers.contains_key(name));
    let target = uri.authority().is_none_or(is_loopback);
    peer.is_local() && direct && target && host(headers).is_some_and(|host| is_loopback(&host))
}

/// Whether a page of the console, and not of another site, made the browser send the request. Clients that are not
/// browsers send neither header.
pub(super) fn is_same_origin(headers: &HeaderMap) -> bool {
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return false;
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let origin = origin.to_str().ok().and_then(|origin| Some(origin.split_once("://")?.1.parse::<Authority>()));
    let (Some(Ok(origin)), Some(host)) = (origin, host(headers)) else { return false };
    origin == host
}

/// The only `Host` header.
fn host(headers: &HeaderMap) -> Option<Authority> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok()?.parse().ok(),
        _ => None,
    }
}

fn is_loopback(authority: &Authority) -> bool {
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let value = |text: &str| HeaderValue::from_str(text).unwrap();
        pairs.iter().map(|(name, text)| (HeaderName::from_static(name), value(text))).collect()
    }

    fn peer(address: &str) -> Peer {
        Peer { address: address.parse().unwrap(), tls: None }
    }

    #[test]
    fn only_loopback_hosts_are_read_without_signing_in() {
        let local = peer("127.0.0.1:50000");
        for (host, reads) in [
            ("127.0.0.1:8274", true),
            ("127.5.6.7", true),
            ("localhost:8274", true),
            ("LOCALHOST", true),
            ("[::1]:8274", true),
            ("[::ffff:127.0.0.1]:8274", true),
            ("attacker.example:8274", false),
            ("127.0.0.1.attacker.example", false),
            ("localhost.attacker.example", false),
            ("127.0.0.1@attacker.example", false),
            ("attacker.example@127.0.0.1", false),
            ("192.0.2.1:8274", false),
            ("0.0.0.0:8274", false),
            ("2130706433", false),
            ("", false),
        ] {
            assert_eq!(
                reads_without_login(&local, &Uri::from_static("/console"), &headers(&[("host", host)])),
                reads,
                "{host}"
            );
        }
        let host = ("host", "127.0.0.1:8274");
        for (uri, with) in [
            ("/console", &[][..]),
            ("/console", &[host, ("x-forwarded-for", "192.0.2.1")]),
            ("/console", &[host, ("forwarded", "for=192.0.2.1")]),
            ("/console", &[host, ("via", "1.1 proxy")]),
            ("http://attacker.example/console", &[host]),
        ] {
            assert!(!reads_without_login(&local, &Uri::from_static(uri), &headers(with)), "{uri} {with:?}");
        }
        let mut two = headers(&[host]);
        two.append("host", HeaderValue::from_static("attacker.example"));
        assert!(!reads_without_login(&local, &Uri::from_static("/console"), &two));
    }

    #[test]
    fn only_clients_on_this_machine_read_without_signing_in() {
        for (client, reads) in [
            ("127.0.0.1:50000", true),
            ("[::1]:50000", true),
            ("[::ffff:127.0.0.1]:50000", true),
            ("192.0.2.1:50000", false),
            ("[2001:db8::1]:50000", false),
        ] {
            let headers = headers(&[("host", "localhost")]);
            assert_eq!(reads_without_login(&peer(client), &Uri::from_static("/console"), &headers), reads, "{client}");
        }
    }

    #[test]
    fn requests_of_other_sites_are_told_apart() {
        let host = ("host", "127.0.0.1:8274");
        for (with, same) in [
            (&[host][..], true),
            (&[host, ("origin", "http://127.0.0.1:8274")], true),
            (&[host, ("origin", "http://127.0.0.1:8274"), ("sec-fetch-site", "same-origin")], true),
            (&[host, ("origin", "http://127.0.0.1:8274"), ("sec-fetch-site", "cross-site")], false),
            (&[host, ("sec-fetch-site", "same-site")], false),
            (&[host, ("origin", "http://127.0.0.1:9999")], false),
            (&[host, ("origin", "http://attacker.example")], false),
            (&[host, ("origin", "null")], false),
            (&[("origin", "http://127.0.0.1:8274")], false),
        ] {
            assert_eq!(is_same_origin(&headers(with)), same, "{with:?}");
        }
    }
}
