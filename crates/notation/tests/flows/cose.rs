//! Signatures in the COSE format: verified, attached, inspected and copied as those in the JWS format are.

use std::collections::BTreeMap;

use aws_signer::SignerAttributes;
use notary::envelope::SigningScheme::{SigningAuthority, X509};
use notary::envelope::{COSE_MEDIA_TYPE, EnvelopeFormat, JWS_MEDIA_TYPE, Payload, SigningScheme, VerifyError};
use notary::manifest::SignatureForm;
use notary::reference::Target;
use notary::{Descriptor, ReasonCode};
use notation::attach::{AttachError, Attached, MatchingEnvelope};
use notation::blob::{DetachedEnvelope, describe, digest_algorithm};
use notation::copy::{CopyOptions, copy_artifact};
use notation::verify::{CheckRevocation, Demands, Reason, ValidationType, Verdict, VerificationPolicy};
use registry::{Layout, Store};
use serde_json::json;
use testbed::forge::forge_in;
use testbed::own_key::{OwnKey, SUBJECT};
use testbed::test_env::{TestEnv, add_image, verifier};
use time::{Duration, OffsetDateTime};

use crate::failed;

/// The verdict on signatures by `key` under a strict policy.
async fn verify(key: &OwnKey, env: &TestEnv, scheme: SigningScheme) -> Verdict {
    env.verify_under(&policy(key, env, scheme), &env.config).await
}

fn policy(key: &OwnKey, env: &TestEnv, scheme: SigningScheme) -> VerificationPolicy {
    let store = match scheme {
        X509 => "ca",
        SigningAuthority => "signingAuthority",
    };
    env.put_trust_store(&format!("{store}/own"), &key.root());
    env.policy_for(&json!({ "level": "strict" }), &[&format!("{store}:own")], &[SUBJECT])
}

fn cose(key: &OwnKey, artifact: &Descriptor) -> Vec<u8> {
    key.sign_in(EnvelopeFormat::Cose, artifact, X509)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_in_either_format_passes_every_check() {
    let key = OwnKey::new(|_| ());
    for format in EnvelopeFormat::ALL {
        for scheme in [X509, SigningAuthority] {
            let env = TestEnv::new().await;
            env.attach(&key.sign_in(format, &env.image, scheme));
            let verdict = verify(&key, &env, scheme).await;
            assert!(verdict.is_verified(), "{format} {scheme:?}: {verdict:?}");
            let signature = &verdict.signatures[0];
            assert!(signature.checks.iter().all(|check| check.outcome.is_passed()), "{verdict:?}");
            assert_eq!(signature.signed.as_ref().unwrap().format, format);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_with_the_attributes_of_aws_signer_is_one_of_aws_signer() {
    let env = TestEnv::new().await;
    env.sign("v1").await;
    let version = format!("{}/{}", env.profile, env.version);
    let signer = env.folder().join("signer");
    let forge = |change: fn(&mut notary::envelope::build::ProtectedAttributes)| {
        forge_in(EnvelopeFormat::Cose, &signer, &version, &env.image, change)
    };
    env.attach(&forge(|_| ()));
    let verdict = env.verify().await;
    assert!(verdict.is_verified(), "{verdict:?}");
    assert_eq!(verdict.signatures[0].signed.as_ref().unwrap().format, EnvelopeFormat::Cose);
    assert_eq!(verdict.verified_profiles().len(), 1);

    env.attach(&forge(|attributes| {
        attributes.signing_time = OffsetDateTime::now_utc() - Duration::hours(1);
        attributes.expiry = Some(OffsetDateTime::now_utc() - Duration::seconds(1));
    }));
    let verdict = env.verify().await;
    assert_eq!(verdict.signatures.iter().filter(|signature| signature.is_verified()).count(), 1);
    let expired = verdict.signatures.iter().find_map(|signature| signature.reason()).unwrap();
    assert_eq!(expired.code(), ReasonCode::Expired);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_what_is_not_the_signature_of_the_artifact() {
    let key = OwnKey::new(|_| ());
    let env = TestEnv::new().await;
    let other = add_image(&env.layout, "other");
    env.attach(&cose(&key, &other));
    let reason = failed(&verify(&key, &env, X509).await, ValidationType::Integrity);
    assert_eq!(reason.code(), ReasonCode::OtherArtifact);

    // The payload of one envelope with the signature of another.
    let env = TestEnv::new().await;
    let other = add_image(&env.layout, "other");
    let payload = |artifact: &Descriptor| Payload { target_artifact: artifact.clone() }.to_bytes();
    let envelope = cose(&key, &other);
    let at = envelope.windows(payload(&other).len()).position(|window| window == payload(&other)).unwrap();
    let end = at + payload(&other).len();
    let swapped = [&envelope[..at], &payload(&env.image), &envelope[end..]].concat();
    assert_eq!(swapped.len(), envelope.len());
    env.attach(&swapped);
    let reason = failed(&verify(&key, &env, X509).await, ValidationType::Integrity);
    assert_eq!(reason, Reason::NotVerified(VerifyError::Signature));

    let env = TestEnv::new().await;
    env.attach(&cose(&OwnKey::new(|_| ()), &env.image));
    let reason = failed(&verify(&key, &env, X509).await, ValidationType::Authenticity);
    assert_eq!(reason.code(), ReasonCode::Untrusted);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_media_type_of_the_layer_says_the_format() {
    let key = OwnKey::new(|_| ());
    for (format, media_type) in [(EnvelopeFormat::Cose, JWS_MEDIA_TYPE), (EnvelopeFormat::Jws, COSE_MEDIA_TYPE)] {
        let env = TestEnv::new().await;
        let envelope = key.sign_in(format, &env.image, X509);
        env.attach_with(&envelope, |manifest| manifest.layers[0].media_type = media_type.to_owned());
        let reason = failed(&verify(&key, &env, X509).await, ValidationType::Integrity);
        assert!(matches!(reason, Reason::Envelope(_)), "{format} as {media_type}: {reason:?}");
        assert_eq!(reason.code(), ReasonCode::Integrity);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_critical_attribute_is_refused_at_every_level() {
    let key = OwnKey::new(|_| ());
    for level in ["strict", "permissive", "audit"] {
        let env = TestEnv::new().await;
        env.attach(&key.sign_in_with(EnvelopeFormat::Cose, &env.image, X509, |attributes| {
            attributes.extended.push(("org.example.must".to_owned(), "x".to_owned()));
        }));
        env.put_trust_store("ca/own", &key.root());
        let policy = env.policy_for(&json!({ "level": level }), &["ca:own"], &["*"]);
        let reason = failed(&env.verify_under(&policy, &env.config).await, ValidationType::Integrity);
        assert_eq!(reason, Reason::UnknownCritical { name: "org.example.must".to_owned() });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attaches_with_the_media_type_of_the_format_once() {
    let key = OwnKey::new(|_| ());
    for form in [SignatureForm::Config, SignatureForm::ArtifactType] {
        let env = TestEnv::new().await;
        let matching = MatchingEnvelope::check(cose(&key, &env.image), env.image.clone()).unwrap();
        let attached = matching.attach(&env.store(), BTreeMap::new(), form).await.unwrap();
        let again = matching.attach(&env.store(), BTreeMap::new(), form).await.unwrap();
        assert!(matches!(again, Attached::Before(_)), "{again:?}");
        assert_eq!(again.manifest().digest, attached.manifest().digest);
        let signatures = env.store().signatures(&env.image, 10).await.unwrap();
        let [signature] = &signatures[..] else { panic!("{signatures:?}") };
        let manifest = signature.manifest.as_ref().unwrap();
        assert_eq!(manifest.layers[0].media_type, COSE_MEDIA_TYPE);
        assert_eq!(manifest.envelope().unwrap().0, EnvelopeFormat::Cose);
        assert!(manifest.annotations.contains_key("io.cncf.notary.x509chain.thumbprint#S256"));
        assert!(verify(&key, &env, X509).await.is_verified());
    }
    let env = TestEnv::new().await;
    let other = add_image(&env.layout, "other");
    let refused = MatchingEnvelope::check(cose(&key, &other), env.image.clone());
    assert!(matches!(refused, Err(AttachError::OtherArtifact { .. })), "{refused:?}");
    let mut altered = cose(&key, &env.image);
    *altered.last_mut().unwrap() ^= 1;
    let refused = MatchingEnvelope::check(altered, env.image.clone());
    assert!(matches!(refused, Err(AttachError::Verify(VerifyError::Signature))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn inspects_both_formats_beside_each_other() {
    let key = OwnKey::new(|_| ());
    let env = TestEnv::new().await;
    env.attach(&cose(&key, &env.image));
    env.sign_and_attach().await;
    let verifier = verifier(&env.config);
    let inspected = verifier.inspect(&env.store(), &env.image, CheckRevocation::Yes, OffsetDateTime::now_utc()).await;
    let mut formats = Vec::new();
    for signature in inspected.unwrap() {
        let content = signature.content.unwrap();
        assert!(content.integrity.is_ok() && content.revocation.unwrap().is_ok());
        let format = content.envelope.format;
        assert_eq!(content.descriptor.media_type, format.media_type());
        let is_by_aws = SignerAttributes::from_signed(&content.envelope.attributes).is_ok();
        assert_eq!(is_by_aws, format == EnvelopeFormat::Jws);
        formats.push(format.name());
    }
    formats.sort_unstable();
    assert_eq!(formats, ["cose", "jws"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_a_signature_byte_for_byte() {
    let key = OwnKey::new(|_| ());
    let env = TestEnv::new().await;
    env.attach(&cose(&key, &env.image));
    let folder = tempfile::tempdir().unwrap();
    let destination = Store::Layout(Layout::create(folder.path().join("copy")).unwrap());
    let target = Target::Digest(env.image.digest.clone());
    let options = CopyOptions::default();
    let copied = copy_artifact(&env.store(), &target, &destination, None, &options, None).await.unwrap();
    assert_eq!(copied.signatures.len(), 1);
    let policy = policy(&key, &env, X509);
    let (demands, now) = (Demands::default(), OffsetDateTime::now_utc());
    let verdict =
        verifier(&env.config).verify_resolved(&destination, &env.image, &policy, &demands, now).await.unwrap();
    assert!(verdict.is_verified(), "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn verifies_a_blob_with_a_detached_envelope() {
    const CONTENT: &[u8] = b"a release archive";
    let key = OwnKey::new(|_| ());
    let env = TestEnv::new().await;
    let probe = notary::envelope::Envelope::parse(EnvelopeFormat::Cose, &cose(&key, &env.image)).unwrap();
    let blob = describe(CONTENT, "text/plain", digest_algorithm(&probe.chain).unwrap()).unwrap();
    let envelope = cose(&key, &blob);
    let detached = DetachedEnvelope::of_file(&envelope);
    assert_eq!(detached.format, EnvelopeFormat::Cose);
    let policy = policy(&key, &env, X509);
    let verifier = verifier(&env.config);
    let now = OffsetDateTime::now_utc();
    for (content, media_type, is_verified) in [
        (CONTENT, None, true),
        (CONTENT, Some("text/plain"), true),
        (CONTENT, Some("text/html"), false),
        (b"another archive", None, false),
    ] {
        let verdict = verifier.verify_blob(content, detached, media_type, &policy, &Demands::default(), now).await;
        let verdict = verdict.unwrap();
        assert_eq!(verdict.is_verified(), is_verified, "{verdict:?}");
        assert_eq!(verdict.signatures[0].media_type, COSE_MEDIA_TYPE);
    }
    let as_jws = DetachedEnvelope { format: EnvelopeFormat::Jws, ..detached };
    let verdict = verifier.verify_blob(CONTENT, as_jws, None, &policy, &Demands::default(), now).await.unwrap();
    assert!(matches!(verdict.reason(), Some(Reason::Envelope(_))), "{verdict:?}");
}
