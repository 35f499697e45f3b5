//! Envelopes signed with the local signer's own key, as an attacker who stole it could make them.

use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use notary::Descriptor;
use notary::envelope::build::{ProtectedAttributes, build};
use notary::envelope::{EnvelopeFormat, Payload, SignatureAlgorithm, SigningScheme};
use time::OffsetDateTime;

/// Returns an envelope over the artifact as the service signs it, after `change`. `signer` is the service's state
/// folder; the service must have signed once before. `version` is the ARN of the profile version.
pub fn forge(
    signer: &Path,
    version: &str,
    artifact: &Descriptor,
    change: impl FnOnce(&mut ProtectedAttributes),
) -> Vec<u8> {
    forge_in(EnvelopeFormat::Jws, signer, version, artifact, change)
}

/// As [`forge`], in another format than the service's.
pub fn forge_in(
    format: EnvelopeFormat,
    signer: &Path,
    version: &str,
    artifact: &Descriptor,
    change: impl FnOnce(&mut ProtectedAttributes),
) -> Vec<u8> {
    let account = version.split(':').nth(4).unwrap();
    let job = format!("arn:aws:signer:us-west-2:{account}:/signing-jobs/forged");
    let mut attributes = ProtectedAttributes {
        algorithm: SignatureAlgorithm::Es384,
        signing_scheme: SigningScheme::SigningAuthority,
        signing_time: OffsetDateTime::now_utc(),
        expiry: None,
        verification_plugin: Some("com.amazonaws.signer.notation.plugin".to_owned()),
        verification_plugin_min_version: None,
        extended: vec![
            ("com.amazonaws.signer.signingProfileVersion".into(), version.to_owned()),
            ("com.amazonaws.signer.signingJob".into(), job),
        ],
    };
    change(&mut attributes);
    let pem = |file: &str| std::fs::read_to_string(signer.join("ca").join(file)).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &der_of(&pem("leaf-key.pem"))).unwrap();
    let chain = [der_of(&pem("leaf.pem")), der_of(&pem("intermediate.pem")), der_of(&pem("root.pem"))];
    let payload = Payload { target_artifact: artifact.clone() }.to_bytes();
    let sign = |input: &[u8]| key.sign(&SystemRandom::new(), input).map(|s| s.as_ref().to_vec());
    build(format, &payload, &attributes, &chain, "forger/1", sign).unwrap()
}

/// The DER content of a PEM file with one section.
pub fn der_of(pem: &str) -> Vec<u8> {
    let lines: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(lines).unwrap()
}
