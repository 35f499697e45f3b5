//! What a verdict would be if what is not known were known, and how long a verdict holds.

use std::time::Duration;

use notary::ReasonCode;
use notary::trust::policy::ValidationType;
use notation::verify::{CheckOutcome, Finding, Reason, Verdict};
use time::OffsetDateTime;

/// The verdict if no signature were revoked of which it is not known. `None` if a signature is revoked, or revocation
/// is known of all.
pub(super) fn unless_revoked(verdict: &Verdict) -> Option<Verdict> {
    let mut reasons = verdict.signatures.iter().filter_map(|signature| signature.reason());
    if reasons.any(|reason| reason.code() == ReasonCode::Revoked) {
        return None;
    }
    let mut verdict = verdict.clone();
    let checks = verdict.signatures.iter_mut().flat_map(|signature| &mut signature.checks);
    let mut is_changed = false;
    for result in checks.filter(|result| result.check == ValidationType::Revocation) {
        if matches!(result.outcome, CheckOutcome::Failed(Reason::Undecided(_))) {
            result.outcome = CheckOutcome::Passed(Finding::NotRevoked("it was not when it was last known".to_owned()));
            is_changed = true;
        }
    }
    is_changed.then_some(verdict)
}

/// How long it is until the first of what verified expires: a signature, or a certificate that is valid now. At most
/// `longest`.
pub(super) fn valid_for(verdict: &Verdict, now: OffsetDateTime, longest: Duration) -> Duration {
    let verified = verdict.signatures.iter().filter(|signature| signature.is_verified());
    let ends = verified.filter_map(|signature| signature.signed.as_ref()).flat_map(|signed| {
        let certificates = signed.certificates.iter().map(|certificate| certificate.not_after);
        signed.expiry.into_iter().chain(certificates)
    });
    let next = ends.filter(|end| *end > now).min();
    next.map_or(longest, |end| (end - now).unsigned_abs().min(longest))
}
