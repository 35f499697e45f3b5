//! The checks of one signature in their order, and what the policy makes of each.

use notary::envelope::{Envelope, Payload, VerifiedEnvelope};
use notary::trust::policy::ValidationAction;
use notary::trust::policy::ValidationType::{self, AuthenticTimestamp, Authenticity, Expiry, Integrity, Revocation};
use notary::{Descriptor, Digest};

use super::demands::Demands;
use super::finding::Finding;
use super::plugin::{self, PluginResults};
use super::policy::VerificationPolicy;
use super::reason::Reason;
use super::signer::Signer;
use super::source::FetchedEnvelope;
use super::verdict::{Check, CheckOutcome, CheckResult, SignatureVerdict, Signed, TimestampSummary};
use super::verifier::Verifier;
use super::{authentic_timestamp, authenticity, expiry, revocation, user_metadata};
use crate::plugin_host::{DemandedPlugin, PluginFolder};
use crate::revocation::RevocationQuestion;

/// The largest envelope whose content is reported although its signer is not trusted, in bytes: an attacker who may
/// push can add a hundred large ones to an artifact. AWS Signer's have about 10 KiB.
const MAX_UNTRUSTED: usize = 64 * 1024;

/// What all signatures of an artifact are verified by.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) verifier: &'a Verifier,
    pub(super) policy: &'a VerificationPolicy,
    pub(super) demands: &'a Demands,
    pub(super) now: time::OffsetDateTime,
    pub(super) deadline: limits::Deadline,
}

/// The content that a signature must be for, and how that is checked.
pub(super) trait VerifiedContent {
    /// Checks that the payload names the content.
    fn check(&self, payload: &Payload) -> Result<Finding, Reason>;
}

/// The verification of one signature.
struct Verification<'a> {
    context: Context<'a>,
    checks: Vec<CheckResult>,
    signed: Option<Signed>,
}

/// An enforced check failed; it is the last entry of the checks.
struct Refused;

/// Verifies the signature whose manifest has this descriptor, with its envelope, or why the envelope was not read.
pub(super) async fn verify(
    context: Context<'_>,
    manifest: &Descriptor,
    envelope: Result<FetchedEnvelope, Reason>,
    content: &(impl VerifiedContent + Sync),
) -> SignatureVerdict {
    let mut verification = Verification { context, checks: Vec::new(), signed: None };
    let size = envelope.as_ref().map_or(0, |envelope| envelope.content.len());
    tracing::info!(signature = %manifest.digest, size, "verifying");
    // The check that ended it is the last entry of the list; there is nothing to add.
    let _ = verification.run(envelope, content).await;
    let mut verdict = SignatureVerdict {
        digest: manifest.digest.clone(),
        media_type: manifest.media_type.clone(),
        checks: verification.checks,
        signed: verification.signed,
    };
    if size > MAX_UNTRUSTED && verdict.trusted().is_none() {
        verdict.signed = None;
    }
    verdict
}

/// A signature whose integrity has passed.
struct Intact<'a> {
    envelope: VerifiedEnvelope,
    payload: Payload,
    signer: Signer,
    plugin: Option<(DemandedPlugin, &'a PluginFolder)>,
    finding: Finding,
}

impl Verification<'_> {
    async fn run(
        &mut self,
        envelope: Result<FetchedEnvelope, Reason>,
        content: &(impl VerifiedContent + Sync),
    ) -> Result<(), Refused> {
        let Context { policy, deadline, .. } = self.context;
        let intact = envelope.and_then(|envelope| {
            let intact = integrity(&envelope, self.context.verifier, content)?;
            Ok((intact, envelope.content.into_reservation()))
        });
        // The reservation lasts to the end: what was parsed may take as much memory as the bytes.
        let (intact, _reservation) = match intact {
            Ok(intact) => intact,
            Err(reason) => return self.conclude(Integrity, Err(reason)).and(Err(Refused)),
        };
        let Intact { envelope, payload, signer, plugin, finding } = intact;
        let results = match plugin {
            None => PluginResults::default(),
            Some((plugin, folder)) => match plugin::run(policy, &plugin, folder, &envelope, &signer, deadline).await {
                Ok(results) => results,
                // Critical attributes remain that no program has processed.
                Err(reason) => return self.conclude(Integrity, Err(reason)).and(Err(Refused)),
            },
        };
        self.signed = Some(Signed::new(&envelope, payload, &signer));
        self.conclude(Integrity, Ok(finding))?;
        self.judge(&envelope, &signer, results).await
    }

    /// Makes the checks of a signature whose integrity has passed.
    async fn judge(
        &mut self,
        envelope: &VerifiedEnvelope,
        signer: &Signer,
        by_plugin: PluginResults,
    ) -> Result<(), Refused> {
        let Context { verifier, policy, demands, now, deadline } = self.context;
        let authenticity = authenticity::check(policy, envelope, signer, by_plugin.identity);
        let is_authentic = authenticity.is_ok();
        self.conclude(Authenticity, authenticity)?;
        self.conclude(Expiry, expiry::check(envelope.attributes(), now))?;
        let (checked, timestamp) = authentic_timestamp::check(self.context, envelope).await;
        if let (Some(signed), Some(timestamp)) = (&mut self.signed, &timestamp) {
            signed.timestamp = Some(TimestampSummary::new(timestamp));
        }
        self.conclude(AuthenticTimestamp, checked)?;
        if !demands.user_metadata.is_empty() {
            let signed = self.signed.as_ref().map(|signed| &signed.user_metadata);
            let checked = user_metadata::check(&demands.user_metadata, signed.unwrap_or(&Default::default()));
            self.conclude(Check::UserMetadata, checked)?;
        }
        match (policy.verification.action(Revocation), by_plugin.revocation) {
            (ValidationAction::Skip, _) => {
                self.skip(Revocation, format!("the trust policy {:?} skips it", policy.name()));
                Ok(())
            }
            (_, Some(by_plugin)) => self.conclude(Revocation, by_plugin),
            // The signer names whom to ask: an untrusted one could make this program call any server.
            (ValidationAction::Log, None) if !is_authentic => {
                self.skip(Revocation, "the signer is not trusted".to_owned());
                Ok(())
            }
            (ValidationAction::Log | ValidationAction::Enforce, None) => {
                let question = RevocationQuestion::new(envelope, signer, now, deadline);
                let question = question.with_timestamp(timestamp.as_ref());
                let result = revocation::check(verifier.revocation(), &question).await;
                self.conclude(Revocation, result)
            }
        }
    }

    fn skip(&mut self, check: ValidationType, why: String) {
        self.push(check.into(), CheckOutcome::Skipped(why));
    }

    /// Records the outcome of a check. Integrity and the caller's demands are enforced at every verification level.
    fn conclude(&mut self, check: impl Into<Check>, result: Result<Finding, Reason>) -> Result<(), Refused> {
        let check = check.into();
        let is_logged = match check {
            Check::UserMetadata | Check::Validation(Integrity) => false,
            Check::Validation(check) => self.context.policy.verification.action(check) == ValidationAction::Log,
        };
        let (outcome, end) = match result {
            Ok(finding) => (CheckOutcome::Passed(finding), Ok(())),
            Err(reason) if is_logged => (CheckOutcome::Warning(reason), Ok(())),
            Err(reason) => (CheckOutcome::Failed(reason), Err(Refused)),
        };
        self.push(check, outcome);
        end
    }

    fn push(&mut self, check: Check, outcome: CheckOutcome) {
        tracing::info!(check = check.as_str(), outcome = outcome.as_str(), reason = %outcome, "checked");
        self.checks.push(CheckResult { check, outcome });
    }
}

/// The validation `integrity`, and who made the signature: unknown critical attributes are refused at every level.
fn integrity<'a>(
    envelope: &FetchedEnvelope,
    verifier: &'a Verifier,
    content: &impl VerifiedContent,
) -> Result<Intact<'a>, Reason> {
    let envelope = Envelope::parse_with(envelope.format, &envelope.content, verifier.chains())?;
    let envelope = envelope.verify_integrity_with(verifier.chains())?;
    let payload = Payload::parse(envelope.payload())?;
    let finding = content.check(&payload)?;
    let (signer, plugin) = Signer::from_attributes(envelope.attributes())?;
    let plugin = match (plugin, verifier.plugins()) {
        (None, _) => None,
        (Some(plugin), Some(folder)) => Some((plugin, folder)),
        (Some(plugin), None) => return Err(Reason::NoPlugins { name: plugin.name.to_string() }),
    };
    Ok(Intact { envelope, payload, signer, plugin, finding })
}

/// An artifact of a registry or a layout.
impl VerifiedContent for Descriptor {
    fn check(&self, payload: &Payload) -> Result<Finding, Reason> {
        let signed = &payload.target_artifact;
        if signed.is_same_content(self) {
            return Ok(Finding::Intact { digest: Digest::clone(&self.digest) });
        }
        Err(Reason::OtherArtifact { signed: Reason::signed(signed) })
    }
}
