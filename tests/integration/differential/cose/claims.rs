//! The protected header: what is critical, which claims there must be, and their types.

use testing::cose::{CONTENT_TYPE, CRIT, Cbor, NULL};

use super::changes::{byte_string, crit, critical, draft, listed, protect};
use crate::differential::Expected::{Accepted, OnlyNotationAccepts, OnlyWeAccept, Refused};
use crate::differential::case::{Case, seconds};
use crate::differential::names::{AGENT, AUTHENTIC, EXPIRY, PLUGIN, SCHEME, TIME, TIMESTAMP, VERSION};
use crate::differential::rules::{
    CASE, COSE_CRITICAL, COSE_HASH, COSE_INFORMATIONAL, COSE_LABEL, COSE_SCHEME_TIME, COSE_UNPROTECTED,
    CRITICAL_UNKNOWN, PLUGIN_VERSION,
};

pub(super) fn critical_headers() -> Vec<Case> {
    let absent = "which is missing from the header, empty or listed twice";
    let mut cases: Vec<Case> = (0..=8)
        .map(|label: i128| {
            let expected = match label {
                1..=3 => OnlyNotationAccepts(COSE_CRITICAL, "which COSE itself defines"),
                _ => Refused("which COSE itself defines"),
            };
            listed(&format!("crit with the label {label}"), expected, label)
        })
        .collect();
    cases.extend([
        draft("no crit", Refused("crit (2) is missing"), |draft| draft.without(CRIT)),
        crit("an empty crit", Refused("crit (2) is missing"), []),
        protect("crit as text", Refused("crit (2) must be"), CRIT, SCHEME),
        protect("crit null", Refused("crit (2) must be"), CRIT, NULL),
        listed("a byte string in crit", Refused("an entry of crit"), byte_string(EXPIRY)),
        listed("null in crit", Refused("an entry of crit"), NULL),
        listed("an empty name in crit", Refused(absent), ""),
        crit("crit without the scheme", Refused("must be listed in crit"), [EXPIRY]),
        crit("crit without the expiry", Refused("must be listed in crit"), [SCHEME]),
        crit("crit with a name twice", Accepted, [SCHEME, EXPIRY, SCHEME]),
        crit("crit with an absent name", Refused(absent), [SCHEME, EXPIRY, "com.example.x"]),
        crit("crit in another order", Accepted, [EXPIRY, SCHEME]),
        crit(
            "crit with the signing time",
            OnlyNotationAccepts(COSE_INFORMATIONAL, "informational"),
            [SCHEME, EXPIRY, TIME],
        ),
        crit("crit without the authentic signing time", Refused("must be listed in crit"), [SCHEME, EXPIRY])
            .authority(),
        listed("crit with an absent label", Refused(absent), 33),
        listed("crit with a large absent label", Refused(absent), 70_000),
        critical("kid in crit", OnlyNotationAccepts(COSE_CRITICAL, "which COSE itself defines"), 4, byte_string("k")),
        critical("an unknown critical label", OnlyNotationAccepts(CRITICAL_UNKNOWN, "which is unknown"), 1000, "x"),
        critical(
            "a critical label below zero",
            OnlyNotationAccepts(CRITICAL_UNKNOWN, "which is unknown"),
            -70_000,
            "x",
        ),
        critical(
            "an unknown critical name",
            OnlyNotationAccepts(CRITICAL_UNKNOWN, "names no verification plugin"),
            "com.example.x",
            "1",
        ),
        critical(
            "a critical name with a byte string",
            OnlyNotationAccepts(CRITICAL_UNKNOWN, "the plugin protocol"),
            "com.example.x",
            byte_string("1"),
        ),
        protect("an unknown name", Accepted, "com.example.x", Cbor::Map(vec![(1.into(), NULL)])),
        protect("an unknown label", Accepted, 1000, "x"),
        protect("a label that has no sign and 64 bits", OnlyWeAccept(COSE_LABEL), i128::from(u64::MAX), "x"),
        protect("kid", Accepted, 4, byte_string("k")),
        protect("kid as text", Refused("kid (4)"), 4, "k"),
        protect("an IV", Accepted, 5, byte_string("k")),
        protect("an IV that is a number", Refused("IV (5)"), 5, 1),
        draft("an IV and a partial IV", Refused("both an IV"), |draft| {
            draft.protect(5, byte_string("k")).protect(6, byte_string("k"))
        }),
        draft("an IV and an unprotected partial IV", Refused("both an IV"), |draft| {
            draft.protect(5, byte_string("k")).unprotected(6, byte_string("k"))
        }),
        critical("a plugin that is not installed", Refused("plugin"), PLUGIN, "com.example.plugin"),
        critical("a plugin without a name", Refused("verificationPlugin"), PLUGIN, ""),
        critical("a plugin that is a number", Refused("verificationPlugin"), PLUGIN, 1),
        protect("a plugin that is not critical", Refused("must be listed in crit"), PLUGIN, "com.example.p"),
        critical(
            "a plugin version without a plugin",
            OnlyNotationAccepts(PLUGIN_VERSION, "of a verification plugin, but names none"),
            VERSION,
            "1.0.0",
        ),
    ]);
    cases
}

pub(super) fn claims() -> Vec<Case> {
    vec![
        draft("no content type", Refused("content type (3) is missing"), |draft| draft.without(CONTENT_TYPE)),
        protect("another content type", Refused("cty is"), CONTENT_TYPE, "application/json"),
        protect(
            "a content type in capitals",
            Refused("cty is"),
            CONTENT_TYPE,
            "Application/vnd.cncf.notary.payload.v1+json",
        ),
        protect(
            "a content type with a parameter",
            Refused("cty is"),
            CONTENT_TYPE,
            "application/vnd.cncf.notary.payload.v1+json;v=1",
        ),
        protect("a content type as a number", Refused("content type (3) must be"), CONTENT_TYPE, 50),
        protect("an empty content type", Refused("cty is"), CONTENT_TYPE, ""),
        draft("a content type under a text label", Refused("content type (3) is missing"), |draft| {
            draft.without(CONTENT_TYPE).protect("cty", "application/vnd.cncf.notary.payload.v1+json")
        }),
        draft("no scheme", Refused("missing from the header"), |draft| draft.without(SCHEME)),
        protect("an unknown scheme", Refused("unsupported signing scheme"), SCHEME, "notary.x509.other"),
        protect("a scheme in capitals", Refused("unsupported signing scheme"), SCHEME, "Notary.X509"),
        protect("a scheme that is a byte string", Refused("signingScheme"), SCHEME, byte_string("notary.x509")),
        protect("an empty scheme", Refused("signingScheme"), SCHEME, ""),
        protect(
            "the time of the other scheme",
            OnlyNotationAccepts(COSE_SCHEME_TIME, "not allowed"),
            AUTHENTIC,
            Cbor::time(seconds(-3600)),
        ),
        protect(
            "the time of the other scheme, signingAuthority",
            OnlyNotationAccepts(COSE_SCHEME_TIME, "not allowed"),
            TIME,
            Cbor::time(seconds(-3600)),
        )
        .authority(),
        draft("no signing time", Refused("signingTime is missing"), |draft| draft.without(TIME)),
        draft("no authentic signing time", Refused("authenticSigningTime is missing"), |draft| {
            draft.without(AUTHENTIC).protect(CRIT, Cbor::Array(vec![SCHEME.into(), EXPIRY.into()]))
        })
        .authority(),
        draft("no expiry", Accepted, |draft| draft.without(EXPIRY).protect(CRIT, Cbor::Array(vec![SCHEME.into()]))),
        protect(
            "Expiry beside expiry",
            OnlyNotationAccepts(CASE, "differs from another only"),
            "io.cncf.notary.Expiry",
            "x",
        ),
        draft("an expiry in capitals", Refused("differs from another only"), |draft| {
            let expiry = draft.protected(EXPIRY);
            draft.without(EXPIRY).protect("IO.CNCF.NOTARY.EXPIRY", expiry)
        }),
        protect(
            "a signing agent in the protected header",
            OnlyNotationAccepts(COSE_UNPROTECTED, "only the unprotected"),
            AGENT,
            "x",
        ),
        protect(
            "a timestamp in the protected header",
            OnlyNotationAccepts(COSE_UNPROTECTED, "only the unprotected"),
            TIMESTAMP,
            byte_string("x"),
        ),
        protect("the label of a hash envelope", OnlyNotationAccepts(COSE_HASH, "hash envelopes"), 258, -16),
        draft("a hash envelope", Refused("hash envelopes"), |draft| draft.without(CONTENT_TYPE).protect(258, -16)),
    ]
}
