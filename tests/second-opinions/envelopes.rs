//! josekit verifies the JWS envelopes that this workspace makes, and makes envelopes that `notary` verifies.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use josekit::jws::alg::ecdsa::EcdsaJwsAlgorithm;
use josekit::jws::alg::rsassa_pss::RsassaPssJwsAlgorithm;
use josekit::jws::{JwsHeaderSet, JwsSigner, JwsVerifier, deserialize_json, serialize_flattened_json};
use notary::envelope::build::{ProtectedAttributes, build};
use notary::envelope::{Envelope, EnvelopeFormat, Payload, SignatureAlgorithm, SigningScheme};
use serde_json::{Value, json};
use testbed::cli::Cli;
use testbed::forge::forge;
use testbed::local_signer::LocalSigner;
use testing::certificate::{NOW, Spec, issue};
use testing::envelope::{Draft, PAYLOAD, Scheme};
use testing::key::{Key, Kind};
use time::macros::datetime;

pub const KINDS: [Kind; 6] = [Kind::P256, Kind::P384, Kind::P521, Kind::Rsa2048, Kind::Rsa3072, Kind::Rsa4096];

/// josekit's verifier for a public key (SubjectPublicKeyInfo), by the JWS name of its algorithm.
pub fn verifier(algorithm: &str, key: &[u8]) -> Box<dyn JwsVerifier> {
    match algorithm {
        "ES256" => Box::new(EcdsaJwsAlgorithm::Es256.verifier_from_der(key).unwrap()),
        "ES384" => Box::new(EcdsaJwsAlgorithm::Es384.verifier_from_der(key).unwrap()),
        "ES512" => Box::new(EcdsaJwsAlgorithm::Es512.verifier_from_der(key).unwrap()),
        "PS256" => Box::new(RsassaPssJwsAlgorithm::Ps256.verifier_from_der(key).unwrap()),
        "PS384" => Box::new(RsassaPssJwsAlgorithm::Ps384.verifier_from_der(key).unwrap()),
        "PS512" => Box::new(RsassaPssJwsAlgorithm::Ps512.verifier_from_der(key).unwrap()),
        other => panic!("{other}"),
    }
}

pub fn signer(key: &Key) -> Box<dyn JwsSigner> {
    let private = key.pkcs8();
    match key.kind {
        Kind::P256 => Box::new(EcdsaJwsAlgorithm::Es256.signer_from_der(private).unwrap()),
        Kind::P384 => Box::new(EcdsaJwsAlgorithm::Es384.signer_from_der(private).unwrap()),
        Kind::P521 => Box::new(EcdsaJwsAlgorithm::Es512.signer_from_der(private).unwrap()),
        Kind::Rsa2048 => Box::new(RsassaPssJwsAlgorithm::Ps256.signer_from_der(private).unwrap()),
        Kind::Rsa3072 => Box::new(RsassaPssJwsAlgorithm::Ps384.signer_from_der(private).unwrap()),
        Kind::Rsa4096 => Box::new(RsassaPssJwsAlgorithm::Ps512.signer_from_der(private).unwrap()),
        Kind::Ed25519 => panic!("notation has no Ed25519"),
    }
}

/// The payload, if josekit accepts the envelope under its leaf's key.
fn josekit_accepts(envelope: &[u8], verifier: &dyn JwsVerifier) -> Option<Vec<u8>> {
    deserialize_json(envelope, verifier).ok().map(|(payload, _)| payload)
}

fn we_accept(envelope: &[u8]) -> Option<Vec<u8>> {
    let verified = Envelope::parse(EnvelopeFormat::Jws, envelope).ok()?.verify(NOW).ok()?;
    Some(verified.payload().to_vec())
}

/// The SubjectPublicKeyInfo of the first certificate in `x5c`.
fn leaf_key(envelope: &[u8]) -> Vec<u8> {
    let envelope: Value = serde_json::from_slice(envelope).unwrap();
    spki_of(&STANDARD.decode(envelope["header"]["x5c"][0].as_str().unwrap()).unwrap())
}

/// The SubjectPublicKeyInfo of a certificate.
pub fn spki_of(certificate: &[u8]) -> Vec<u8> {
    use der::{Decode as _, Encode as _};
    let certificate = x509_cert::Certificate::from_der(certificate).unwrap();
    certificate.tbs_certificate().subject_public_key_info().to_der().unwrap()
}

/// The envelope with one character of each signed part and of the signature replaced.
fn tampered(envelope: &[u8]) -> Vec<Vec<u8>> {
    let envelope: Value = serde_json::from_slice(envelope).unwrap();
    let replace = |member: &str| {
        let text = envelope[member].as_str().unwrap();
        let middle = text.len() / 2;
        let other = if &text[middle..=middle] == "A" { "B" } else { "A" };
        let mut changed = envelope.clone();
        changed[member] = json!(format!("{}{other}{}", &text[..middle], &text[middle + 1..]));
        changed.to_string().into_bytes()
    };
    ["payload", "protected", "signature"].map(replace).into()
}

pub fn algorithm(kind: Kind) -> SignatureAlgorithm {
    match kind {
        Kind::P256 => SignatureAlgorithm::Es256,
        Kind::P384 => SignatureAlgorithm::Es384,
        Kind::P521 => SignatureAlgorithm::Es512,
        Kind::Rsa2048 => SignatureAlgorithm::Ps256,
        Kind::Rsa3072 => SignatureAlgorithm::Ps384,
        Kind::Rsa4096 => SignatureAlgorithm::Ps512,
        Kind::Ed25519 => panic!("no envelope is signed with Ed25519"),
    }
}

#[test]
#[ignore = "needs OpenSSL: scripts/test"]
fn josekit_accepts_built_envelopes_until_they_are_tampered_with() {
    for kind in KINDS {
        let mut specs = vec![Spec::leaf(kind), Spec::authority("root", Kind::P384)];
        let chain = issue(&specs);
        let key = specs.swap_remove(0).key;
        let attributes = ProtectedAttributes {
            algorithm: algorithm(kind),
            signing_scheme: SigningScheme::SigningAuthority,
            signing_time: datetime!(2026-07-01 12:00 UTC),
            expiry: Some(datetime!(2027-07-01 12:00 UTC)),
            verification_plugin: None,
            verification_plugin_min_version: None,
            extended: Vec::new(),
        };
        let sign = |input: &[u8]| Ok::<_, std::convert::Infallible>(key.sign_envelope(input));
        let envelope = build(EnvelopeFormat::Jws, PAYLOAD, &attributes, &chain, "test/1", sign).unwrap();
        let verifier = verifier(key.jws_name(), &key.spki());
        assert_eq!(josekit_accepts(&envelope, &*verifier).as_deref(), Some(PAYLOAD), "{kind:?}");
        assert_eq!(we_accept(&envelope).as_deref(), Some(PAYLOAD), "{kind:?}");
        for changed in tampered(&envelope) {
            assert_eq!(josekit_accepts(&changed, &*verifier), None, "{kind:?}");
            assert_eq!(we_accept(&changed), None, "{kind:?}");
        }
    }
}

#[test]
#[ignore = "needs OpenSSL: scripts/test"]
fn josekit_accepts_envelopes_of_the_local_signer() {
    let service = LocalSigner::start();
    let profile = service.put_profile("second_opinions");
    let cli = Cli::for_signer(&service);
    std::fs::write(cli.home().join("app"), "a release").unwrap();
    cli.run(&["blob", "sign", "app", "--profile", &profile.arn]).succeeded();
    let envelope = std::fs::read(cli.home().join("app.jws.sig")).unwrap();

    let verifier = verifier("ES384", &leaf_key(&envelope));
    let payload = josekit_accepts(&envelope, &*verifier).unwrap();
    let artifact = Payload::parse(&payload).unwrap().target_artifact;
    assert_eq!(artifact.size, "a release".len() as u64);
    for changed in tampered(&envelope) {
        assert_eq!(josekit_accepts(&changed, &*verifier), None);
        assert!(
            Envelope::parse(EnvelopeFormat::Jws, &changed)
                .ok()
                .and_then(|changed| changed.verify_integrity().ok())
                .is_none()
        );
    }
    // The fixture of the tests for forged attributes makes the same form.
    let credentials = service.credentials_file();
    let version = format!("{}/{}", profile.arn, profile.version);
    let forged = forge(credentials.parent().unwrap(), &version, &artifact, |_| ());
    assert_eq!(josekit_accepts(&forged, &*verifier), Some(payload));
}

/// An envelope that josekit signs, with the headers of this draft.
fn signed_by_josekit(draft: &Draft) -> Vec<u8> {
    let mut header = JwsHeaderSet::new();
    for (members, protected) in [(&draft.protected, true), (&draft.header, false)] {
        for (name, value) in members.as_object().unwrap() {
            header.set_claim(name, Some(value.clone()), protected).unwrap();
        }
    }
    serialize_flattened_json(&draft.payload, &header, &*signer(&draft.key)).unwrap().into_bytes()
}

#[test]
#[ignore = "needs OpenSSL: scripts/test"]
fn the_library_accepts_josekits_envelopes_until_they_are_tampered_with() {
    for kind in KINDS {
        for scheme in [Scheme::X509, Scheme::SigningAuthority] {
            let draft = Draft::with_kind(kind, scheme);
            let envelope = signed_by_josekit(&draft);
            assert_eq!(we_accept(&envelope).as_deref(), Some(PAYLOAD), "{kind:?} {scheme:?}");
            for changed in tampered(&envelope) {
                assert_eq!(we_accept(&changed), None, "{kind:?} {scheme:?}");
            }
        }
    }
}

/// Why the product does not link josekit: it accepts what RFC 7515 or the Notary Project forbids.
#[test]
#[ignore = "needs OpenSSL: scripts/test"]
fn the_library_refuses_valid_signatures_that_break_the_specification() {
    let algorithm = |draft: Draft| {
        let name = json!(draft.key.jws_name());
        draft.protect("alg", Value::Null).unprotected("alg", name)
    };
    let cases: [(&str, Draft); 3] = [
        ("the algorithm is not signed", algorithm(Draft::new())),
        (
            "an unknown name is critical",
            Draft::new().critical("org.example.must").protect("org.example.must", json!("x")),
        ),
        ("a critical name is absent", Draft::new().critical("org.example.absent")),
    ];
    for (why, draft) in cases {
        let envelope = serde_json::to_vec(&draft.sign()).unwrap();
        let verifier = verifier(draft.key.jws_name(), &draft.key.spki());
        assert!(josekit_accepts(&envelope, &*verifier).is_some(), "{why}: josekit refuses it now");
        let ours = Envelope::parse(EnvelopeFormat::Jws, &envelope);
        let unprocessed = ours.as_ref().is_ok_and(|envelope| !envelope.attributes.extended_critical.is_empty());
        assert!(ours.is_err() || unprocessed, "{why}");
    }
}
