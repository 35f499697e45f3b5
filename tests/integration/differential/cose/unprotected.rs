//! The unprotected header: the chain, the signing agent and the timestamp.

use testing::cose::{ALG, CONTENT_TYPE, CRIT, Cbor, CoseDraft, NULL, X5CHAIN, x5chain};

use super::changes::{byte_string, draft, tag, unprotected};
use crate::differential::Expected::{self, Accepted, OnlyNotationAccepts, OnlyWeAccept, Refused};
use crate::differential::case::Case;
use crate::differential::names::{AGENT, EXPIRY, PLUGIN, TIMESTAMP};
use crate::differential::rules::{COSE_AGENT, COSE_BOTH, COSE_CHAIN, COSE_SINGLE, COSE_TIMESTAMP, COSE_UNPROTECTED};

/// The chain moves to the protected header.
fn protected_chain(draft: CoseDraft) -> CoseDraft {
    let chain = x5chain(&draft.chain());
    draft.without_unprotected(X5CHAIN).protect(X5CHAIN, chain)
}

fn chain(name: &str, expected: Expected, change: fn(Vec<Vec<u8>>) -> Cbor) -> Case {
    Case::cose(name, expected).cose_draft(move |draft| {
        let chain = change(draft.chain());
        draft.unprotected(X5CHAIN, chain)
    })
}

/// A signature with one certificate, which is its own root.
fn single(name: &str, expected: Expected, form: fn(&[u8]) -> Cbor) -> Case {
    // The leaf becomes the issued chain's only certificate.
    Case::cose(name, expected).specs(|specs| specs.truncate(1)).cose_draft(move |draft| {
        let certificate = form(&draft.chain()[0]);
        draft.unprotected(X5CHAIN, certificate)
    })
}

pub(super) fn unprotected_headers() -> Vec<Case> {
    let claim = OnlyNotationAccepts(COSE_UNPROTECTED, "which only the protected header may have");
    let claim_refused = Refused("which only the protected header may have");
    vec![
        draft("x5chain in the protected header", OnlyWeAccept(COSE_CHAIN), protected_chain),
        draft("a critical x5chain in the protected header", OnlyWeAccept(COSE_CHAIN), |draft| {
            protected_chain(draft).critical(X5CHAIN)
        }),
        draft("x5chain in both headers", OnlyNotationAccepts(COSE_BOTH, "both headers have"), |draft| {
            let chain = x5chain(&draft.chain());
            draft.protect(X5CHAIN, chain)
        }),
        draft("no x5chain", Refused("x5chain (33) is missing"), |draft| draft.without_unprotected(X5CHAIN)),
        chain("an empty x5chain", Refused("x5chain (33) is missing"), |_| Cbor::Array(vec![])),
        chain("x5chain as text", Refused("x5chain (33)"), |chain| hex::encode(&chain[0]).as_str().into()),
        chain("x5chain as a map", Refused("x5chain (33)"), |chain| Cbor::Map(vec![(0.into(), x5chain(&chain))])),
        chain("x5chain with text", Refused("x5chain (33)"), |chain| {
            Cbor::Array(vec![Cbor::Bytes(chain[0].clone()), "x".into()])
        }),
        chain("x5chain in an array", Refused("x5chain (33)"), |chain| Cbor::Array(vec![x5chain(&chain)])),
        chain("x5chain with tagged certificates", Refused("x5chain (33)"), |chain| {
            Cbor::Array(chain.into_iter().map(|der| tag(24, Cbor::Bytes(der))).collect())
        }),
        chain("the leaf alone as a byte string", Refused("incomplete"), |chain| Cbor::Bytes(chain[0].clone())),
        chain("the leaf alone in an array", Refused("incomplete"), |chain| x5chain(&chain[..1])),
        chain("an empty certificate", Refused("certificate"), |chain| x5chain(&[vec![], chain[1].clone()])),
        chain("a certificate in PEM", Refused("certificate"), |chain| {
            let pem = format!("-----BEGIN CERTIFICATE-----\n{}", hex::encode(&chain[0]));
            x5chain(&[pem.into_bytes(), chain[1].clone()])
        }),
        chain("certificates joined in one string", Refused("certificate"), |chain| x5chain(&[chain.concat()])),
        chain("a reversed chain", Refused(""), |mut chain| {
            chain.reverse();
            x5chain(&chain)
        }),
        chain("a chain without its root", Refused("incomplete"), |chain| x5chain(&chain[..2])),
        single("a single certificate in an array", Accepted, |der| x5chain(&[der.to_vec()])),
        single("a single certificate as a byte string", OnlyWeAccept(COSE_SINGLE), |der| Cbor::Bytes(der.to_vec())),
        unprotected("alg in the unprotected header", claim, ALG, -7),
        unprotected("a content type in the unprotected header", claim, CONTENT_TYPE, "application/json"),
        unprotected("crit in the unprotected header", claim_refused, CRIT, Cbor::Array(vec!["x".into()])),
        unprotected("an expiry in the unprotected header", claim_refused, EXPIRY, Cbor::time(0)),
        unprotected("a plugin in the unprotected header", claim, PLUGIN, "com.example.plugin"),
        unprotected("the label of a hash envelope, unprotected", claim, 258, -16),
        unprotected("an unknown unprotected name", Accepted, "com.example.x", NULL),
        unprotected("an unknown unprotected label", Accepted, 1000, Cbor::Map(vec![])),
        unprotected("kid in the unprotected header", Accepted, 4, byte_string("k")),
        unprotected("an unprotected kid as text", Refused("kid (4)"), 4, "k"),
        draft("kid in both headers", OnlyNotationAccepts(COSE_BOTH, "both headers have"), |draft| {
            draft.protect(4, byte_string("k")).unprotected(4, byte_string("k"))
        }),
        draft("a name in both headers", OnlyNotationAccepts(COSE_BOTH, "both headers have"), |draft| {
            draft.protect("com.example.x", 1).unprotected("com.example.x", 1)
        }),
        unprotected("a signing agent", Accepted, AGENT, "a b/1\u{202e} \"c\""),
        unprotected("an empty signing agent", Accepted, AGENT, ""),
        draft("no signing agent", Accepted, |draft| draft.without_unprotected(AGENT)),
        unprotected("a signing agent that is a number", OnlyNotationAccepts(COSE_AGENT, "signingAgent"), AGENT, 1),
        unprotected(
            "a signing agent that is a byte string",
            OnlyNotationAccepts(COSE_AGENT, "signingAgent"),
            AGENT,
            byte_string("x"),
        ),
        unprotected("a timestamp that is not required", Accepted, TIMESTAMP, byte_string("x")),
        unprotected(
            "a timestamp as text",
            OnlyNotationAccepts(COSE_TIMESTAMP, "timestampSignature"),
            TIMESTAMP,
            "AAAA",
        ),
        unprotected("a timestamp, signingAuthority", Accepted, TIMESTAMP, byte_string("x")).authority(),
    ]
}
