//! Verifies one artifact.

use notary::Descriptor;
use notary::reference::Target;
use notary::trust::policy::{NoApplicablePolicy, RegistryScope, TrustPolicyDocument};
use notation::verify::{Demands, NoVerdict, Requirement, Verdict, VerificationPolicy, Verifier};
use registry::{RegistryClient, Store, Tree};
use time::OffsetDateTime;

use super::report::VerifiedArtifact;
use crate::arguments::artifact_reference::{ArtifactReference, OpenedArtifact};
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
    let location = reference.location(verification.scope.as_ref());
    let policy = verification.policies.policy(|document| document.applicable_to(location).map_err(no_policy));
    let opened = policy.and_then(|policy| Ok((policy, reference.open(&verification.registry)?)));
    let (policy, OpenedArtifact { store, target }) = match opened {
        Ok(opened) => opened,
        Err(why) => return vec![VerifiedArtifact::failed(reference, None, why)],
    };
    let artifact = Artifact { verification, reference, policy: &policy, store: &store };
    if verification.recursive { artifact.verify_tree(&target).await } else { vec![artifact.verify(&target).await] }
}

/// An artifact that is to be verified.
struct Artifact<'a> {
    verification: &'a Verification,
    reference: &'a ArtifactReference,
    policy: &'a VerificationPolicy,
    store: &'a Store,
}

impl Artifact<'_> {
    /// Verifies it alone.
    async fn verify(&self, target: &Target) -> VerifiedArtifact {
        let Verification { verifier, demands, .. } = self.verification;
        let resolved = match verifier.resolve(self.store, target, self.policy).await {
            Ok(resolved) => resolved,
            Err(why) => return self.failed(None, why),
        };
        let artifact = resolved.descriptor().clone();
        let now = OffsetDateTime::now_utc();
        let verdict = verifier.verify_found(self.store, resolved, self.policy, demands, now).await;
        self.report(&artifact, verdict)
    }

    /// Verifies everything that it lists, and then itself.
    async fn verify_tree(&self, target: &Target) -> Vec<VerifiedArtifact> {
        let artifact = match self.store.resolve(target).await {
            Ok(artifact) => artifact,
            Err(why) => return vec![self.failed(None, why)],
        };
        let Tree { manifests, others, unknown, .. } = match self.store.tree(&artifact, Store::MAX_MANIFESTS).await {
            Ok(tree) => tree,
            Err(why) => return vec![self.failed(Some(&artifact), why)],
        };
        let Verification { verifier, demands, .. } = self.verification;
        let mut reports = Vec::with_capacity(manifests.len());
        for listed in &manifests {
            let now = OffsetDateTime::now_utc();
            let verdict = verifier.verify_resolved(self.store, listed, self.policy, demands, now).await;
            let mut report = self.report(listed, verdict);
            report.is_listed = *listed != artifact;
            reports.push(report);
        }
        if let Some(last) = reports.last_mut() {
            last.passed_over = PassedOver { others, unknown };
        }
        reports
    }

    fn report(&self, artifact: &Descriptor, verdict: Result<Verdict, NoVerdict>) -> VerifiedArtifact {
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(why) => return self.failed(Some(artifact), why),
        };
        let report = VerifiedArtifact::new(self.reference, self.policy, &verdict);
        match &self.verification.requirement {
            Some(requirement) => report.with_requirement(requirement, &verdict.meets(requirement)),
            None => report,
        }
    }

    fn failed(&self, artifact: Option<&Descriptor>, why: impl Into<CliError>) -> VerifiedArtifact {
        VerifiedArtifact::failed(self.reference, artifact, why.into())
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
