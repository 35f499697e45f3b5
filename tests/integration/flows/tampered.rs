//! What was changed after it was signed, or is not what its manifest says.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use notary::Descriptor;
use notary::envelope::{JWS_MEDIA_TYPE, Payload};
use notary::manifest::SIGNATURE_MEDIA_TYPE;
use notation::verify::ValidationType;
use serde_json::{Value, json};

use super::failed;
use super::world::{World, add_image};

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_was_swapped_after_signing_is_rejected() {
    let world = World::new().await;
    let other = add_image(&world.layout, "other");
    let signed = world.sign("other").await;
    let mut envelope: Value = serde_json::from_slice(&signed.signature.envelope).unwrap();
    let payload = Payload { target_artifact: world.image.clone() }.to_bytes();
    envelope["payload"] = json!(URL_SAFE_NO_PAD.encode(payload));
    assert_ne!(other, world.image);
    world.attach(envelope.to_string().as_bytes());
    assert!(failed(&world.verify().await, ValidationType::Integrity).contains("does not verify"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signature_of_another_artifact_is_rejected() {
    let world = World::new().await;
    let other = add_image(&world.layout, "other");
    let signed = world.sign("other").await;
    world.attach(&signed.signature.envelope);
    let reason = failed(&world.verify().await, ValidationType::Integrity);
    assert!(reason.contains(&format!("over {}, not over this artifact", other.digest)), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_over_a_descriptor_of_another_size_or_type_is_rejected() {
    for change in [|d: &mut Descriptor| d.size += 1, |d: &mut Descriptor| d.media_type.push('x')] {
        let mut world = World::new().await;
        let image = world.image.clone();
        world.sign("v1").await;
        change(&mut world.image);
        let envelope = world.forge(|_| ());
        world.image = image;
        world.attach(&envelope);
        assert!(failed(&world.verify().await, ValidationType::Integrity).contains("not over this artifact"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_that_was_altered_where_it_is_kept_is_rejected() {
    let world = World::new().await;
    let signed = world.sign_and_attach().await;
    let envelope = &signed.signature.envelope;
    let path = world.layout.blob_path(&Descriptor::of(JWS_MEDIA_TYPE, envelope).digest);
    let mut altered = envelope.clone();
    *altered.last_mut().unwrap() = b' ';
    std::fs::write(&path, &altered).unwrap();
    assert!(failed(&world.verify().await, ValidationType::Integrity).contains("its digest differs"));
    altered.push(b' ');
    std::fs::write(&path, &altered).unwrap();
    assert!(failed(&world.verify().await, ValidationType::Integrity).contains("its size differs"));
    std::fs::remove_file(&path).unwrap();
    failed(&world.verify().await, ValidationType::Integrity);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_lies_about_its_envelope_is_rejected() {
    for size in [0, 1, 1 << 40, u64::MAX] {
        let world = World::new().await;
        let signed = world.sign("v1").await;
        world.attach_with(&signed.signature.envelope, |manifest| manifest.layers[0].size = size);
        failed(&world.verify().await, ValidationType::Integrity);
    }
    let world = World::new().await;
    let signed = world.sign("v1").await;
    world.attach_with(&signed.signature.envelope, |m| m.layers[0].digest = world.image.digest.clone());
    failed(&world.verify().await, ValidationType::Integrity);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_manifest_with_two_layers_or_another_envelope_format_is_rejected() {
    let world = World::new().await;
    let signed = world.sign("v1").await;
    world.attach_with(&signed.signature.envelope, |m| m.layers.push(m.layers[0].clone()));
    assert!(failed(&world.verify().await, ValidationType::Integrity).contains("exactly one layer"));
    let world = World::new().await;
    let signed = world.sign("v1").await;
    world.attach_with(&signed.signature.envelope, |m| m.layers[0].media_type = "application/cose".into());
    assert!(failed(&world.verify().await, ValidationType::Integrity).contains("JWS format"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_of_both_forms_or_for_another_subject_is_no_signature_of_the_artifact() {
    let world = World::new().await;
    let signed = world.sign("v1").await;
    let other = add_image(&world.layout, "other");
    let envelope = &signed.signature.envelope;
    world.attach_with(envelope, |m| m.artifact_type = Some(SIGNATURE_MEDIA_TYPE.into()));
    world.attach_with(envelope, |m| m.subject = Some(other));
    world.attach_with(envelope, |m| m.subject = None);
    world.attach_with(envelope, |m| m.config.media_type = "application/vnd.example".into());
    let verdict = world.verify().await;
    assert!(!verdict.is_verified() && verdict.signatures().is_empty(), "{verdict:?}");
}
