//! The conclusion over several signatures: when evaluation stops, what is undetermined, and how many signers have
//! signed.

use std::num::NonZeroUsize;
use std::time::Duration;

use aws_names::ProfileArn;
use notary::envelope::SigningScheme;
use notary::media_type::IMAGE_INDEX_MEDIA_TYPE as INDEX;
use notation::verify::ValidationType::{Integrity, Revocation};
use notation::verify::{
    Check, Conclusion, Evaluate, Requirement, RequirementError, ValidationType, Verdict, VerificationPolicy,
    VerifyOptions, verify_signatures,
};
use registry::{ClientOptions, Credentials, RegistryClient, Store};
use serde_json::json;
use time::OffsetDateTime;

use super::failed;
use super::own_key::{OwnKey, SUBJECT};
use super::test_env::{TestEnv, options};
use crate::support::fault::{FaultServer, Reply};

fn require(signatures: usize, from: &[&ProfileArn]) -> Requirement {
    Requirement {
        signatures: NonZeroUsize::new(signatures).unwrap(),
        from: from.iter().map(|profile| (*profile).clone()).collect(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_at_the_first_valid_signature_unless_all_are_requested() {
    let env = TestEnv::new().await;
    for _ in 0..3 {
        env.sign_and_attach().await;
    }
    let policy = env.trust.clone().into();
    let all = env.verify_by(&policy, &options(&env.config)).await;
    assert_eq!((all.signatures().len(), all.unevaluated()), (3, 0));
    assert!(all.signatures().iter().all(|signature| signature.is_verified()));
    let first = VerifyOptions::new(env.config.clone(), OffsetDateTime::now_utc());
    assert_eq!(first.evaluate, Evaluate::UntilVerified);
    let verdict = env.verify_by(&policy, &first).await;
    assert_eq!((verdict.signatures().len(), verdict.unevaluated()), (1, 2));
    assert!(verdict.is_verified() && verdict.conclusion() == Conclusion::Verified && verdict.advice().is_none());
    let store = Store::Layout(env.layout.clone());
    let resolved = verify_signatures(&store, &env.image, &policy, &first).await.unwrap();
    assert!(resolved.is_verified() && *resolved.artifact() == env.image);
    let few = VerifyOptions { max_signatures: 2, ..first };
    assert!(verify_signatures(&store, &env.image, &policy, &few).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_signature_that_may_still_verify_leaves_the_conclusion_undetermined() {
    let env = TestEnv::new().await;
    let none = env.verify().await;
    assert_eq!(none.conclusion(), Conclusion::Refused);
    assert!(none.advice().unwrap().contains("has no signature"));

    env.attach(b"{}");
    let broken = env.verify().await;
    assert_eq!((broken.conclusion(), broken.advice()), (Conclusion::Refused, None));

    env.sign_and_attach().await;
    assert_eq!(env.verify().await.conclusion(), Conclusion::Verified);
    let down = env.config.clone().with_endpoint_url("http://127.0.0.1:9");
    let verdict = env.verify_with(&env.trust, &down).await;
    assert_eq!(verdict.conclusion(), Conclusion::Undetermined);
    assert!(verdict.advice().unwrap().contains("try again"), "{verdict:?}");

    // The signer is not trusted, so revocation no longer matters.
    let other = env.profile.to_string().replace("/Prod", "/Other");
    let untrusted = env.policy_for(&json!({ "level": "strict" }), &["signingAuthority:local"], &[&other]);
    let verdict = env.verify_under(&untrusted, &down).await;
    assert_eq!(verdict.conclusion(), Conclusion::Refused);
    let advice = verdict.advice().unwrap();
    assert!(advice.contains(&env.profile.to_string()) && advice.contains("--trusted-profile"), "{advice}");

    let skip = env.policy_for(&json!({ "level": "skip" }), &[], &[]);
    assert_eq!(env.verify_under(&skip, &down).await.conclusion(), Conclusion::Skipped);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_envelope_and_an_expired_deadline_are_no_refusals() {
    let env = TestEnv::new().await;
    let signed = env.sign_and_attach().await;
    let policy: VerificationPolicy = env.trust.clone().into();
    let hasty = VerifyOptions { budget: Duration::ZERO, ..options(&env.config) };
    let verdict = env.verify_by(&policy, &hasty).await;
    assert_eq!(verdict.conclusion(), Conclusion::Undetermined, "{verdict:?}");

    let digest = notary::Digest::sha256(&signed.signature.envelope);
    let blob = env.layout.path().join("blobs/sha256").join(digest.digits());
    std::fs::remove_file(blob).unwrap();
    let verdict = env.verify().await;
    failed(&verdict, Integrity);
    assert_eq!(verdict.conclusion(), Conclusion::Misconfigured);
}

#[tokio::test(flavor = "multi_thread")]
async fn registry_failures_and_wrong_content_are_undetermined() {
    let env = TestEnv::new().await;
    let signed = env.sign("v1").await;
    let listed = env.attach(&signed.signature.envelope);
    let manifest = env.layout.blob(&listed, 100_000).unwrap();
    let referrers = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [{
        "mediaType": listed.media_type, "digest": listed.digest.as_str(), "size": listed.size,
        "artifactType": "application/vnd.cncf.notary.signature",
    }]});
    let referrers = referrers.to_string();
    let open = Conclusion::Undetermined;
    let misconfigured = Conclusion::Misconfigured;
    for (what, reply, conclusion) in [
        ("/blobs/", (|| Reply::status(503)) as fn() -> Reply, open),
        ("/blobs/", || Reply::status(429), open),
        ("/blobs/", || Reply::status(403), misconfigured),
        ("/blobs/", || Reply::Hang("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), open),
        ("/blobs/", || Reply::status(404), misconfigured),
        ("/blobs/", || Reply::content("application/octet-stream", "{}"), open),
        ("/manifests/", || Reply::status(503), open),
        ("/manifests/", || Reply::status(404), misconfigured),
        ("/manifests/", || Reply::content("application/vnd.oci.image.manifest.v1+json", "{}"), open),
    ] {
        let manifest = manifest.clone();
        let referrers = referrers.clone();
        let server = FaultServer::start(move |request| match request.path.as_str() {
            path if path.contains(what) => reply(),
            path if path.contains("/referrers/") => Reply::content(INDEX, referrers.clone()),
            _ => Reply::content("application/vnd.oci.image.manifest.v1+json", manifest.clone()),
        });
        let mut client = ClientOptions::default();
        client.timeout = Duration::from_secs(2);
        client.backoff = Duration::from_millis(10);
        client.lock_folder = None;
        let name = format!("{}/a", server.address).parse().unwrap();
        let repository = RegistryClient::new(client, Credentials::none()).repository(&name).unwrap();
        let store = Store::Remote(repository);
        let policy = env.trust.clone().into();
        let verdict = verify_signatures(&store, &env.image, &policy, &options(&env.config)).await.unwrap();
        failed(&verdict, Integrity);
        assert_eq!(verdict.conclusion(), conclusion, "{what}: {verdict:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_each_verified_and_trusted_signer_once() {
    let env = TestEnv::new().await;
    let second: ProfileArn = env.put_profile("Second").await;
    let third: ProfileArn = env.profile.to_string().replace("/Prod", "/Third").parse().unwrap();
    for _ in 0..2 {
        env.sign_and_attach().await;
    }
    let key = OwnKey::new(|_| ());
    env.attach(&key.sign(&env.image, SigningScheme::X509));
    env.put_trust_store("ca/own", &key.root());
    let prod = env.profile.clone();
    let strict = json!({ "level": "strict" });
    let stores = ["signingAuthority:local", "ca:own"];
    let identities = [prod.to_string(), second.to_string()];
    let policy = env.policy_for(&strict, &stores, &identities.each_ref().map(String::as_str));
    let verdict = env.verify_under(&policy, &env.config).await;
    assert_eq!(verdict.verified_profiles(), std::slice::from_ref(&prod));
    verdict.meets(&require(1, &[])).unwrap();
    verdict.meets(&require(1, &[&prod, &second])).unwrap();
    let error = verdict.meets(&require(2, &[])).unwrap_err();
    let RequirementError::Missing { found, undetermined: false, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*found, [prod.to_string()]);
    let error = verdict.meets(&require(2, &[&prod, &second])).unwrap_err();
    assert!(error.to_string().ends_with(&format!("those of {second} are missing")), "{error}");
    assert_eq!(error.conclusion(), Conclusion::Refused);

    env.sign_and_attach_by(&second).await;
    let verdict = env.verify_under(&policy, &env.config).await;
    verdict.meets(&require(2, &[&prod, &second])).unwrap();
    verdict.meets(&require(2, &[])).unwrap();
    let error = verdict.meets(&require(2, &[&second, &third])).unwrap_err();
    assert!(error.to_string().contains(&third.to_string()), "{error}");
    let error = verdict.meets(&require(3, &[&prod, &second])).unwrap_err();
    assert_eq!(error, RequirementError::Impossible { needed: 3.try_into().unwrap(), named: 2 });
    let twice = verdict.meets(&require(2, &[&prod, &prod]));
    assert!(matches!(twice, Err(RequirementError::Impossible { named: 1, .. })), "{twice:?}");

    // The third signer is a certificate subject.
    let with_key = [&identities[0], &identities[1], SUBJECT];
    let verdict = env.verify_under(&env.policy_for(&strict, &stores, &with_key), &env.config).await;
    verdict.meets(&require(3, &[])).unwrap();
    let down = env.config.clone().with_endpoint_url("http://127.0.0.1:9");
    let error = env.verify_under(&policy, &down).await.meets(&require(1, &[])).unwrap_err();
    assert_eq!(error.conclusion(), Conclusion::Undetermined);
    // At audit every intact signature verifies, but that does not make its signer trusted.
    let audit = env.policy_for(&json!({ "level": "audit" }), &["ca:own"], &["x509.subject: C=US, ST=WA, O=Else"]);
    let verdict = env.verify_under(&audit, &env.config).await;
    assert!(verdict.is_verified() && verdict.verified_profiles().is_empty(), "{verdict:?}");
    assert!(verdict.meets(&require(1, &[])).is_err());
    let skip = env.verify_under(&env.policy_for(&json!({ "level": "skip" }), &[], &[]), &env.config).await;
    assert!(matches!(skip.meets(&require(1, &[])), Err(RequirementError::Skipped { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_signature_determines_the_advice() {
    let env = TestEnv::new().await;
    let second = env.put_profile("Second").await;
    env.sign_and_attach_by(&second).await;
    env.attach(b"{}");
    let job = env.sign_and_attach().await.signature.signer.job;
    let advice = |verdict: Verdict| verdict.advice().map(str::to_owned).unwrap();
    let stranger =
        advice(env.verify_with(&env.trust, &env.config.clone().with_endpoint_url("http://127.0.0.1:9")).await);
    assert!(stranger.contains("try again"), "{stranger}");
    env.client.sdk().revoke_signature().job_id(job.id()).reason("leak").send().await.unwrap();
    let revoked = advice(env.verify().await);
    assert!(revoked.starts_with("Do not deploy") && !revoked.contains("trusted"), "{revoked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requires_the_given_metadata_to_be_signed() {
    let env = TestEnv::new().await;
    env.sign_and_attach().await;
    for level in ["strict", "audit"] {
        let policy = env.policy(&json!({ "level": level }));
        for (key, value, why) in [
            ("build", "7", None),
            ("build", "8", Some("the metadata \"build\" was signed as \"7\", and \"8\" is demanded")),
            ("Build", "7", Some("the metadata \"Build\" was not signed")),
        ] {
            let mut options = options(&env.config);
            options.user_metadata.insert(key.to_owned(), value.to_owned());
            let verdict = env.verify_by(&policy, &options).await;
            match why {
                None => assert!(verdict.is_verified(), "{verdict:?}"),
                Some(why) => {
                    assert!(failed(&verdict, Check::UserMetadata).contains(why), "{verdict:?}");
                    let signature = &verdict.signatures()[0];
                    assert!(signature.outcome(Integrity).unwrap().is_passed() && signature.signature.is_some());
                    let advice = verdict.advice().unwrap();
                    assert!(advice.contains("sign it again") && advice.contains("demand what was signed"), "{advice}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_shows_payload_and_signer_once_integrity_has_passed() {
    let env = TestEnv::new().await;
    let signed = env.sign_and_attach().await;
    let verdict = env.verify().await;
    let details = verdict.signatures()[0].signature.as_ref().unwrap();
    assert_eq!(details.aws_signer(), Some(&signed.signature.signer));
    assert_eq!(details.payload.target_artifact.annotations["build"], "7");
    assert_eq!(details.envelope, signed.signature.verified);
    let refused = TestEnv::new().await;
    super::test_env::add_image(&refused.layout, "other");
    refused.attach(&refused.sign("other").await.signature.envelope);
    let verdict = refused.verify().await;
    failed(&verdict, Integrity);
    assert!(verdict.signatures()[0].signature.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_unreadable_trust_stores_before_verifying() {
    let env = TestEnv::new().await;
    let strict = json!({ "level": "strict" });
    let profile = env.profile.to_string();
    let stores = ["signingAuthority:local", "signingAuthority:gone", "ca:lost"];
    let policy = env.policy_for(&strict, &stores, &[&profile]);
    let unreadable: Vec<&str> = policy.unreadable().collect();
    assert!(unreadable.len() == 2 && unreadable.iter().any(|why| why.contains("gone")), "{unreadable:?}");
    assert!(unreadable.iter().any(|why| why.contains("lost")), "{unreadable:?}");
    assert_eq!(env.policy(&strict).unreadable().count(), 0);
    assert_eq!(VerificationPolicy::from(env.trust.clone()).unreadable().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_revocation_after_a_logged_authenticity_failure_only_if_enforced() {
    let env = TestEnv::new().await;
    env.sign_and_attach().await;
    let down = env.config.clone().with_endpoint_url("http://127.0.0.1:9");
    let other = env.profile.to_string().replace("/Prod", "/Other");
    let untrusted = |verification| env.policy_for(&verification, &["signingAuthority:local"], &[&other]);
    let audit = env.verify_under(&untrusted(json!({ "level": "audit" })), &down).await;
    assert!(audit.is_verified(), "{audit:?}");
    assert_eq!(
        audit.signatures()[0].warnings().map(|(check, _)| check).collect::<Vec<_>>(),
        [ValidationType::Authenticity]
    );
    let enforced = json!({ "level": "audit", "override": { "revocation": "enforce" } });
    let verdict = env.verify_under(&untrusted(enforced), &down).await;
    assert_eq!(verdict.signatures()[0].checks.last().unwrap().check, Revocation);
    assert!(!verdict.is_verified(), "{verdict:?}");
}
