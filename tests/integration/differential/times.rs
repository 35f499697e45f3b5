//! Times: their format and what they are compared with.

use notary::text::rfc3339;
use serde_json::{Value, json};
use time::Duration;

use super::Expected::{self, Accepted, OnlyNotationAccepts, OnlyWeAccept, Refused};
use super::case::{Case, now};
use super::rules::{EXPIRED, TIME as FORM, UNTRUSTED_TIME};

const SCHEME: &str = "io.cncf.notary.signingScheme";
const TIME: &str = "io.cncf.notary.signingTime";
const AUTHENTIC: &str = "io.cncf.notary.authenticSigningTime";
const EXPIRY: &str = "io.cncf.notary.expiry";
const OUTSIDE: &str = "authenticTimestamp: certificate";

fn time(name: &str, expected: Expected, header: &'static str, value: Value) -> Case {
    Case::new(name, expected).draft(move |draft| draft.protect(header, value.clone()))
}

/// A signing time this many hours from now.
fn signed(name: &str, expected: Expected, hours: i64) -> Case {
    time(name, expected, AUTHENTIC, json!(rfc3339(now() + Duration::hours(hours)))).authority()
}

fn forms() -> Vec<Case> {
    let form = "not an RFC 3339 time";
    let mut cases: Vec<Case> = [
        ("with an offset", "2026-07-01T14:00:00+02:00", Accepted),
        ("with a fraction", "2026-07-01T12:00:00.123456789Z", Accepted),
        ("with an offset of zero", "2026-07-01T12:00:00-00:00", Accepted),
        ("without a zone", "2026-07-01T12:00:00", Refused(form)),
        ("with a space", "2026-07-01 12:00:00Z", Refused(form)),
        ("with a small t", "2026-07-01t12:00:00Z", Refused(form)),
        ("with a small z", "2026-07-01T12:00:00z", Refused(form)),
        ("with a comma", "2026-07-01T12:00:00,5Z", OnlyNotationAccepts(FORM, form)),
        ("with a leap second", "2016-12-31T23:59:60Z", Refused(form)),
        ("at hour 24", "2026-07-01T24:00:00Z", Refused(form)),
        ("on a nonexistent day", "2026-02-29T12:00:00Z", Refused(form)),
        ("of the day alone", "2026-07-01", Refused(form)),
        ("that is empty", "", Refused("signingTime")),
    ]
    .into_iter()
    .map(|(name, value, expected)| time(&format!("a signing time {name}"), expected, TIME, json!(value)))
    .collect();
    cases.extend([
        time("a signing time that is a number", Refused("signingTime"), TIME, json!(1_782_907_200)),
        time("the year 1 as signing time", OnlyWeAccept(UNTRUSTED_TIME), TIME, json!("0001-01-01T00:00:00Z")),
        // Go's zero time, which notation treats as absent.
        Case::new("the year 1 as expiry", OnlyNotationAccepts(EXPIRED, "is not after"))
            .draft(|draft| draft.protect(EXPIRY, json!("0001-01-01T00:00:00Z")).protect("crit", json!([SCHEME]))),
        Case::new("null as expiry", OnlyNotationAccepts(FORM, "expiry is missing")).draft(|mut draft| {
            draft.protected[EXPIRY] = Value::Null;
            draft.protect("crit", json!([SCHEME]))
        }),
    ]);
    cases
}

fn expiries() -> Vec<Case> {
    let expires = |name: &str, expected, offset: Duration| time(name, expected, EXPIRY, json!(rfc3339(now() + offset)));
    vec![
        Case::new("no expiry", Accepted)
            .draft(|draft| draft.protect(EXPIRY, Value::Null).protect("crit", json!([SCHEME]))),
        expires("expired a moment ago", Refused("the signature expired"), Duration::seconds(-1)),
        expires("expires at the signing time", Refused("is not after"), Duration::hours(-1)),
        expires("expires before it is signed", Refused("is not after"), Duration::hours(-2)),
        expires("expires in a thousand years", Accepted, Duration::days(365_000)),
        time("signed in the future", Refused("is not after"), TIME, json!(rfc3339(now() + Duration::hours(2)))),
        Case::new("signed in the future, with a later expiry", Accepted).draft(|draft| {
            let signed = now() + Duration::hours(2);
            let expiry = now() + Duration::hours(3);
            draft.protect(TIME, json!(rfc3339(signed))).protect(EXPIRY, json!(rfc3339(expiry)))
        }),
    ]
}

fn validity() -> Vec<Case> {
    vec![
        signed("signed by a signing authority before the chain was valid", Refused(OUTSIDE), -80),
        signed("signed by a signing authority in the chain's first valid second", Accepted, -72),
        signed("signed by a signing authority in the future", Refused("is not after"), 2),
        time("signed before the chain was valid", Accepted, TIME, json!("2020-01-01T00:00:00Z")),
        Case::new("a signing authority's chain that has expired since", Accepted).authority().specs(|specs| {
            specs.iter_mut().for_each(|spec| spec.not_after = now() - Duration::minutes(30));
        }),
        Case::new("a signing authority's leaf that had expired at the signing time", Refused(OUTSIDE))
            .authority()
            .specs(|specs| {
                specs[0].not_after = now() - Duration::minutes(61);
            }),
        Case::new("a signing authority's root that had expired at the signing time", Refused(OUTSIDE))
            .authority()
            .specs(|specs| {
                specs[2].not_after = now() - Duration::minutes(61);
            }),
        Case::new("a leaf that has expired", Refused(OUTSIDE)).specs(|specs| {
            specs[0].not_after = now() - Duration::seconds(1);
        }),
        Case::new("a root that has expired", Refused(OUTSIDE)).specs(|specs| {
            specs[2].not_after = now() - Duration::seconds(1);
        }),
        Case::new("a leaf that is not valid yet", Refused(OUTSIDE)).specs(|specs| {
            specs[0].not_before = now() + Duration::hours(1);
        }),
        Case::new("a leaf that outlives its root", Accepted).specs(|specs| {
            specs[0].not_after = now() + Duration::days(9000);
            specs[0].not_before = now() - Duration::days(9000);
        }),
    ]
}

pub fn cases() -> Vec<Case> {
    [forms(), expiries(), validity()].into_iter().flatten().collect()
}
