//! Verifies one artifact.

use notary::Descriptor;
use notary::trust::policy::{NoApplicablePolicy, RegistryScope, TrustPolicyDocument};
use notation::verify::{Demands, Requirement, VerificationPolicy, Verifier};
use registry::{RegistryClient, Store, Tree};
use time::OffsetDateTime;

use super::report::VerifiedArtifact;
use crate::arguments::artifact_reference::ArtifactReference;
use crate::output::artifacts::PassedOver;
use crate::output::exit::CliError;
use crate::verification::Policies;

/// The settings for all artifacts of a command.
pub(super) struct Verification {
    pub policies: Policies<TrustPolicyDocument>,
    /// The repository whose policy applies to layouts.
    pub scope: Option<RegistryScope>,
    pub recursive: bool,
    pub requirement: Option<Requirement>,
    pub verifier: Verifier,
    pub demands: Demands,
    pub registry: RegistryClient,
}

/// Verifies the artifact and, with `--recursive`, first everything that an index lists.
pub(super) async fn verify(verification: &Verification, reference: &ArtifactReference) -> Vec<VerifiedArtifact> {
    let resolved = async {
        let location = reference.location(verification.scope.as_ref());
        let policy = verification.policies.policy(|document| document.applicable_to(location).map_err(no_policy))?;
        let opened = reference.open(&verification.registry)?;
        let artifact = opened.store.resolve(&opened.target).await?;
        Ok::<_, CliError>((policy, opened.store, artifact))
    };
    let (policy, store, artifact) = match resolved.await {
        Ok(resolved) => resolved,
        Err(why) => return vec![VerifiedArtifact::failed(reference, None, why)],
    };
    let tree = if verification.recursive {
        store.tree(&artifact, Store::MAX_MANIFESTS).await
    } else {
        Ok(Tree::of(artifact.clone()))
    };
    let Tree { manifests: artifacts, others, unknown, .. } = match tree {
        Ok(artifacts) => artifacts,
        Err(why) => return vec![VerifiedArtifact::failed(reference, Some(&artifact), why.into())],
    };
    let mut reports = Vec::with_capacity(artifacts.len());
    for listed in &artifacts {
        let mut report = verify_one(verification, reference, &policy, &store, listed).await;
        report.is_listed = *listed != artifact;
        reports.push(report);
    }
    if let Some(last) = reports.last_mut() {
        last.passed_over = PassedOver { others, unknown };
    }
    reports
}

async fn verify_one(
    verification: &Verification,
    reference: &ArtifactReference,
    policy: &VerificationPolicy,
    store: &Store,
    artifact: &Descriptor,
) -> VerifiedArtifact {
    let Verification { verifier, demands, .. } = verification;
    let verdict = verifier.verify_resolved(store, artifact, policy, demands, OffsetDateTime::now_utc()).await;
    let verdict = match verdict {
        Ok(verdict) => verdict,
        Err(why) => return VerifiedArtifact::failed(reference, Some(artifact), why.into()),
    };
    let report = VerifiedArtifact::new(reference, policy, &verdict);
    match &verification.requirement {
        Some(requirement) => report.with_requirement(requirement, &verdict.meets(requirement)),
        None => report,
    }
}

/// The error if no policy applies to an artifact.
fn no_policy(why: NoApplicablePolicy) -> CliError {
    match why {
        NoApplicablePolicy::NoGlobalScope => CliError::from(why).with_advice(
            "Add a statement with the scope \"*\", or select the policy of a repository with --scope REGISTRY/REPOSITORY.",
        ),
        why => why.into(),
    }
}
