//! Envelopes signed with the local signer's own key, as an attacker who stole it could make them.

use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use notary::Descriptor;
use notary::envelope::Payload;
use notary::envelope::build::{ProtectedAttributes, build};
use time::OffsetDateTime;

/// Returns an envelope over the artifact as the service signs it, after `change`. `signer` is the service's state
/// folder; the service must have signed once before. `version` is the ARN of the profile version.
pub fn forge(
    signer: &Path,
    version: &str,
    artifact: &Descriptor,
    change: impl FnOnce(&mut ProtectedAttributes),
) -> Vec<u8> {
    let account = version.split(':').nth(4).unwrap();
    let job = format!("arn:aws:signer:us-west-2:{account}:/signing-jobs/forged");
    let mut attributes = ProtectedAttributes {
        algorithm: "ES384",
        authentic_signing_time: OffsetDateTime::now_utc(),
        expiry: None,
        verification_plugin: Some("com.amazonaws.signer.notation.plugin".to_owned()),
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
    build(&payload, &attributes, &chain, "forger/1", sign).unwrap()
}

/// The DER content of a PEM file with one section.
pub fn der_of(pem: &str) -> Vec<u8> {
    let lines: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(lines).unwrap()
}
