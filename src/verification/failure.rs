//! The code of each failure of a verification.

use notary::trust::policy::ValidationType;
use notary::{Advice, ReasonCode};
use notation::verify::{
    Check, CheckFailure, CheckOutcome, Conclusion, RequirementError, SignatureVerdict, Verdict, VerificationPolicy,
};

use crate::output::exit::CliError;

/// The error of a failed check.
#[must_use]
pub fn check_error(check: Check, failure: &CheckFailure) -> CliError {
    let error = CliError::new(check_code(check, failure), &failure.reason);
    match failure.advice() {
        Some(advice) => error.with_advice(advice),
        None => error,
    }
}

/// The error of an inspected signature. `code` is that of something wrong with it, not of a check that could not be made.
#[must_use]
pub fn inspection_error(code: ReasonCode, failure: &CheckFailure) -> CliError {
    let code = match code {
        _ if failure.misconfigured => ReasonCode::Configuration,
        _ if failure.undetermined => ReasonCode::Unreachable,
        code => code,
    };
    let error = CliError::new(code, &failure.reason);
    match failure.advice() {
        Some(advice) => error.with_advice(advice),
        None => error,
    }
}

/// The code of a failed check.
fn check_code(check: Check, failure: &CheckFailure) -> ReasonCode {
    match check {
        _ if !failure.revoked.is_empty() => ReasonCode::Revoked,
        _ if failure.misconfigured => ReasonCode::Configuration,
        _ if failure.undetermined => ReasonCode::Unreachable,
        Check::Validation(ValidationType::Integrity) => ReasonCode::Integrity,
        Check::Validation(ValidationType::Authenticity) => ReasonCode::Untrusted,
        Check::Validation(ValidationType::AuthenticTimestamp) => ReasonCode::CertificateValidity,
        Check::Validation(ValidationType::Expiry) => ReasonCode::Expired,
        Check::Validation(ValidationType::Revocation) => ReasonCode::Revoked,
        Check::UserMetadata => ReasonCode::Metadata,
    }
}

/// The error of an artifact that is not verified: the failure of one of its signatures, or that it has none.
#[must_use]
pub fn verdict_error(verdict: &Verdict) -> Option<CliError> {
    match verdict.conclusion() {
        Conclusion::Verified | Conclusion::Skipped => return None,
        Conclusion::Refused | Conclusion::Undetermined | Conclusion::Misconfigured => {}
    }
    let number = verdict.signatures().len();
    let Some((signature, error)) = deciding(verdict) else {
        return Some(CliError::new(ReasonCode::Unsigned, "there is no signature").with_remedy(Some(Advice::Sign)));
    };
    let error = match number {
        1 => error,
        _ => error.context(format!("none of the {number} signatures is accepted; {}", signature.manifest.digest)),
    };
    Some(match verdict.advice() {
        Some(advice) => error.with_advice(advice),
        None => error,
    })
}

/// The signature whose failure decides, and its error: what must be corrected or may change comes first, then a revocation, and
/// last that a signer is not trusted, which anybody can cause by adding a signature.
fn deciding(verdict: &Verdict) -> Option<(&SignatureVerdict, CliError)> {
    let rank = |code: ReasonCode| match code.disposition() {
        notary::Disposition::Misconfigured => 0,
        notary::Disposition::Undetermined => 1,
        notary::Disposition::Refused if code == ReasonCode::Revoked => 2,
        notary::Disposition::Refused if code == ReasonCode::Untrusted => 4,
        notary::Disposition::Refused => 3,
    };
    let errors = verdict.signatures().iter().filter_map(|signature| Some((signature, signature_error(signature)?)));
    errors.min_by_key(|(_, error)| rank(error.code))
}

/// The error of the check for which a signature is not accepted.
#[must_use]
pub fn signature_error(signature: &SignatureVerdict) -> Option<CliError> {
    let refused = signature.checks.iter().find(|result| result.outcome.is_refused())?;
    let failure = refused.outcome.failure()?;
    Some(check_error(refused.check, failure).context(refused.check))
}

/// The error if a requirement is not met.
#[must_use]
pub fn requirement_error(verdict: &Verdict, why: &RequirementError) -> CliError {
    let code = match why.conclusion() {
        // A signature that was not judged could be one of those that are missing.
        Conclusion::Misconfigured | Conclusion::Undetermined => {
            deciding(verdict).map_or(ReasonCode::Unreachable, |(_, error)| error.code)
        }
        Conclusion::Refused | Conclusion::Verified | Conclusion::Skipped => ReasonCode::MissingSigners,
    };
    CliError::new(code, why)
}

/// The error if no signature verified, a signer is not trusted, and a trust store of the policy cannot be read. The unreadable store
/// might trust that signer, so this is a configuration error and not a refusal.
#[must_use]
pub fn unreadable_stores(policy: &VerificationPolicy, verdict: &Verdict) -> Option<CliError> {
    let is_untrusted = |outcome: Option<&CheckOutcome>| outcome.is_some_and(CheckOutcome::is_refused);
    let is_concerned = !verdict.is_verified()
        && verdict.signatures().iter().any(|signature| is_untrusted(signature.outcome(ValidationType::Authenticity)));
    let reasons: Vec<&str> = policy.unreadable().filter(|_| is_concerned).collect();
    if reasons.is_empty() {
        return None;
    }
    let why = CliError::configuration(format!("a trust store cannot be read: {}", reasons.join("; ")));
    Some(why.with_remedy(Some(Advice::RepairTrustStore)))
}
