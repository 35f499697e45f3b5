//! Signatures changed after signing, or not matching their manifest.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use notary::envelope::{JWS_MEDIA_TYPE, Payload, VerifyError};
use notary::manifest::SIGNATURE_MEDIA_TYPE;
use notary::{Descriptor, Disposition, ReasonCode};
use notation::verify::{Reason, ValidationType};
use serde_json::{Value, json};
use testbed::test_env::{TestEnv, add_image};

use crate::failed;

#[tokio::test(flavor = "multi_thread")]
async fn rejects_a_swapped_payload() {
    let env = TestEnv::new().await;
    let other = add_image(&env.layout, "other");
    let signed = env.sign("other").await;
    let mut envelope: Value = serde_json::from_slice(&signed.signature.envelope).unwrap();
    let payload = Payload { target_artifact: env.image.clone() }.to_bytes();
    envelope["payload"] = json!(URL_SAFE_NO_PAD.encode(payload));
    assert_ne!(other, env.image);
    env.attach(envelope.to_string().as_bytes());
    let reason = failed(&env.verify().await, ValidationType::Integrity);
    assert_eq!(reason, Reason::NotVerified(VerifyError::Signature));
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_the_signature_of_another_artifact() {
    let env = TestEnv::new().await;
    let other = add_image(&env.layout, "other");
    let signed = env.sign("other").await;
    env.attach(&signed.signature.envelope);
    let reason = failed(&env.verify().await, ValidationType::Integrity);
    let Reason::OtherArtifact { signed: named } = &reason else { panic!("{reason:?}") };
    assert_eq!((&named.digest, reason.code()), (&other.digest, ReasonCode::OtherArtifact));
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_a_descriptor_with_another_size_or_media_type() {
    for change in [|d: &mut Descriptor| d.size += 1, |d: &mut Descriptor| d.media_type.push('x')] {
        let mut env = TestEnv::new().await;
        let image = env.image.clone();
        env.sign("v1").await;
        change(&mut env.image);
        let envelope = env.forge(|_| ());
        env.image = image;
        env.attach(&envelope);
        let reason = failed(&env.verify().await, ValidationType::Integrity);
        assert_eq!(reason.code(), ReasonCode::OtherArtifact, "{reason:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_an_envelope_altered_in_the_store() {
    let env = TestEnv::new().await;
    let signed = env.sign_and_attach().await;
    let envelope = &signed.signature.envelope;
    let path = env.layout.blob_path(&Descriptor::from_content(JWS_MEDIA_TYPE, envelope).digest);
    let mut altered = envelope.clone();
    *altered.last_mut().unwrap() = b' ';
    std::fs::write(&path, &altered).unwrap();
    let reason = failed(&env.verify().await, ValidationType::Integrity);
    assert_eq!(reason.code(), ReasonCode::WrongContent, "{reason:?}");
    altered.push(b' ');
    std::fs::write(&path, &altered).unwrap();
    let reason = failed(&env.verify().await, ValidationType::Integrity);
    assert_eq!(reason.code(), ReasonCode::WrongContent, "{reason:?}");
    std::fs::remove_file(&path).unwrap();
    let reason = failed(&env.verify().await, ValidationType::Integrity);
    // The signature is not judged: the store does not deliver it.
    assert_ne!(reason.disposition(), Disposition::Refused, "{reason:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_a_manifest_that_misdescribes_its_envelope() {
    for size in [0, 1, 1 << 40, u64::MAX] {
        let env = TestEnv::new().await;
        let signed = env.sign("v1").await;
        env.attach_with(&signed.signature.envelope, |manifest| manifest.layers[0].size = size);
        failed(&env.verify().await, ValidationType::Integrity);
    }
    let env = TestEnv::new().await;
    let signed = env.sign("v1").await;
    env.attach_with(&signed.signature.envelope, |m| m.layers[0].digest = env.image.digest.clone());
    failed(&env.verify().await, ValidationType::Integrity);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_two_layers_and_other_media_types_of_envelopes() {
    let env = TestEnv::new().await;
    let signed = env.sign("v1").await;
    env.attach_with(&signed.signature.envelope, |m| m.layers.push(m.layers[0].clone()));
    let reason = failed(&env.verify().await, ValidationType::Integrity);
    assert!(matches!(reason, Reason::NotASignature(_)), "{reason:?}");
    let env = TestEnv::new().await;
    let signed = env.sign("v1").await;
    env.attach_with(&signed.signature.envelope, |m| m.layers[0].media_type = "application/jose".into());
    let reason = failed(&env.verify().await, ValidationType::Integrity);
    assert!(matches!(reason, Reason::NotASignature(_)), "{reason:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ignores_manifests_of_both_forms_or_another_subject() {
    let env = TestEnv::new().await;
    let signed = env.sign("v1").await;
    let other = add_image(&env.layout, "other");
    let envelope = &signed.signature.envelope;
    env.attach_with(envelope, |m| m.artifact_type = Some(SIGNATURE_MEDIA_TYPE.into()));
    env.attach_with(envelope, |m| m.subject = Some(other));
    env.attach_with(envelope, |m| m.subject = None);
    env.attach_with(envelope, |m| m.config.media_type = "application/vnd.example".into());
    let verdict = env.verify().await;
    assert!(!verdict.is_verified() && verdict.signatures.is_empty(), "{verdict:?}");
}
