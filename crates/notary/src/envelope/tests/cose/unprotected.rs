//! The unprotected header, which is not signed: COSE, "Unprotected Headers".

use testing::cose::{Cbor, CoseDraft, NULL, X5CHAIN, x5chain};

use super::ParseCose as _;
use crate::cbor::CborError;
use crate::envelope::{EnvelopeError, Parameter, header};
use crate::x509::ChainError;

fn is_type(why: &EnvelopeError) -> bool {
    matches!(why, EnvelopeError::Cbor(CborError::Type { .. }))
}

fn is_missing(why: &EnvelopeError) -> bool {
    matches!(why, EnvelopeError::Cbor(CborError::Missing(_)))
}

#[test]
fn rejects_claims_in_the_unprotected_header() {
    for label in [1, 2, 3] {
        for value in ["x".into(), NULL] {
            let why = CoseDraft::new().unprotected(label, value).refused();
            assert_eq!(why, EnvelopeError::UnprotectedClaim(Parameter::from(label)));
        }
    }
    for name in [
        "io.cncf.notary.signingScheme",
        "io.cncf.notary.signingTime",
        "io.cncf.notary.authenticSigningTime",
        "io.cncf.notary.expiry",
        "io.cncf.notary.Expiry",
        "io.cncf.notary.verificationPlugin",
        "io.cncf.notary.SigningAgent",
        "io.cncf.notary.ſigningAgent",
        "io.cncf.notary.anything",
        "com.amazonaws.signer.signingJob",
        "COM.amazonaws.signer.signingJob",
    ] {
        let why = CoseDraft::new().unprotected(name, "x").refused();
        assert_eq!(why, EnvelopeError::UnprotectedClaim(name.into()));
    }
}

#[test]
fn rejects_claims_moved_to_the_unprotected_header() {
    // RFC 9052, section 3.1: "the 'crit' header parameter MUST be placed in the protected-header-parameter bucket".
    for label in [1, 2, 3] {
        let value = CoseDraft::new().protected(label);
        let moved = CoseDraft::new().without(label).unprotected(label, value);
        assert_eq!(moved.refused(), EnvelopeError::UnprotectedClaim(Parameter::from(label)));
    }
    for name in [header::SIGNING_SCHEME, header::AUTHENTIC_SIGNING_TIME, header::EXPIRY] {
        let value = CoseDraft::new().protected(name);
        let moved = CoseDraft::new().without(name).unprotected(name, value);
        assert_eq!(moved.refused(), EnvelopeError::UnprotectedClaim(name.into()));
    }
}

#[test]
fn rejects_labels_in_both_headers() {
    // RFC 9052, section 3: "Applications SHOULD verify that the same label does not occur in both".
    let draft = CoseDraft::new();
    let chain = x5chain(&draft.chain());
    assert_eq!(draft.protect(X5CHAIN, chain).refused(), EnvelopeError::InBothHeaders(Parameter::from(33)));
    let bytes = || Cbor::Bytes(vec![1]);
    let common = CoseDraft::new().protect(4, bytes()).unprotected(4, bytes());
    assert_eq!(common.refused(), EnvelopeError::InBothHeaders(Parameter::from(4)));
    for name in ["org.example.a", "ORG.example.A"] {
        let common = CoseDraft::new().protect("org.example.a", 1).unprotected(name, 1);
        assert_eq!(common.refused(), EnvelopeError::InBothHeaders(name.into()));
    }
}

#[test]
fn errors_name_the_header_and_the_label() {
    let alg = CoseDraft::new().unprotected(1, -7).refused();
    assert_eq!(alg.to_string(), "the unprotected header has label 1 (alg), which only the protected header may have");
    let chain = x5chain(&CoseDraft::new().chain());
    let both = CoseDraft::new().protect(X5CHAIN, chain).refused();
    assert_eq!(both.to_string(), "both headers have label 33 (x5chain), which only one of them may have");
    let critical = CoseDraft::new().protect(16, "a/b").critical(16).refused();
    assert_eq!(critical.to_string(), "crit lists the label 16 (typ), which is unknown");
    let absent = CoseDraft::new().critical(33).refused();
    assert_eq!(
        absent.to_string(),
        "crit lists label 33 (x5chain), which is missing from the header, empty or listed twice"
    );
    let agent = CoseDraft::new().protect(header::SIGNING_AGENT, "a").refused();
    let named = r#"the protected header has "io.cncf.notary.signingAgent", which only the unprotected header may have"#;
    assert_eq!(agent.to_string(), named);
}

#[test]
fn rejects_malformed_chains() {
    // "x5chain (array of bstr): This REQUIRED parameter".
    assert!(is_missing(&CoseDraft::new().without_unprotected(X5CHAIN).refused()));
    assert!(is_missing(&CoseDraft::new().unprotected(X5CHAIN, Cbor::Array(vec![])).refused()));
    assert!(is_missing(&CoseDraft::new().without_unprotected(X5CHAIN).unprotected("x5chain", NULL).refused()));
    let chain = CoseDraft::new().chain();
    let text = Cbor::Array(chain.iter().map(|der| hex::encode(der).as_str().into()).collect());
    let nested = Cbor::Array(vec![x5chain(&chain)]);
    let der = |der: &Vec<u8>| Cbor::Bytes(der.clone());
    for wrong in [
        NULL,
        "MII".into(),
        Cbor::Map(vec![(0.into(), der(&chain[0]))]),
        text,
        nested,
        Cbor::Array(vec![der(&chain[0]), NULL]),
        Cbor::Tag(24, Box::new(der(&chain[0]))),
    ] {
        let why = CoseDraft::new().unprotected(X5CHAIN, wrong.clone()).refused();
        assert!(is_type(&why), "{wrong:?}: {why}");
        let moved = CoseDraft::new().without_unprotected(X5CHAIN).protect(X5CHAIN, wrong);
        assert!(is_type(&moved.refused()));
    }
    for wrong in [vec![], [&chain[0][..], &[0]].concat(), Cbor::Bytes(chain[0].clone()).encode(), chain.concat()] {
        let why = CoseDraft::new().unprotected(X5CHAIN, x5chain(&[wrong, chain[1].clone()])).refused();
        assert!(matches!(why, EnvelopeError::Chain(ChainError::Certificate { position: 0, .. })), "{why}");
    }
    let why = CoseDraft::new().unprotected(X5CHAIN, x5chain(&vec![chain[1].clone(); 17])).refused();
    assert_eq!(why, EnvelopeError::Chain(ChainError::TooLong(17)));
}

#[test]
fn signing_agent_and_timestamp_must_have_their_types() {
    // "timestampSignature (bstr)", "signingAgent (tstr)".
    for (name, wrong) in [
        (header::SIGNING_AGENT, Cbor::Bytes(b"a".to_vec())),
        (header::SIGNING_AGENT, NULL),
        (header::SIGNING_AGENT, 1.into()),
        (header::TIMESTAMP_SIGNATURE, "AAAA".into()),
        (header::TIMESTAMP_SIGNATURE, NULL),
        (header::TIMESTAMP_SIGNATURE, Cbor::Array(vec![Cbor::Bytes(vec![1])])),
        (header::TIMESTAMP_SIGNATURE, Cbor::Tag(24, Box::new(Cbor::Bytes(vec![1])))),
    ] {
        let why = CoseDraft::new().unprotected(name, wrong).refused();
        assert!(matches!(&why, EnvelopeError::Cbor(CborError::Type { name: n, .. }) if n == name), "{why}");
    }
    for label in [4, 5, 6] {
        assert!(is_type(&CoseDraft::new().unprotected(label, "x").refused()));
    }
}
