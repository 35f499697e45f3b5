//! Keys and signatures.

use testing::cose::{ALG, Cbor, CoseDraft, NULL, sig_structure};
use testing::envelope::Scheme;
use testing::key::Kind;

use super::changes::{SIGNATURE, byte_string, content, draft, elements, long, protect, tag};
use crate::differential::Expected::{Accepted, Refused};
use crate::differential::case::Case;

pub(super) fn keys() -> Vec<Case> {
    let kinds = [Kind::P256, Kind::P384, Kind::P521, Kind::Rsa2048, Kind::Rsa3072, Kind::Rsa4096];
    let valid = |kind| {
        let x509 = Case::cose(format!("notary.x509 with {kind:?}"), Accepted).kind(kind);
        [x509, Case::cose(format!("notary.x509.signingAuthority with {kind:?}"), Accepted).kind(kind).authority()]
    };
    let mut cases: Vec<Case> = kinds.into_iter().flat_map(valid).collect();
    for alg in [-35, -36, -37, -8, -9, -47, -257, 5, 0] {
        cases.push(protect(&format!("alg {alg} with a key on P-256"), Refused("alg is"), ALG, alg));
    }
    cases.extend([
        draft("no alg", Refused("alg (1) is missing"), |draft| draft.without(ALG)),
        protect("alg as text", Refused("alg (1) must be"), ALG, "ES256"),
        protect("alg as a float", Refused("alg (1) must be"), ALG, Cbor::Float(-7.0)),
        protect("alg as a bignum", Refused("alg (1) must be"), ALG, tag(3, Cbor::Bytes(vec![6]))),
        protect("alg null", Refused("alg (1) must be"), ALG, NULL),
        draft("alg under a text label", Refused("alg (1) is missing"), |draft| draft.without(ALG).protect("alg", -7)),
        draft("alg in more bytes than necessary", Accepted, |draft| draft.protect(ALG, Cbor::Raw(vec![0x38, 6]))),
        Case::cose("a signature by another key", Refused(SIGNATURE))
            .cose_draft(|draft| CoseDraft { key: CoseDraft::with_kind(Kind::P256, Scheme::X509).key, ..draft }),
    ]);
    cases
}

/// Another signature of the unchanged content.
fn signed_over(name: &str, input: fn(&[u8], &[u8]) -> Vec<u8>) -> Case {
    // The key is known while the content is drafted: the signature travels in the unprotected header to its place.
    Case::cose(name, Refused(SIGNATURE))
        .cose_draft(move |draft| {
            let signature = draft.key.sign_envelope(&input(&draft.protected_bytes(), &draft.payload));
            draft.unprotected("signature", Cbor::Bytes(signature))
        })
        .elements(|elements| {
            let Cbor::Map(entries) = &mut elements[1] else { panic!() };
            elements[3] = entries.pop().unwrap().1;
        })
}

pub(super) fn signatures() -> Vec<Case> {
    let altered = |name: &str, reason, change: fn(&mut Vec<u8>)| {
        Case::cose(name, Refused(reason)).elements(move |elements| {
            let mut bytes = content(&elements[3]);
            change(&mut bytes);
            elements[3] = Cbor::Bytes(bytes);
        })
    };
    vec![
        altered("a bit of the signature flipped", SIGNATURE, |bytes| bytes[9] ^= 4),
        altered("a signature cut short", SIGNATURE, |bytes| bytes.truncate(63)),
        altered("a byte after the signature", SIGNATURE, |bytes| bytes.push(0)),
        altered("a signature of zeros", SIGNATURE, |bytes| bytes.fill(0)),
        altered("an empty signature", "signature is missing", Vec::clear),
        altered("r and s in DER", SIGNATURE, |bytes| {
            let integer = |bytes: &[u8]| testing::der::tlv(2, &[&[0], bytes].concat());
            *bytes = testing::der::sequence(&[&integer(&bytes[..32]), &integer(&bytes[32..])]);
        }),
        elements("a signature over another payload", Refused(SIGNATURE), |elements| {
            elements[2] = byte_string(r#"{"targetArtifact":{}}"#);
        }),
        elements("a signature over another protected header", Refused(SIGNATURE), |elements| {
            let draft = CoseDraft::with_kind(Kind::P256, Scheme::X509);
            elements[0] = draft.elements()[0].clone();
        }),
        signed_over("a signature with the context of COSE_Sign", |protected, payload| {
            Cbor::Array(vec!["Signature".into(), protected.into(), Cbor::Bytes(vec![]), payload.into()]).encode()
        }),
        signed_over("a signature with external data", |protected, payload| {
            Cbor::Array(vec!["Signature1".into(), protected.into(), byte_string("x"), payload.into()]).encode()
        }),
        signed_over("a signature over the payload alone", |_, payload| payload.to_vec()),
        signed_over("a signature over the header as a map", |protected, payload| {
            let parts = ["Signature1".into(), Cbor::Raw(protected.to_vec()), Cbor::Bytes(vec![]), payload.into()];
            Cbor::Array(parts.into()).encode()
        }),
        signed_over("a signature over a structure with long lengths", |protected, payload| {
            let parts = ["Signature1".into(), long(&protected.into()), Cbor::Bytes(vec![]), long(&payload.into())];
            Cbor::Array(parts.into()).encode()
        }),
        signed_over("a signature over a structure of indefinite length", |protected, payload| {
            let structure = sig_structure(protected, payload);
            [&[0x9f][..], &structure[1..], &[0xff]].concat()
        }),
    ]
}
