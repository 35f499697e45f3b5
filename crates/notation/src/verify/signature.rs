//! The checks of one signature, in their order, and what the policy makes of each.

use std::collections::{BTreeMap, BTreeSet};

use limits::Deadline;
use notary::Descriptor;
use notary::envelope::{Envelope, Payload, SignedAttributes, VerifiedEnvelope};
use notary::text::{printable, rfc3339};
use notary::trust::policy::ValidationType::{AuthenticTimestamp, Authenticity, Expiry, Integrity, Revocation};
use notary::trust::policy::{ValidationAction, ValidationType};
use registry::Content;
use time::OffsetDateTime;

use super::options::VerifyOptions;
use super::policy::VerificationPolicy;
use super::signer::Signer;
use super::verdict::{Check, CheckFailure, CheckOutcome, CheckResult, SignatureDetails, SignatureVerdict};
use super::{authentic_timestamp, authenticity, revocation};
use crate::plugin_host::{Capability, DemandedPlugin, Finding, PluginError, PluginFolder};

/// What all signatures of an artifact are verified by.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) policy: &'a VerificationPolicy,
    pub(super) options: &'a VerifyOptions,
    pub(super) deadline: Deadline,
}

/// The largest envelope whose details are kept for the report although it is refused, in bytes: anybody can write a hundred
/// that have many MiB each. AWS Signer's have some 10 KiB.
const MAX_REFUSED: usize = 64 * 1024;

/// The verification of one signature.
struct Verification<'a> {
    context: Context<'a>,
    checks: Vec<CheckResult>,
    signature: Option<SignatureDetails>,
}

/// A check that is enforced has failed, and is the last entry in the list of checks.
struct Refused;

/// Verifies the signature that `manifest` names, with its envelope or why there is none. `is_of` says whether a payload is of the
/// content that is verified, and how one knows.
pub(super) async fn verify(
    context: Context<'_>,
    manifest: Descriptor,
    envelope: Result<Content, CheckFailure>,
    is_of: impl FnOnce(&VerifiedEnvelope, &Payload) -> Result<String, CheckFailure>,
) -> SignatureVerdict {
    let mut verification = Verification { context, checks: Vec::new(), signature: None };
    let size = envelope.as_ref().map_or(0, |bytes| bytes.len());
    tracing::info!(signature = %manifest.digest, size, "verifying");
    // The check that ended it is the last entry of the list; there is nothing to add to it.
    let _ = verification.run(envelope, is_of).await;
    let mut verdict = SignatureVerdict { manifest, checks: verification.checks, signature: verification.signature };
    if size > MAX_REFUSED && !verdict.is_verified() {
        verdict.signature = None;
    }
    verdict
}

impl Verification<'_> {
    async fn run(
        &mut self,
        envelope: Result<Content, CheckFailure>,
        is_of: impl FnOnce(&VerifiedEnvelope, &Payload) -> Result<String, CheckFailure>,
    ) -> Result<(), Refused> {
        let options = self.context.options;
        let read = envelope.and_then(|bytes| Ok((integrity(&bytes, options, is_of)?, bytes.into_reservation())));
        // The reservation lasts to the end: the details may take as much memory as the bytes that they come from.
        let ((details, plugin, reason), _reservation) = match read {
            Ok(found) => found,
            Err(failure) => return self.conclude(Integrity, Err(failure)).and(Err(Refused)),
        };
        let SignatureDetails { envelope, signer, .. } = &details;
        let findings = match plugin {
            None => Findings::default(),
            Some((plugin, folder)) => match plugin_findings(self.context, &plugin, folder, envelope, signer).await {
                Ok(findings) => findings,
                // Critical attributes are left that nobody has processed.
                Err(failure) => return self.conclude(Integrity, Err(failure)).and(Err(Refused)),
            },
        };
        let result = self.judge(&details, findings, reason).await;
        self.signature = Some(details);
        result
    }

    /// The checks of a signature that is whole; `whole` is the sentence that explains why it is.
    async fn judge(&mut self, details: &SignatureDetails, findings: Findings, whole: String) -> Result<(), Refused> {
        let Context { policy, options, deadline } = self.context;
        let SignatureDetails { envelope, signer, .. } = details;
        self.conclude(Integrity, Ok(whole))?;
        let authenticity = authenticity::check(policy, envelope, signer, findings.identity);
        let is_authentic = authenticity.is_ok();
        self.conclude(Authenticity, authenticity)?;
        self.conclude(Expiry, expiry(envelope.attributes(), options.now))?;
        self.conclude(AuthenticTimestamp, authentic_timestamp::check(policy, envelope, options.now))?;
        if !options.user_metadata.is_empty() {
            let signed = &details.payload.target_artifact.annotations;
            self.conclude(Check::UserMetadata, user_metadata(&options.user_metadata, signed))?;
        }
        match (policy.verification.action(Revocation), findings.revocation) {
            (ValidationAction::Skip, _) => {
                self.skip(Revocation, format!("the trust policy {:?} skips it", policy.name()));
                Ok(())
            }
            // Whoever signed would otherwise choose whom this program calls, and nothing hangs on the answer.
            (_, Some(of_plugin)) => self.conclude(Revocation, of_plugin),
            (ValidationAction::Log, None) if !is_authentic => {
                self.skip(Revocation, "the signer is not trusted, so nobody is asked on its word".to_owned());
                Ok(())
            }
            (ValidationAction::Log | ValidationAction::Enforce, None) => {
                let revocation = revocation::check(envelope, signer, options, deadline).await;
                self.conclude(Revocation, revocation)
            }
        }
    }

    fn skip(&mut self, check: ValidationType, reason: String) {
        self.push(check.into(), CheckOutcome::Skipped(reason));
    }

    /// Adds the outcome of a check that was made to the list. Integrity and what the caller demands are enforced whatever a
    /// policy says.
    fn conclude(&mut self, check: impl Into<Check>, result: Result<String, CheckFailure>) -> Result<(), Refused> {
        let check = check.into();
        let is_logged = match check {
            Check::UserMetadata | Check::Validation(Integrity) => false,
            Check::Validation(check) => self.context.policy.verification.action(check) == ValidationAction::Log,
        };
        let (outcome, end) = match result {
            Ok(reason) => (CheckOutcome::Passed(reason), Ok(())),
            Err(failure) if is_logged => (CheckOutcome::Logged(failure), Ok(())),
            Err(failure) => (CheckOutcome::Failed(failure), Err(Refused)),
        };
        self.push(check, outcome);
        end
    }

    fn push(&mut self, check: Check, outcome: CheckOutcome) {
        tracing::info!(check = check.as_str(), outcome = outcome.as_str(), reason = outcome.reason(), "checked");
        self.checks.push(CheckResult { check, outcome });
    }
}

/// What a signature is found to be before its signer is judged: what it says, the plugin that must take part and where that is,
/// and the sentence that explains why it is whole.
type Whole<'a> = (SignatureDetails, Option<(DemandedPlugin, &'a PluginFolder)>, String);

/// The validation `integrity`, and who made the signature: critical attributes that nobody here understands are refused at every
/// level.
fn integrity<'a>(
    bytes: &[u8],
    options: &'a VerifyOptions,
    is_of: impl FnOnce(&VerifiedEnvelope, &Payload) -> Result<String, CheckFailure>,
) -> Result<Whole<'a>, CheckFailure> {
    let envelope = Envelope::parse(bytes).map_err(CheckFailure::of)?;
    let envelope = envelope.verify_integrity_with(&options.chains).map_err(CheckFailure::of)?;
    let payload = Payload::parse(envelope.payload()).map_err(CheckFailure::of)?;
    let reason = is_of(&envelope, &payload)?;
    let (signer, plugin) = Signer::of(envelope.attributes()).map_err(CheckFailure::of)?;
    let plugin = match (plugin, &options.plugins) {
        (None, _) => None,
        (Some(plugin), Some(folder)) => Some((plugin, folder)),
        (Some(plugin), None) => {
            let why = format!("it demands the verification plugin {}, and no plugins are run here", plugin.name);
            return Err(CheckFailure::new(why));
        }
    };
    Ok((SignatureDetails { envelope, payload, signer }, plugin, reason))
}

/// What a verification plugin found, of the checks that it made.
#[derive(Default)]
struct Findings {
    identity: Option<Result<String, CheckFailure>>,
    revocation: Option<Result<String, CheckFailure>>,
}

/// Has the plugin of a signature make its checks. It is not asked where the policy refuses the signature without it.
async fn plugin_findings(
    context: Context<'_>,
    plugin: &DemandedPlugin,
    folder: &PluginFolder,
    envelope: &VerifiedEnvelope,
    signer: &Signer,
) -> Result<Findings, CheckFailure> {
    let Context { policy, deadline, .. } = context;
    let name = plugin.name.to_string();
    let failed = |why: PluginError| {
        let reason = format!("the verification plugin {name}: {why}");
        let (undetermined, misconfigured) = (why.is_undetermined(), why.is_misconfigured());
        CheckFailure { undetermined, misconfigured, remedy: why.remedy(&name), ..CheckFailure::new(reason) }
    };
    let is_enforced = policy.verification.action(Authenticity) == ValidationAction::Enforce;
    if is_enforced && authenticity::check_chain(policy, envelope).is_err() {
        return Ok(Findings::default());
    }
    let installed = plugin.find(folder, deadline).await.map_err(failed)?;
    let mut checks = BTreeSet::new();
    if installed.can(Capability::TrustedIdentity) {
        checks.insert(Capability::TrustedIdentity);
    } else if is_enforced && authenticity::check_identity(policy, envelope, signer).is_err() {
        return Ok(Findings::default());
    }
    if installed.can(Capability::RevocationCheck) && policy.verification.action(Revocation) != ValidationAction::Skip {
        checks.insert(Capability::RevocationCheck);
    }
    let mut found = installed.verify(envelope, &policy.identities, &checks).await.map_err(failed)?;
    let mut result = |capability| {
        let Finding { success, reason } = found.remove(&capability)?;
        let said = if reason.is_empty() { "it gives no reason" } else { &reason };
        Some(match success {
            true => Ok(printable(&format!("the verification plugin {name} has checked it: {said}"))),
            false => Err(CheckFailure::new(format!("the verification plugin {name} refuses it: {said}"))),
        })
    };
    Ok(Findings { identity: result(Capability::TrustedIdentity), revocation: result(Capability::RevocationCheck) })
}

/// Whether all the metadata that is demanded was signed.
fn user_metadata(
    demanded: &BTreeMap<String, String>,
    signed: &BTreeMap<String, String>,
) -> Result<String, CheckFailure> {
    for (key, demanded) in demanded {
        let why = match signed.get(key) {
            Some(signed) if signed == demanded => continue,
            Some(signed) => format!("the metadata {key:?} was signed as {signed:?}, and {demanded:?} is demanded"),
            None => format!("the metadata {key:?} was not signed, and {demanded:?} is demanded"),
        };
        return Err(CheckFailure::new(why).with_remedy(format!(
            "If it is what it should be, sign it again with the metadata {key:?}; else demand what was signed."
        )));
    }
    Ok("what is demanded was signed".to_owned())
}

/// The validation `expiry`.
fn expiry(attributes: &SignedAttributes, now: OffsetDateTime) -> Result<String, CheckFailure> {
    match attributes.expiry {
        None => Ok("the signature does not expire".to_owned()),
        Some(expiry) if now >= expiry => {
            Err(CheckFailure::new(format!("the signature expired at {}", rfc3339(expiry)))
                .with_remedy("Sign the artifact again, if it is still to be used."))
        }
        Some(expiry) => Ok(format!("the signature expires at {}", rfc3339(expiry))),
    }
}
