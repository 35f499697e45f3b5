//! coset judges the structure of COSE envelopes: those that this workspace makes, those of the integration tests'
//! table, and, the other way round, coset makes envelopes that `notary` verifies. OpenSSL verifies the signature over
//! coset's Sig_structure, so both the bytes and the arithmetic are independent.

use coset::cbor::Value;
use coset::iana::{self, Algorithm, EnumI64 as _};
use coset::{
    CborSerializable as _, CoseSign1, CoseSign1Builder, HeaderBuilder, Label, RegisteredLabelWithPrivate,
    TaggedCborSerializable as _,
};
use notary::cbor::CborError;
use notary::envelope::build::{ProtectedAttributes, build};
use notary::envelope::{AttributeError, Envelope, EnvelopeError, EnvelopeFormat, SigningScheme, header};
use testing::certificate::{NOW, Spec, issue};
use testing::cose::{CoseDraft, NOW_SECONDS};
use testing::envelope::{PAYLOAD, Scheme};
use testing::key::{Key, Kind};
use time::Duration;

use crate::differential::cases;
use crate::envelopes::{KINDS, algorithm, signer, spki_of, verifier};

/// What coset accepts and this library refuses by its structure, with the sentence that requires it.
const ONLY_COSET: [(&str, &str); 6] = [
    ("an empty signature", "\"byte strings of the same length as the key size\" (RFC 9053, 2.1)"),
    ("no payload (detached)", "The envelope \"contains\" the payload (signature-envelope-cose.md, COSE Payload)"),
    ("an undefined payload", "\"payload : bstr / nil\" (RFC 9052, 4.2)"),
    ("an empty payload", "The payload is a JSON document (signature-specification.md, Payload)"),
    ("a key twice in a value", "\"may be well-formed, but it is not valid\" (RFC 8949, 5.6)"),
    ("a simple value in two bytes", "\"Such sequences are not well-formed\" (RFC 8949, 3.3)"),
];
/// What this library accepts and coset refuses.
const ONLY_WE: [(&str, &str); 1] =
    [("a label that has no sign and 64 bits", "\"label = int / tstr\" (RFC 9052, 1.5): coset has labels of 64 bits")];

/// Whether OpenSSL verifies the signature of an envelope over coset's Sig_structure, with this SubjectPublicKeyInfo.
fn verifies(envelope: &CoseSign1, algorithm: &str, key: &[u8]) -> bool {
    let verifier = verifier(algorithm, key);
    envelope.verify_signature(b"", |signature, data| verifier.verify(data, signature)).is_ok()
}

#[test]
#[ignore = "needs OpenSSL: scripts/test"]
fn coset_and_openssl_accept_built_envelopes_until_they_are_tampered_with() {
    for kind in KINDS {
        let mut specs = vec![Spec::leaf(kind), Spec::authority("root", Kind::P384)];
        let chain = issue(&specs);
        let key = specs.swap_remove(0).key;
        let attributes = ProtectedAttributes {
            algorithm: algorithm(kind),
            signing_scheme: SigningScheme::SigningAuthority,
            signing_time: NOW,
            expiry: Some(NOW + Duration::days(365)),
            verification_plugin: Some("p".to_owned()),
            verification_plugin_min_version: None,
            extended: vec![("org.example.must".to_owned(), "x".to_owned())],
        };
        let sign = |input: &[u8]| Ok::<_, std::convert::Infallible>(key.sign_envelope(input));
        let envelope = build(EnvelopeFormat::Cose, PAYLOAD, &attributes, &chain, "test/1", sign).unwrap();
        let parsed = CoseSign1::from_tagged_slice(&envelope).unwrap();
        assert!(verifies(&parsed, key.jws_name(), &key.spki()), "{kind:?}");
        assert_eq!(parsed.payload.as_deref(), Some(PAYLOAD));
        let protected = &parsed.protected.header;
        assert_eq!(i128::from(cose_algorithm(kind).to_i64()), key.cose_algorithm());
        assert_eq!(protected.alg, Some(RegisteredLabelWithPrivate::Assigned(cose_algorithm(kind))));
        let critical = [header::SIGNING_SCHEME, header::AUTHENTIC_SIGNING_TIME, header::EXPIRY];
        let critical = critical.into_iter().chain([header::VERIFICATION_PLUGIN, "org.example.must"]);
        let critical: Vec<_> = critical.map(|name| RegisteredLabelWithPrivate::Text(name.to_owned())).collect();
        assert_eq!(protected.crit, critical);
        let found = protected.rest.iter().find(|(label, _)| *label == Label::Text(header::EXPIRY.to_owned()));
        let expiry = Value::Tag(1, Box::new(Value::Integer((NOW + Duration::days(365)).unix_timestamp().into())));
        assert_eq!(found.map(|(_, value)| value), Some(&expiry));
        let certificates = chain.iter().cloned().map(Value::Bytes).collect();
        assert!(parsed.unprotected.rest.contains(&(Label::Int(33), Value::Array(certificates))));

        let changes: [fn(&mut CoseSign1); 2] = [|e| e.payload.as_mut().unwrap()[3] ^= 1, |e| e.signature[7] ^= 1];
        for change in changes {
            let mut changed = parsed.clone();
            change(&mut changed);
            assert!(!verifies(&changed, key.jws_name(), &key.spki()), "{kind:?}");
            assert!(!we_accept(&changed.to_tagged_vec().unwrap()), "{kind:?}");
        }
    }
}

fn we_accept(envelope: &[u8]) -> bool {
    Envelope::parse(EnvelopeFormat::Cose, envelope).is_ok_and(|envelope| envelope.verify(NOW).is_ok())
}

fn cose_algorithm(kind: Kind) -> Algorithm {
    match kind {
        Kind::P256 => Algorithm::ES256,
        Kind::P384 => Algorithm::ES384,
        Kind::P521 => Algorithm::ES512,
        Kind::Rsa2048 => Algorithm::PS256,
        Kind::Rsa3072 => Algorithm::PS384,
        Kind::Rsa4096 => Algorithm::PS512,
        Kind::Ed25519 => panic!("no envelope is signed with Ed25519"),
    }
}

/// An envelope of coset's encoder with OpenSSL's signature.
fn made_by_coset(key: &Key, chain: &[Vec<u8>], scheme: Scheme) -> CoseSign1 {
    let time = match scheme {
        Scheme::X509 => header::SIGNING_TIME,
        Scheme::SigningAuthority => header::AUTHENTIC_SIGNING_TIME,
    };
    let now = Value::Tag(1, Box::new(Value::Integer(i64::try_from(NOW_SECONDS).unwrap().into())));
    let mut protected = HeaderBuilder::new()
        .algorithm(cose_algorithm(key.kind))
        .content_type("application/vnd.cncf.notary.payload.v1+json".to_owned())
        .add_critical_label(RegisteredLabelWithPrivate::Text(header::SIGNING_SCHEME.to_owned()))
        .text_value(header::SIGNING_SCHEME.to_owned(), Value::Text(scheme.as_str().to_owned()))
        .text_value(time.to_owned(), now);
    if scheme == Scheme::SigningAuthority {
        protected = protected.add_critical_label(RegisteredLabelWithPrivate::Text(time.to_owned()));
    }
    let certificates = Value::Array(chain.iter().cloned().map(Value::Bytes).collect());
    let unprotected = HeaderBuilder::new().value(iana::HeaderParameter::X5Chain.to_i64(), certificates).build();
    let signer = signer(key);
    CoseSign1Builder::new()
        .protected(protected.build())
        .unprotected(unprotected)
        .payload(PAYLOAD.to_vec())
        .create_signature(b"", |data| signer.sign(data).unwrap())
        .build()
}

#[test]
#[ignore = "needs OpenSSL: scripts/test"]
fn the_library_accepts_cosets_envelopes_until_they_are_tampered_with() {
    for kind in KINDS {
        for scheme in [Scheme::X509, Scheme::SigningAuthority] {
            let mut specs = vec![Spec::leaf(kind), Spec::authority("root", Kind::P256)];
            let chain = issue(&specs);
            let envelope = made_by_coset(&specs.swap_remove(0).key, &chain, scheme);
            assert!(we_accept(&envelope.clone().to_tagged_vec().unwrap()), "{kind:?} {scheme:?}");
            // Without the tag, it is a COSE_Sign1, which the Notary Project does not use.
            assert!(!we_accept(&envelope.clone().to_vec().unwrap()));
            let mut changed = envelope;
            changed.payload.as_mut().unwrap().push(b' ');
            assert!(!we_accept(&changed.to_tagged_vec().unwrap()));
        }
    }
}

/// Whether an envelope is refused for what RFC 8949 and RFC 9052 say about every COSE_Sign1. What the Notary Project
/// says about single headers, coset cannot judge.
fn is_structure(why: &EnvelopeError) -> bool {
    let (EnvelopeError::Cbor(why) | EnvelopeError::Attributes(AttributeError::Cbor(why))) = why else {
        return matches!(why, EnvelopeError::NotSign1(_));
    };
    match why {
        CborError::Type { name, .. } | CborError::Missing(name) => ["payload", "signature"].contains(&name.as_str()),
        _ => true,
    }
}

/// The verdicts on the structure of the table's envelopes differ only where a sentence is named for it, and what both
/// parse they read alike.
#[test]
#[ignore = "belongs to the second opinions: scripts/test"]
fn coset_parses_the_envelopes_of_the_table_as_the_library_does() {
    let [mut only_coset, mut only_we] = [Vec::<String>::new(), Vec::new()];
    let mut compared = 0;
    for case in cases() {
        let bytes = case.cose_envelope().unwrap();
        let theirs = CoseSign1::from_tagged_slice(&bytes);
        let ours = Envelope::parse(EnvelopeFormat::Cose, &bytes);
        match (&ours, &theirs) {
            (Ok(_), Err(why)) => only_we.push(format!("{}: {why}", case.name)),
            (Err(why), Ok(_)) if is_structure(why) => only_coset.push(format!("{}: {why}", case.name)),
            (Ok(ours), Ok(theirs)) => {
                compared += 1;
                assert_eq!(theirs.payload.as_ref(), Some(&ours.payload), "{}", case.name);
                assert_eq!(theirs.signature, ours.signature(), "{}", case.name);
                if ours.clone().verify_integrity().is_ok() {
                    let key = spki_of(ours.chain.leaf().der());
                    assert!(verifies(theirs, &ours.attributes.algorithm, &key), "{}", case.name);
                }
            }
            _ => {}
        }
    }
    for (found, listed) in [(&only_coset, &ONLY_COSET[..]), (&only_we, &ONLY_WE[..])] {
        let is_listed = |found: &&String| listed.iter().any(|(name, _)| found.starts_with(&format!("COSE: {name}: ")));
        let unlisted: Vec<_> = found.iter().filter(|found| !is_listed(found)).collect();
        assert!(unlisted.is_empty(), "{unlisted:#?}");
        assert_eq!(found.len(), listed.len(), "{found:#?}");
    }
    assert!(compared > 50, "{compared}");
}

/// Why the product does not link coset: it accepts what the documents forbid.
#[test]
#[ignore = "belongs to the second opinions: scripts/test"]
fn the_library_refuses_what_coset_accepts() {
    let twice =
        CoseDraft::new().protect("n", testing::cose::Cbor::Map(vec![(1.into(), 1.into()), (1.into(), 2.into())]));
    let detached = {
        let mut elements = CoseDraft::new().elements();
        elements[2] = testing::cose::NULL;
        testing::cose::sign1(elements)
    };
    for (what, envelope) in [("a key twice in a value", twice.sign()), ("a detached payload", detached)] {
        assert!(CoseSign1::from_tagged_slice(&envelope).is_ok(), "{what}: coset refuses it now");
        assert!(Envelope::parse(EnvelopeFormat::Cose, &envelope).is_err(), "{what}");
    }
}
