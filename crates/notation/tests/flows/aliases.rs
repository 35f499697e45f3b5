//! Signatures that were made through the alias of a signing profile.

use std::num::NonZeroUsize;

use aws_names::SignerArn;
use aws_signer::{AttributesError, SignError, SignerClient, sign_payload};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use limits::Deadline;
use notary::ReasonCode;
use notary::envelope::Payload;
use notary::envelope::build::ProtectedAttributes;
use notation::verify::{Reason, Requirement, RequirementError, ValidationType, Verdict};
use serde_json::json;
use testbed::service::Service;
use testbed::test_env::TestEnv;

use crate::failed;

const PROFILE_VERSION: &str = "com.amazonaws.signer.signingProfileVersion";
const PROFILE_ALIAS: &str = "com.amazonaws.signer.signingProfileAlias";
const ALIAS: &str = "arn:aws:signer:us-west-2:111122223333:/aliases/release";
const ALIASED: &str =
    "arn:aws:signer:us-west-2:111122223333:/aliased-signing-profiles/0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

/// An environment whose signing service says that nothing is revoked.
struct Env {
    env: TestEnv,
    revocations: Service,
}

impl Env {
    async fn new() -> Self {
        let env = TestEnv::new().await;
        // The service issues the signing certificate on the first signature.
        env.sign("v1").await;
        let revocations = Service::answering(200, &[("Content-Type", "application/json")], b"{\"revokedEntities\":[]}");
        Self { env, revocations }
    }

    /// An envelope over the image with this alias, and with this instead of the profile version.
    fn envelope(&self, alias: Option<&str>, version: Option<&str>) -> Vec<u8> {
        self.env.forge(|attributes| change(attributes, alias, version))
    }

    async fn verify(&self, trusted: &str) -> Verdict {
        let identities = vec![trusted.parse().unwrap()];
        let trust = notation::verify::Trust { identities, ..self.env.trust.clone() };
        self.env.verify_with(&trust, &self.env.config.clone().with_endpoint_url(self.revocations.url())).await
    }

    /// Signs the payload of the image, where the service answers with this envelope.
    async fn sign(&self, envelope: &[u8]) -> Result<aws_signer::SignedPayload, SignError> {
        let answer = json!({ "signature": STANDARD.encode(envelope), "jobId": "forged", "metadata": {} }).to_string();
        let service = Service::answering(200, &[("Content-Type", "application/json")], answer.as_bytes());
        let config = self.env.config.clone().with_endpoint_url(service.url());
        let client = SignerClient::new(&config, "us-west-2".parse().unwrap()).await;
        let payload = Payload { target_artifact: self.env.image.clone() }.to_bytes();
        sign_payload(&client, &self.env.profile, &payload, Deadline::new(Deadline::DEFAULT_BUDGET)).await
    }
}

fn change(attributes: &mut ProtectedAttributes, alias: Option<&str>, version: Option<&str>) {
    if let Some(version) = version {
        attributes.extended.iter_mut().find(|(name, _)| name == PROFILE_VERSION).unwrap().1 = version.to_owned();
    }
    attributes.extended.extend(alias.map(|alias| (PROFILE_ALIAS.to_owned(), alias.to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn trusts_the_profile_or_exactly_the_alias() {
    let env = Env::new().await;
    env.env.attach(&env.envelope(Some(ALIAS), None));
    let profile = env.env.profile.to_string();
    for trusted in [ALIAS, profile.as_str()] {
        let verdict = env.verify(trusted).await;
        assert!(verdict.is_verified(), "{trusted}: {verdict:?}");
        let signed = verdict.signatures[0].signed.as_ref().unwrap();
        assert_eq!(signed.profile_alias.as_ref().map(ToString::to_string).as_deref(), Some(ALIAS));
        assert_eq!(signed.signer(), profile);
    }
    for other in [ALIAS.replace("release", "nightly"), format!("{ALIAS}2"), ALIASED.to_owned()] {
        let reason = failed(&env.verify(&other).await, ValidationType::Authenticity);
        assert_eq!(reason.code(), ReasonCode::Untrusted, "{other}: {reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trusts_an_aliased_profile_and_asks_for_its_revocation_as_signed() {
    let env = Env::new().await;
    env.env.attach(&env.envelope(Some(ALIAS), Some(ALIASED)));
    for trusted in [ALIAS, ALIASED] {
        let verdict = env.verify(trusted).await;
        assert!(verdict.is_verified(), "{trusted}: {verdict:?}");
        assert_eq!(verdict.verified_profiles(), [ALIASED.parse().unwrap()]);
    }
    let asked = env.revocations.requests();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|request| request.query()["profileVersionArn"] == [ALIASED]), "{asked:?}");
    let reason = failed(&env.verify(&env.env.profile.to_string()).await, ValidationType::Authenticity);
    let Reason::UntrustedProfile { profile, .. } = reason else { panic!("{reason}") };
    assert_eq!(profile, ALIAS, "the advice names the ARN to trust");
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_a_malformed_alias() {
    for (alias, version) in [("release", None), ("", None), (ALIASED, None), (ALIAS, Some(ALIAS))] {
        let env = Env::new().await;
        env.env.attach(&env.envelope(Some(alias), version));
        let reason = failed(&env.verify(ALIAS).await, ValidationType::Integrity);
        assert!(
            matches!(reason, Reason::AwsSigner(AttributesError::Arn(_) | AttributesError::Missing(_))),
            "{alias}: {reason}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_through_one_alias_count_as_one_signer() {
    let env = Env::new().await;
    env.env.attach(&env.envelope(Some(ALIAS), None));
    env.env.attach(&env.envelope(Some(ALIAS), Some(ALIASED)));
    let verdict = env.verify(ALIAS).await;
    assert!(verdict.signatures.iter().all(|signature| signature.is_verified()), "{verdict:?}");
    let require = |signers, from: &[&str]| {
        let from = from.iter().map(|arn| arn.parse::<SignerArn>().unwrap()).collect();
        verdict.meets(&Requirement { signers: NonZeroUsize::new(signers).unwrap(), from })
    };
    assert_eq!(require(1, &[ALIAS]), Ok(()));
    assert!(matches!(require(2, &[]), Err(RequirementError::Missing { .. })));
    let profile = env.env.profile.to_string();
    assert!(matches!(require(2, &[ALIASED, &profile]), Err(RequirementError::Missing { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_accepts_an_alias_and_an_aliased_profile_of_the_account() {
    let env = Env::new().await;
    let signed = env.sign(&env.envelope(Some(ALIAS), None)).await.unwrap();
    assert_eq!(signed.signer.alias.map(|alias| alias.to_string()).as_deref(), Some(ALIAS));
    let signed = env.sign(&env.envelope(Some(ALIAS), Some(ALIASED))).await.unwrap();
    assert_eq!(signed.signer.profile_version.to_string(), ALIASED);
    for elsewhere in [ALIASED.replace("111122223333", "999922223333"), ALIASED.replace("us-west-2", "us-east-1")] {
        let why = env.sign(&env.envelope(Some(ALIAS), Some(&elsewhere))).await.unwrap_err();
        assert!(why.to_string().contains(&format!("by the profile {elsewhere}")), "{why}");
    }
}
