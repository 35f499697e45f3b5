//! The signature: made by the leaf's key, with its algorithm, over exactly the `Sig_structure`. COSE, "Signature".

use testing::certificate::{NOW, Spec, basic_constraints, issue};
use testing::cose::{ALG, Cbor, CoseDraft, X5CHAIN, sig_structure, sign1, x5chain};
use testing::envelope::{Draft, Scheme};
use testing::key::Kind;

use super::parse;
use crate::envelope::{Envelope, EnvelopeFormat, VerifyError};
use crate::x509::{ChainCache, ChainError, RequirementError};

fn refused(envelope: &[u8]) -> VerifyError {
    parse(envelope).unwrap().verify(NOW).unwrap_err()
}

/// An envelope with another signature.
fn signed(draft: &CoseDraft, signature: Vec<u8>) -> Vec<u8> {
    let [protected, unprotected, payload, _] = draft.elements();
    sign1([protected, unprotected, payload, Cbor::Bytes(signature)])
}

#[test]
fn algorithm_must_match_the_key() {
    // "the verifier of the signature MUST match alg with signature algorithm of the signing key", and "alg parameter
    // value MUST NOT be a symmetric-key algorithm such as HMAC".
    for kind in [Kind::P256, Kind::P384, Kind::P521, Kind::Rsa2048, Kind::Rsa3072] {
        let mut draft = CoseDraft::with_kind(kind, Scheme::SigningAuthority);
        let expected = draft.key.jws_name();
        let right = draft.key.cose_algorithm();
        for (alg, found) in [
            (-7, "ES256"),
            (-35, "ES384"),
            (-36, "ES512"),
            (-37, "PS256"),
            (-38, "PS384"),
            (-39, "PS512"),
            (0, "0"),
            (5, "5"),
            (-8, "-8"),
            (-9, "-9"),
            (-47, "-47"),
            (-51, "-51"),
            (-257, "-257"),
            (7, "7"),
            (i128::from(u64::MAX), "18446744073709551615"),
            (-1 - i128::from(u64::MAX), "-18446744073709551616"),
        ] {
            if alg != right {
                draft = draft.protect(ALG, alg);
                assert_eq!(refused(&draft.sign()), VerifyError::Algorithm { found: found.into(), expected });
            }
        }
    }
}

#[test]
fn rejects_unsupported_keys() {
    let draft = CoseDraft::with_kind(Kind::Ed25519, Scheme::SigningAuthority);
    assert_eq!(refused(&draft.sign()), VerifyError::UnsupportedKey);
}

#[test]
fn rejects_exchanged_elements() {
    let draft = CoseDraft::new();
    let mut other = CoseDraft::new().protect("org.example.note", "another header");
    other.payload = b"another payload".to_vec();
    for position in 0..4 {
        let mut elements = draft.elements();
        elements[position] = other.elements()[position].clone();
        assert_eq!(refused(&sign1(elements)), VerifyError::Signature, "{position}");
    }
}

#[test]
fn the_signature_covers_the_protected_header_as_it_is() {
    // The same parameters in another encoding are another header.
    let draft = CoseDraft::new();
    let [_, unprotected, payload, signature] = draft.elements();
    let mut reversed = draft.protected.clone();
    reversed.reverse();
    let map = Cbor::Map(reversed).encode();
    let other = sign1([Cbor::Bytes(map), unprotected, payload, signature]);
    assert_eq!(refused(&other), VerifyError::Signature);
}

#[test]
fn rejects_altered_signatures() {
    for kind in [Kind::P256, Kind::P384, Kind::P521, Kind::Rsa2048] {
        let draft = CoseDraft::with_kind(kind, Scheme::SigningAuthority);
        let input = draft.sig_structure();
        let signature = draft.key.sign_envelope(&input);
        let half = signature.len() / 2;
        let length = signature.len();
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
            ("DER or PKCS #1", draft.key.sign_certificate(&input)),
            ("zero", vec![0; length]),
            ("ones", vec![0xff; length]),
            ("another bit", bit),
        ] {
            assert_eq!(refused(&signed(&draft, wrong)), VerifyError::Signature, "{kind:?} {what}");
        }
    }
}

#[test]
fn the_signature_must_be_over_the_sig_structure_of_a_sign1() {
    // RFC 9052, section 4.4: context "Signature1", no external data, and (section 9) minimal definite lengths.
    let draft = CoseDraft::new();
    let (protected, payload) = (draft.protected_bytes(), draft.payload.clone());
    let structure = |context: &str, aad: &[u8]| {
        Cbor::Array(vec![context.into(), Cbor::from(&protected[..]), aad.into(), Cbor::from(&payload[..])]).encode()
    };
    let right = sig_structure(&protected, &payload);
    assert_eq!(structure("Signature1", b""), right);
    assert_eq!(parse(&signed(&draft, draft.key.sign_envelope(&right))).unwrap().verify(NOW).map(drop), Ok(()));
    let fields = [Cbor::from("Signature"), Cbor::from(&protected[..]), Cbor::Bytes(vec![]), Cbor::Bytes(vec![])];
    let long =
        |bytes: &[u8]| Cbor::Raw([vec![0x5a], (bytes.len() as u32).to_be_bytes().to_vec(), bytes.to_vec()].concat());
    for (what, wrong) in [
        ("another context", structure("Signature", b"")),
        ("a countersignature", structure("CounterSignature", b"")),
        ("a MAC", structure("MAC0", b"")),
        ("external data", structure("Signature1", b"x")),
        ("a COSE_Sign", Cbor::Array([&fields[..], &[Cbor::from(&payload[..])]].concat()).encode()),
        ("the payload", payload.clone()),
        ("header and payload", [&protected[..], &payload].concat()),
        (
            "the header as a map",
            Cbor::Array(vec![
                "Signature1".into(),
                Cbor::Raw(protected.clone()),
                Cbor::Bytes(vec![]),
                Cbor::from(&payload[..]),
            ])
            .encode(),
        ),
        (
            "long lengths",
            Cbor::Array(vec!["Signature1".into(), long(&protected), Cbor::Bytes(vec![]), long(&payload)]).encode(),
        ),
        ("an open array", [&[0x9f][..], &right[1..], &[0xff]].concat()),
        ("a tag", [&[0xd2][..], &right].concat()),
        ("the structure as a byte string", Cbor::Bytes(right.clone()).encode()),
    ] {
        assert_eq!(refused(&signed(&draft, draft.key.sign_envelope(&wrong))), VerifyError::Signature, "{what}");
    }
}

#[test]
fn a_signature_of_one_form_is_not_one_of_the_other() {
    let cose = CoseDraft::new();
    let jws = Draft { key: cose.key, ..Draft::new() };
    let jws_signature = Envelope::parse(EnvelopeFormat::Jws, jws.sign().to_string().as_bytes()).unwrap().signature;
    let cose = CoseDraft { key: jws.key, ..CoseDraft::new() };
    assert_eq!(refused(&signed(&cose, jws_signature)), VerifyError::Signature);
}

#[test]
fn leaf_must_come_first() {
    // "The certificate containing the public key [...] MUST be the first certificate".
    for kind in [Kind::P384, Kind::P256] {
        let draft = CoseDraft::with_kind(kind, Scheme::SigningAuthority);
        let mut chain = draft.chain();
        chain.reverse();
        let why = refused(&draft.unprotected(X5CHAIN, x5chain(&chain)).sign());
        // The key of the root is on P-256.
        assert_eq!(matches!(why, VerifyError::Algorithm { .. }), kind == Kind::P384);
        assert_eq!(why == VerifyError::Signature, kind == Kind::P256);
    }
}

#[test]
fn rejects_an_invalid_chain_despite_a_valid_signature() {
    let mut specs = vec![Spec::leaf(Kind::P384), Spec::authority("root", Kind::P256)];
    specs[0].set(basic_constraints(true, true, None));
    let chain = x5chain(&issue(&specs));
    let draft = CoseDraft { key: specs.swap_remove(0).key, ..CoseDraft::new() }.unprotected(X5CHAIN, chain);
    let why = refused(&draft.sign());
    let VerifyError::Chain(ChainError::Requirement { source: RequirementError::LeafIsAuthority, .. }) = why else {
        panic!("{why:?}")
    };
    let draft = CoseDraft::new();
    let alone = draft.chain().remove(0);
    for single in [x5chain(std::slice::from_ref(&alone)), Cbor::Bytes(alone)] {
        let draft = CoseDraft { key: CoseDraft::new().key, ..CoseDraft::new() }.unprotected(X5CHAIN, single);
        // Another key, but the signature is judged first.
        assert_eq!(refused(&draft.sign()), VerifyError::Signature);
    }
    let mut alone = CoseDraft::new();
    let only = alone.chain().remove(0);
    alone = alone.unprotected(X5CHAIN, Cbor::Bytes(only));
    assert!(matches!(refused(&alone.sign()), VerifyError::Chain(ChainError::NoRoot { .. })));
}

#[test]
fn checks_signature_and_time_with_a_cached_chain() {
    let chains = ChainCache::default();
    let draft = CoseDraft::new();
    let parse = |envelope: &[u8]| Envelope::parse_with(EnvelopeFormat::Cose, envelope, &chains).unwrap();
    for _ in 0..2 {
        let verified = parse(&draft.sign()).verify_integrity_with(&chains).unwrap();
        assert_eq!(verified.check_validity(NOW), Ok(()));
        assert_eq!(chains.len(), 1);
    }
    let [protected, unprotected, _, signature] = draft.elements();
    let altered = sign1([protected, unprotected, Cbor::Bytes(b"{}".to_vec()), signature]);
    assert_eq!(parse(&altered).verify_integrity_with(&chains), Err(VerifyError::Signature));
}
