//! Properties of every envelope.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::json;
use testing::certificate::NOW;
use testing::cose::CoseDraft;
use testing::envelope::Draft;
use testing::key::Key;
use time::{Duration, OffsetDateTime};

use crate::envelope::build::{ProtectedAttributes, build};
use crate::envelope::{Envelope, EnvelopeFormat, Payload, SignatureAlgorithm, SigningScheme, VerifiedEnvelope, header};
use crate::{Descriptor, Digest};

struct Signer {
    key: Key,
    chain: Vec<Vec<u8>>,
}

/// One key and chain for all cases.
static SIGNER: LazyLock<Signer> = LazyLock::new(|| {
    let draft = Draft::new();
    let x5c = draft.header["x5c"].as_array().unwrap();
    Signer { chain: x5c.iter().map(|c| STANDARD.decode(c.as_str().unwrap()).unwrap()).collect(), key: draft.key }
});

fn built(format: EnvelopeFormat, payload: &[u8], attributes: &ProtectedAttributes, agent: &str) -> Vec<u8> {
    let sign = |input: &[u8]| Ok(SIGNER.key.sign_envelope(input));
    build::<()>(format, payload, attributes, &SIGNER.chain, agent, sign).unwrap()
}

fn attributes() -> impl Strategy<Value = ProtectedAttributes> {
    // These are protected headers, where any name is allowed.
    let extended = proptest::collection::btree_map("org\\.example\\.[a-z]{1,9}", "\\PC{1,40}", 0..4);
    let plugin = proptest::option::of("[a-z.]{1,30}");
    let expiry = proptest::option::of(1..400_000_000i64);
    let scheme = prop_oneof![Just(SigningScheme::X509), Just(SigningScheme::SigningAuthority)];
    (extended, plugin, expiry, -200_000..200_000i64, scheme).prop_map(
        |(extended, verification_plugin, expiry, signed, signing_scheme)| {
            let signing_time = NOW + Duration::seconds(signed);
            ProtectedAttributes {
                algorithm: SignatureAlgorithm::Es384,
                signing_scheme,
                signing_time,
                expiry: expiry.map(|after| signing_time + Duration::seconds(after)),
                verification_plugin_min_version: verification_plugin.as_ref().map(|_| "1.2.3".to_owned()),
                verification_plugin,
                extended: extended.into_iter().collect(),
            }
        },
    )
}

fn payload() -> impl Strategy<Value = Payload> {
    let annotations = proptest::collection::btree_map("\\PC{1,20}", "\\PC{0,20}", 0..4);
    ("[a-z/.+-]{1,60}", any::<[u8; 8]>(), any::<u64>(), proptest::option::of("\\PC{1,20}"), annotations).prop_map(
        |(media_type, content, size, artifact_type, annotations)| {
            let digest = Digest::sha256(&content);
            Payload { target_artifact: Descriptor { media_type, digest, size, artifact_type, annotations } }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn built_envelopes_verify_and_round_trip(
        payload in proptest::collection::vec(any::<u8>(), 1..400),
        attributes in attributes(),
        agent in "\\PC{1,30}",
        format in prop_oneof![Just(EnvelopeFormat::Jws), Just(EnvelopeFormat::Cose)],
    ) {
        let bytes = built(format, &payload, &attributes, &agent);
        prop_assert_eq!(EnvelopeFormat::of(&bytes), format);
        let later = OffsetDateTime::UNIX_EPOCH + Duration::days(36_500);
        let verified = Envelope::parse(format, &bytes).unwrap().verify_integrity().unwrap();
        let is_authority = attributes.signing_scheme == SigningScheme::SigningAuthority;
        prop_assert_eq!(verified.check_validity(later).is_ok(), is_authority);
        prop_assert_eq!(verified.format(), format);
        prop_assert_eq!(verified.attributes().signing_scheme, attributes.signing_scheme);
        prop_assert_eq!(verified.payload(), &payload);
        prop_assert_eq!(verified.attributes().signing_time, attributes.signing_time);
        prop_assert_eq!(verified.attributes().expiry, attributes.expiry);
        prop_assert_eq!(&verified.attributes().verification_plugin, &attributes.verification_plugin);
        prop_assert_eq!(verified.signing_agent(), Some(&*agent));
        prop_assert_eq!(verified.attributes().extended_critical.len(), attributes.extended.len());
        for (name, value) in &attributes.extended {
            prop_assert_eq!(verified.attributes().critical_string(name), Ok(value.as_str()));
        }
        let chain: Vec<&[u8]> = verified.chain().certificates().iter().map(|c| c.der()).collect();
        prop_assert_eq!(chain, SIGNER.chain.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }

    #[test]
    fn payloads_round_trip(payload in payload()) {
        prop_assert_eq!(Payload::parse(&payload.to_bytes()), Ok(payload));
    }

    #[test]
    fn parsers_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,200}") {
        for input in [&bytes[..], text.as_bytes()] {
            for format in EnvelopeFormat::ALL {
                let _ = Envelope::parse(format, input);
            }
            let _ = Payload::parse(input);
            let _ = crate::x509::CertificateChain::from_der(vec![input.to_vec()]);
            let _ = text.parse::<Digest>();
        }
    }
}

/// The signed content of a verified envelope. The signing agent is not signed and may change.
fn said(verified: &VerifiedEnvelope) -> (Vec<u8>, String, Vec<Vec<u8>>) {
    let chain = verified.chain().certificates().iter().map(|c| c.der().to_vec()).collect();
    (verified.payload().to_vec(), format!("{:?}", verified.attributes()), chain)
}

#[test]
fn no_changed_byte_of_a_cose_envelope_verifies_with_other_content() {
    let draft = CoseDraft::new().protect(header::SIGNING_JOB, "job").critical(header::SIGNING_JOB);
    let others = |byte: u8| [byte ^ 1, byte ^ 2, byte ^ 0x20, byte ^ 0x80, 0x00, 0x40, 0x5f, 0x9f, 0xf6, 0xff];
    check_changes(EnvelopeFormat::Cose, &draft.sign(), &others);
}

#[test]
fn no_changed_byte_verifies_with_other_content() {
    let draft = Draft::new().protect(header::SIGNING_JOB, json!("job")).critical(header::SIGNING_JOB);
    // Other base64 letters, JSON punctuation, and single bits.
    let others = |byte: u8| [byte ^ 1, byte ^ 2, byte ^ 0x20, byte ^ 0x80, b'"', b'A', b'=', b' ', b'\\', b'\n'];
    check_changes(EnvelopeFormat::Jws, draft.sign().to_string().as_bytes(), &others);
}

fn check_changes(format: EnvelopeFormat, original: &[u8], others: &dyn Fn(u8) -> [u8; 10]) {
    let verify = |bytes: &[u8]| Envelope::parse(format, bytes).ok()?.verify(NOW).ok();
    let expected = said(&verify(original).unwrap());
    let mut verified = 0;
    for position in 0..original.len() {
        let byte = original[position];
        for other in others(byte) {
            if other == byte {
                continue;
            }
            let mut changed = original.to_vec();
            changed[position] = other;
            if let Some(envelope) = verify(&changed) {
                assert_eq!(said(&envelope), expected, "byte {position}: {byte:#x} became {other:#x}");
                verified += 1;
            }
        }
        let mut shorter = original.to_vec();
        shorter.remove(position);
        if let Some(envelope) = verify(&shorter) {
            assert_eq!(said(&envelope), expected, "byte {position} was removed");
            verified += 1;
        }
    }
    // The signing agent may change, so some changes must verify: this shows that the loop works.
    assert!((1..600).contains(&verified), "{verified}");
}
