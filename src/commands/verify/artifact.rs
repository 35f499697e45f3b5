//! Verifies one artifact.

use notary::Descriptor;
use notary::trust::policy::{RegistryScope, TrustPolicyDocument};
use notation::verify::{Requirement, VerificationPolicy, VerifyOptions, verify_signatures};
use registry::{RegistryClient, Store};
use time::OffsetDateTime;

use super::policy::applicable;
use super::report::ArtifactReport;
use crate::arguments::artifact_reference::Place;
use crate::output::exit::CliError;
use crate::verification::{Policies, unreadable_stores};

/// The settings for all artifacts of a command.
pub(super) struct Verification {
    pub policies: Policies<TrustPolicyDocument>,
    /// The repository whose policy applies to layouts.
    pub scope: Option<RegistryScope>,
    pub recursive: bool,
    pub requirement: Option<Requirement>,
    pub options: VerifyOptions,
    pub registry: RegistryClient,
}

/// Verifies the artifact and, with `--recursive`, first everything that an index lists.
pub(super) async fn verify(verification: &Verification, place: Place) -> Vec<ArtifactReport> {
    let found = async {
        let scope = verification.scope.as_ref();
        let policy = verification.policies.policy(|document| applicable(document, &place, scope))?;
        let opened = place.open(&verification.registry)?;
        let artifact = opened.store.resolve(&opened.target).await?;
        Ok::<_, CliError>((policy, opened.store, artifact))
    };
    let (policy, store, artifact) = match found.await {
        Ok(found) => found,
        Err(why) => return vec![ArtifactReport::failed(&place, None, why)],
    };
    let tree = if verification.recursive {
        store.tree(&artifact, Store::MAX_MANIFESTS).await
    } else {
        Ok(vec![artifact.clone()])
    };
    let artifacts = match tree {
        Ok(artifacts) => artifacts,
        Err(why) => return vec![ArtifactReport::failed(&place, Some(&artifact), why.into())],
    };
    let mut reports = Vec::with_capacity(artifacts.len());
    for listed in &artifacts {
        let mut report = verify_one(verification, &place, &policy, &store, listed).await;
        report.is_listed = *listed != artifact;
        reports.push(report);
    }
    reports
}

async fn verify_one(
    verification: &Verification,
    place: &Place,
    policy: &VerificationPolicy,
    store: &Store,
    artifact: &Descriptor,
) -> ArtifactReport {
    // The time is that of this artifact's verification; the cache of certificates is shared.
    let options = VerifyOptions { now: OffsetDateTime::now_utc(), ..verification.options.clone() };
    let verdict = match verify_signatures(store, artifact, policy, &options).await {
        Ok(verdict) => verdict,
        Err(why) => return ArtifactReport::failed(place, Some(artifact), CliError::of_list(why)),
    };
    let report = ArtifactReport::of(place, policy, &verdict);
    let report = match &verification.requirement {
        Some(requirement) => report.with_requirement(requirement, verdict.meets(requirement)),
        None => report,
    };
    match unreadable_stores(policy, &verdict) {
        Some(why) => report.with_error(why),
        None => report,
    }
}
