//! The signature: made by the leaf's key, with its algorithm, over exactly these bytes.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use testing::certificate::{NOW, Spec, basic_constraints, issue};
use testing::envelope::{Draft, Scheme};
use testing::key::Kind;

use super::ParseDraft as _;
use crate::envelope::{Envelope, EnvelopeFormat, VerifyError};
use crate::x509::{ChainCache, ChainError, RequirementError};

fn refused(envelope: &Value) -> VerifyError {
    Envelope::parse(EnvelopeFormat::Jws, envelope.to_string().as_bytes()).unwrap().verify(NOW).unwrap_err()
}

fn signature_of(envelope: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(envelope["signature"].as_str().unwrap()).unwrap()
}

#[test]
fn algorithm_must_match_the_key() {
    for kind in [Kind::P256, Kind::P384, Kind::P521, Kind::Rsa2048, Kind::Rsa3072] {
        let draft = Draft::with_kind(kind, Scheme::SigningAuthority);
        let expected = draft.key.jws_name();
        let mut draft = draft;
        for alg in ["none", "None", "HS256", "HS384", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256"]
            .into_iter()
            .chain(["RS384", "RS512", "EdDSA", "ES256K", "es384", "ES384 ", "ES384\0"])
            .filter(|alg| *alg != expected)
        {
            draft = draft.protect("alg", json!(alg));
            assert_eq!(refused(&draft.sign()), VerifyError::Algorithm { found: alg.into(), expected });
        }
    }
}

#[test]
fn rejects_unsupported_keys() {
    let draft = Draft::with_kind(Kind::Ed25519, Scheme::SigningAuthority);
    assert_eq!(refused(&draft.sign()), VerifyError::UnsupportedKey);
}

#[test]
fn rejects_exchanged_parts() {
    let draft = Draft::new();
    let mut other = Draft::new();
    other.payload = b"another payload".to_vec();
    other.protected["org.example.note"] = json!("another header");
    let other = other.sign();
    for member in ["payload", "protected", "signature"] {
        let mut swapped = draft.sign();
        swapped[member] = other[member].clone();
        assert_eq!(refused(&swapped), VerifyError::Signature, "{member}");
    }
    let mut swapped = draft.sign();
    swapped["header"] = other["header"].clone();
    assert_eq!(refused(&swapped), VerifyError::Signature);
}

#[test]
fn rejects_altered_signatures() {
    for kind in [Kind::P256, Kind::P384, Kind::P521, Kind::Rsa2048] {
        let draft = Draft::with_kind(kind, Scheme::SigningAuthority);
        let envelope = draft.sign();
        let signature = signature_of(&envelope);
        let half = signature.len() / 2;
        let length = signature.len();
        let input = format!("{}.{}", envelope["protected"].as_str().unwrap(), envelope["payload"].as_str().unwrap());
        let mut bit = signature.clone();
        bit[half] ^= 1;
        for (what, wrong) in [
            ("cut", signature[..length - 1].to_vec()),
            ("cut in front", signature[1..].to_vec()),
            ("half", signature[..half].to_vec()),
            ("one byte", vec![0]),
            ("longer", [&signature[..], &[0]].concat()),
            ("longer in front", [&[0], &signature[..]].concat()),
            ("swapped", [&signature[half..], &signature[..half]].concat()),
            ("DER or PKCS #1", draft.key.sign_certificate(input.as_bytes())),
            ("zero", vec![0; length]),
            ("ones", vec![0xff; length]),
            ("r is zero", [&vec![0; half][..], &signature[half..]].concat()),
            ("s is zero", [&signature[..half], &vec![0; half]].concat()),
            ("another bit", bit),
            (
                "over the decoded parts",
                draft.key.sign_envelope(&[draft.protected.to_string().as_bytes(), b".", &draft.payload].concat()),
            ),
        ] {
            let mut envelope = envelope.clone();
            envelope["signature"] = json!(URL_SAFE_NO_PAD.encode(wrong));
            assert_eq!(refused(&envelope), VerifyError::Signature, "{kind:?} {what}");
        }
    }
}

#[test]
fn leaf_must_come_first() {
    let mut envelope = Draft::new().sign();
    let x5c = envelope["header"]["x5c"].as_array_mut().unwrap();
    x5c.reverse();
    // The key of the root is on another curve.
    assert!(matches!(refused(&envelope), VerifyError::Algorithm { .. }));
    let mut envelope = Draft::with_kind(Kind::P256, Scheme::SigningAuthority).sign();
    envelope["header"]["x5c"].as_array_mut().unwrap().reverse();
    assert_eq!(refused(&envelope), VerifyError::Signature);
}

#[test]
fn rejects_an_invalid_chain_despite_a_valid_signature() {
    let chain = |change: &dyn Fn(&mut Spec)| {
        let mut specs = [Spec::leaf(Kind::P384), Spec::authority("root", Kind::P256)];
        change(&mut specs[0]);
        let x5c: Vec<String> = issue(&specs).iter().map(|der| STANDARD.encode(der)).collect();
        let [leaf, _] = specs;
        let mut draft = Draft::new().unprotected("x5c", json!(x5c));
        draft.key = leaf.key;
        refused(&draft.sign())
    };
    let authority = chain(&|leaf| leaf.set(basic_constraints(true, true, None)));
    let VerifyError::Chain(ChainError::Requirement { source: RequirementError::LeafIsAuthority, .. }) = authority
    else {
        panic!("{authority:?}")
    };
    let broken = chain(&|leaf| leaf.issuer = Some(testing::der::name(0x0c, "another issuer")));
    assert!(matches!(broken, VerifyError::Chain(ChainError::BrokenLink { .. })), "{broken:?}");
    let mut alone = Draft::new().sign();
    alone["header"]["x5c"].as_array_mut().unwrap().truncate(1);
    assert!(matches!(refused(&alone), VerifyError::Chain(ChainError::NoRoot { .. })));
}

#[test]
fn checks_signature_and_time_with_a_cached_chain() {
    let chains = ChainCache::default();
    let draft = Draft::new();
    let parse = |envelope: &Value| Envelope::parse(EnvelopeFormat::Jws, envelope.to_string().as_bytes()).unwrap();
    for _ in 0..2 {
        let verified = parse(&draft.sign()).verify_integrity_with(&chains).unwrap();
        assert_eq!(verified.check_validity(NOW), Ok(()));
        assert_eq!(chains.len(), 1);
    }
    let mut altered = draft.sign();
    altered["payload"] = json!(URL_SAFE_NO_PAD.encode("{}"));
    assert_eq!(parse(&altered).verify_integrity_with(&chains), Err(VerifyError::Signature));
    let late = draft.protect("io.cncf.notary.authenticSigningTime", json!("2026-12-01T12:00:00Z"));
    let late = parse(&late.sign()).verify_integrity_with(&chains).unwrap();
    assert!(matches!(late.check_validity(NOW), Err(ChainError::NotValidAt { .. })));
}

#[test]
fn rejects_an_invalid_chain_despite_the_cache() {
    let chains = ChainCache::default();
    let mut specs = vec![Spec::leaf(Kind::P384), Spec::authority("root", Kind::P256)];
    specs[1].set(basic_constraints(false, true, None));
    let x5c: Vec<String> = issue(&specs).iter().map(|der| STANDARD.encode(der)).collect();
    let draft = Draft { key: specs.swap_remove(0).key, ..Draft::new() }.unprotected("x5c", json!(x5c));
    for _ in 0..3 {
        let refused = draft.parse().unwrap().verify_integrity_with(&chains);
        assert_eq!(refused, draft.parse().unwrap().verify_integrity());
        assert!(matches!(refused, Err(VerifyError::Chain(ChainError::Requirement { position: 1, .. }))));
    }
    assert!(chains.is_empty());
}
