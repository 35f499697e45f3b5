//! The conclusion over several signatures: when evaluation stops, what is undetermined, and how many signers have
//! signed.

use std::num::NonZeroUsize;
use std::time::Duration;

use aws_names::ProfileArn;
use notary::envelope::SigningScheme;
use notary::media_type::IMAGE_INDEX_MEDIA_TYPE as INDEX;
use notary::{Advice, Disposition, ReasonCode, UserMetadata};
use notation::verify::ValidationType::{Integrity, Revocation};
use notation::verify::{
    Check, Conclusion, Demands, Evaluate, Limits, Reason, Requirement, RequirementError, ValidationType,
    VerificationPolicy,
};
use rcgen::DnType;
use registry::{ClientOptions, Credentials, RegistryClient, Store};
use serde_json::json;
use testbed::fault::{FaultServer, Reply};
use testbed::own_key::{OwnKey, SUBJECT};
use testbed::test_env::{TestEnv, every, verifier};
use time::OffsetDateTime;

use crate::failed;
use crate::served::{client, serve, store};

const REFUSED: Conclusion = Conclusion::NotVerified(Disposition::Refused);
const UNDETERMINED: Conclusion = Conclusion::NotVerified(Disposition::Undetermined);
const MISCONFIGURED: Conclusion = Conclusion::NotVerified(Disposition::Misconfigured);

fn require(signers: usize, from: &[&ProfileArn]) -> Requirement {
    Requirement {
        signers: NonZeroUsize::new(signers).unwrap(),
        from: from.iter().map(|profile| (*profile).clone().into()).collect(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_at_the_first_valid_signature_unless_all_are_requested() {
    let env = TestEnv::new().await;
    for _ in 0..3 {
        env.sign_and_attach().await;
    }
    let policy = env.trust.clone().into();
    let verifier = verifier(&env.config);
    let all = env.verify_by(&policy, &verifier, &every()).await;
    assert_eq!((all.signatures.len(), all.unchecked), (3, 0));
    assert!(all.signatures.iter().all(|signature| signature.is_verified()));
    let first = Demands::default();
    assert_eq!(first.evaluate, Evaluate::UntilVerified);
    let verdict = env.verify_by(&policy, &verifier, &first).await;
    assert_eq!((verdict.signatures.len(), verdict.unchecked), (1, 2));
    assert!(verdict.is_verified() && verdict.conclusion() == Conclusion::Verified && verdict.advice().is_none());
    let store = env.store();
    let now = OffsetDateTime::now_utc();
    let resolved = verifier.verify_resolved(&store, &env.image, &policy, &first, now).await.unwrap();
    assert!(resolved.is_verified() && resolved.artifact == env.image);
    let few = verifier.with_limits(Limits { signatures: 2, ..Limits::default() });
    let error = few.verify_resolved(&store, &env.image, &policy, &first, now).await.unwrap_err();
    assert_eq!(error.code(), ReasonCode::TooMany);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_signature_that_may_still_verify_leaves_the_conclusion_undetermined() {
    let env = TestEnv::new().await;
    let none = env.verify().await;
    assert_eq!(none.conclusion(), REFUSED);
    assert_eq!((none.code(), none.advice()), (Some(ReasonCode::Unsigned), Some(Advice::Sign)));

    env.attach(b"{}");
    let broken = env.verify().await;
    assert_eq!((broken.conclusion(), broken.code()), (REFUSED, Some(ReasonCode::Integrity)));
    assert_eq!(broken.advice(), None);

    env.sign_and_attach().await;
    assert_eq!(env.verify().await.conclusion(), Conclusion::Verified);
    let down = env.config.clone().with_endpoint_url("http://127.0.0.1:9");
    let verdict = env.verify_with(&env.trust, &down).await;
    assert_eq!((verdict.conclusion(), verdict.code()), (UNDETERMINED, Some(ReasonCode::Unreachable)), "{verdict:?}");
    let checks_the_endpoint = Advice::CheckEndpoint { url: "http://127.0.0.1:9".to_owned() };
    assert_eq!(verdict.advice(), Some(checks_the_endpoint));

    // The signer is not trusted, so revocation no longer matters.
    let other = env.profile.to_string().replace("/Prod", "/Other");
    let untrusted = env.policy_for(&json!({ "level": "strict" }), &["signingAuthority:local"], &[&other]);
    let verdict = env.verify_under(&untrusted, &down).await;
    assert_eq!(verdict.conclusion(), REFUSED);
    let codes: Vec<_> = verdict.signatures.iter().map(|signature| signature.reason().unwrap().code()).collect();
    assert_eq!(codes, [ReasonCode::Integrity, ReasonCode::Untrusted]);
    assert_eq!(verdict.advice(), Some(Advice::TrustProfile { profile: env.profile.to_string() }));

    let skip = env.policy_for(&json!({ "level": "skip" }), &[], &[]);
    assert_eq!(env.verify_under(&skip, &down).await.conclusion(), Conclusion::Skipped);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_envelope_and_an_expired_deadline_do_not_refuse() {
    let env = TestEnv::new().await;
    let signed = env.sign_and_attach().await;
    let policy: VerificationPolicy = env.trust.clone().into();
    let hasty = verifier(&env.config).with_limits(Limits { time: Duration::ZERO, ..Limits::default() });
    let now = OffsetDateTime::now_utc();
    let error = hasty.verify_resolved(&env.store(), &env.image, &policy, &every(), now).await.unwrap_err();
    assert_eq!((error.code(), error.advice()), (ReasonCode::Deadline, Some(Advice::AllowMoreTime)));
    assert_eq!(error.code().disposition(), Disposition::Undetermined);

    let digest = notary::Digest::sha256(&signed.signature.envelope);
    let blob = env.layout.path().join("blobs/sha256").join(digest.digits());
    std::fs::remove_file(blob).unwrap();
    let verdict = env.verify().await;
    failed(&verdict, Integrity);
    assert_eq!(verdict.conclusion(), MISCONFIGURED);
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
    for (what, reply, conclusion) in [
        ("/blobs/", (|| Reply::status(503)) as fn() -> Reply, UNDETERMINED),
        ("/blobs/", || Reply::status(429), UNDETERMINED),
        ("/blobs/", || Reply::status(403), MISCONFIGURED),
        ("/blobs/", || Reply::Hang("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), UNDETERMINED),
        ("/blobs/", || Reply::status(404), MISCONFIGURED),
        ("/blobs/", || Reply::content("application/octet-stream", "{}"), UNDETERMINED),
        ("/manifests/", || Reply::status(503), UNDETERMINED),
        ("/manifests/", || Reply::status(404), MISCONFIGURED),
        ("/manifests/", || Reply::content("application/vnd.oci.image.manifest.v1+json", "{}"), UNDETERMINED),
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
        let now = OffsetDateTime::now_utc();
        let verdict = verifier(&env.config).verify_resolved(&store, &env.image, &policy, &every(), now).await.unwrap();
        failed(&verdict, Integrity);
        assert_eq!(verdict.conclusion(), conclusion, "{what}: {verdict:?}");
    }
}

/// The header is the registry's, and no digest covers it.
#[tokio::test(flavor = "multi_thread")]
async fn a_signature_manifest_that_comes_as_another_type_is_undetermined() {
    let env = TestEnv::new().await;
    let listed = env.attach(&env.sign("v1").await.signature.envelope);
    let manifest = env.layout.blob(&listed, 100_000).unwrap();
    let path = format!("/manifests/{}", listed.digest);
    let server = serve(&env.layout, &env.image, &[listed], move |request| {
        request.path.ends_with(&path).then(|| Reply::content(INDEX, manifest.clone()))
    });
    let policy = env.trust.clone().into();
    let now = OffsetDateTime::now_utc();
    let store = store(&client(), &server);
    let verdict = verifier(&env.config).verify_resolved(&store, &env.image, &policy, &every(), now).await.unwrap();
    failed(&verdict, Integrity);
    assert_eq!((verdict.conclusion(), verdict.code()), (UNDETERMINED, Some(ReasonCode::Protocol)), "{verdict:?}");
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
    assert_eq!(verdict.verified_profiles(), [prod.clone().into()]);
    verdict.meets(&require(1, &[])).unwrap();
    verdict.meets(&require(1, &[&prod, &second])).unwrap();
    let error = verdict.meets(&require(2, &[])).unwrap_err();
    let RequirementError::Missing { found, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*found, [prod.to_string()]);
    let error = verdict.meets(&require(2, &[&prod, &second])).unwrap_err();
    let RequirementError::Missing { missing, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*missing, [second.to_string()]);
    assert_eq!((error.code(), error.disposition()), (ReasonCode::MissingSigners, Disposition::Refused));

    env.sign_and_attach_by(&second).await;
    let verdict = env.verify_under(&policy, &env.config).await;
    verdict.meets(&require(2, &[&prod, &second])).unwrap();
    verdict.meets(&require(2, &[])).unwrap();
    let first = env.verify_by(&policy, &verifier(&env.config), &Demands::default()).await;
    first.meets(&require(1, &[])).unwrap();
    let error = first.meets(&require(2, &[])).unwrap_err();
    assert!(matches!(error, RequirementError::Unchecked { left, .. } if left == first.unchecked), "{error:?}");
    assert_eq!(error.disposition(), Disposition::Misconfigured);
    let error = verdict.meets(&require(2, &[&second, &third])).unwrap_err();
    let RequirementError::Missing { missing, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*missing, [third.to_string()]);
    let error = verdict.meets(&require(3, &[&prod, &second])).unwrap_err();
    assert_eq!(error, RequirementError::Impossible { needed: 3.try_into().unwrap(), named: 2 });
    let twice = verdict.meets(&require(2, &[&prod, &prod]));
    assert!(matches!(twice, Err(RequirementError::Impossible { named: 1, .. })), "{twice:?}");

    // The third signer is a certificate subject.
    let with_key = [&identities[0], &identities[1], SUBJECT];
    let verdict = env.verify_under(&env.policy_for(&strict, &stores, &with_key), &env.config).await;
    verdict.meets(&require(3, &[])).unwrap();
    let down = env.config.clone().with_endpoint_url("http://127.0.0.1:9");
    let unreachable = (ReasonCode::Unreachable, Disposition::Undetermined);
    let error = env.verify_under(&policy, &down).await.meets(&require(1, &[])).unwrap_err();
    assert_eq!((error.code(), error.disposition()), unreachable);
    // One signer verified. The others were not judged, so the artifact is not refused.
    let verdict = env.verify_under(&env.policy_for(&strict, &stores, &with_key), &down).await;
    assert!(verdict.is_verified(), "{verdict:?}");
    let error = verdict.meets(&require(2, &[])).unwrap_err();
    assert_eq!((error.code(), error.disposition()), unreachable);
    // At audit every intact signature verifies, but that does not make its signer trusted.
    let audit = env.policy_for(&json!({ "level": "audit" }), &["ca:own"], &["x509.subject: C=US, ST=WA, O=Else"]);
    let verdict = env.verify_under(&audit, &env.config).await;
    assert!(verdict.is_verified() && verdict.verified_profiles().is_empty(), "{verdict:?}");
    assert!(verdict.meets(&require(1, &[])).is_err());
    let skip = env.verify_under(&env.policy_for(&json!({ "level": "skip" }), &[], &[]), &env.config).await;
    assert!(matches!(skip.meets(&require(1, &[])), Err(RequirementError::Skipped { .. })));
}

/// The holder of an authority can issue certificates with any number of subjects.
#[tokio::test(flavor = "multi_thread")]
async fn subjects_that_match_one_trusted_identity_count_once() {
    let env = TestEnv::new().await;
    for (store, unit) in [("ca/first", "First"), ("ca/second", "Second")] {
        let key = OwnKey::new(|leaf| leaf.distinguished_name.push(DnType::OrganizationalUnitName, unit));
        env.attach(&key.sign(&env.image, SigningScheme::X509));
        env.put_trust_store(store, &key.root());
    }
    let strict = json!({ "level": "strict" });
    let verify = async |identities: &[&str]| {
        let policy = env.policy_for(&strict, &["ca:first", "ca:second"], identities);
        let verdict = env.verify_under(&policy, &env.config).await;
        assert!(verdict.signatures.iter().all(|signature| signature.is_verified()), "{verdict:?}");
        verdict.meets(&require(1, &[])).unwrap();
        verdict.meets(&require(2, &[]))
    };
    let error = verify(&[SUBJECT]).await.unwrap_err();
    let RequirementError::Missing { found, .. } = &error else { panic!("{error:?}") };
    assert_eq!((found.len(), error.code()), (1, ReasonCode::MissingSigners));
    let error = verify(&["*"]).await.unwrap_err();
    assert!(matches!(error, RequirementError::AnyIdentity { .. }), "{error:?}");
    assert_eq!(error.disposition(), Disposition::Misconfigured);
    verify(&["x509.subject: C=US, ST=WA, O=Acme, OU=First", "x509.subject: C=US, ST=WA, O=Acme, OU=Second"])
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_signature_determines_the_advice() {
    let env = TestEnv::new().await;
    let second = env.put_profile("Second").await;
    env.sign_and_attach_by(&second).await;
    env.attach(b"{}");
    let job = env.sign_and_attach().await.signature.signer.job;
    let down = env.verify_with(&env.trust, &env.config.clone().with_endpoint_url("http://127.0.0.1:9")).await;
    assert!(matches!(down.advice(), Some(Advice::CheckEndpoint { .. })), "{down:?}");
    env.client.sdk().revoke_signature().job_id(job.id()).reason("leak").send().await.unwrap();
    let revoked = env.verify().await;
    assert_eq!((revoked.conclusion(), revoked.code()), (REFUSED, Some(ReasonCode::Revoked)));
    assert_eq!(revoked.advice(), Some(Advice::InvestigateRevocation));
}

#[tokio::test(flavor = "multi_thread")]
async fn requires_the_given_metadata_to_be_signed() {
    let env = TestEnv::new().await;
    env.sign_and_attach().await;
    for level in ["strict", "audit"] {
        let policy = env.policy(&json!({ "level": level }));
        for (key, required, expected) in
            [("build", "7", None), ("build", "8", Some(Some("7"))), ("Build", "7", Some(None))]
        {
            let user_metadata = UserMetadata::from_pairs([(key.to_owned(), required.to_owned())]).unwrap();
            let demands = Demands { user_metadata, ..every() };
            let verdict = env.verify_by(&policy, &verifier(&env.config), &demands).await;
            let Some(signed) = expected else {
                assert!(verdict.is_verified(), "{verdict:?}");
                continue;
            };
            let reason = Reason::Metadata {
                key: key.to_owned(),
                required: required.to_owned(),
                signed: signed.map(str::to_owned),
            };
            assert_eq!(failed(&verdict, Check::UserMetadata), reason);
            let signature = &verdict.signatures[0];
            assert!(signature.outcome(Integrity).unwrap().is_passed() && signature.signed.is_some());
            assert_eq!(verdict.advice(), Some(Advice::SignWithMetadata { key: key.to_owned() }));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_says_what_was_signed_and_by_whom_once_integrity_has_passed() {
    let env = TestEnv::new().await;
    let signed = env.sign_and_attach().await;
    let verdict = env.verify().await;
    let said = verdict.signatures[0].signed.as_ref().unwrap();
    let signer = &signed.signature.signer;
    assert_eq!((said.profile_version.as_ref(), said.job.as_ref()), (Some(&signer.profile_version), Some(&signer.job)));
    assert_eq!(said.signer(), env.profile.to_string());
    assert_eq!(said.user_metadata["build"], "7");
    assert_eq!(said.content_media_type, env.image.media_type);
    let envelope = &signed.signature.verified;
    assert_eq!(said.signing_time, envelope.attributes().signing_time);
    let thumbprints = said.certificates.iter().map(|certificate| certificate.thumbprint.clone());
    assert!(thumbprints.eq(envelope.chain().certificates().iter().map(|certificate| certificate.thumbprint())));
    let refused = TestEnv::new().await;
    testbed::test_env::add_image(&refused.layout, "other");
    refused.attach(&refused.sign("other").await.signature.envelope);
    let verdict = refused.verify().await;
    failed(&verdict, Integrity);
    assert!(verdict.signatures[0].signed.is_none());
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
        audit.signatures[0].warnings().map(|(check, _)| check).collect::<Vec<_>>(),
        [ValidationType::Authenticity]
    );
    let enforced = json!({ "level": "audit", "override": { "revocation": "enforce" } });
    let verdict = env.verify_under(&untrusted(enforced), &down).await;
    assert_eq!(verdict.signatures[0].checks.last().unwrap().check, Revocation);
    assert!(!verdict.is_verified(), "{verdict:?}");
}
