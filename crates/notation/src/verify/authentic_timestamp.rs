//! The validation `authenticTimestamp`: the signature was made while the certificates were valid.
//! `trust-store-trust-policy.md`, "Timestamp Countersignature Verification details" and the steps of "Validate
//! Authentic Timestamp".

use notary::envelope::{SigningScheme, VerifiedEnvelope};
use notary::timestamp::{TimestampToken, VerifiedTimestamp};
use notary::trust::policy::VerifyTimestamp;
use notary::x509::Certificate;
use time::OffsetDateTime;

use super::finding::Finding;
use super::policy::VerificationPolicy;
use super::reason::Reason;
use super::revocation;
use super::signature::Context;
use crate::revocation::RevocationQuestion;
use crate::timestamp::revoked_authority;

/// Returns the result, and the timestamp if one is required and it has passed all checks.
pub(super) async fn check(
    context: Context<'_>,
    envelope: &VerifiedEnvelope,
) -> (Result<Finding, Reason>, Option<VerifiedTimestamp>) {
    let Context { policy, now, .. } = context;
    if let Some(roots) = required(policy, envelope, now) {
        return match verify(context, envelope, roots).await {
            Ok((finding, timestamp)) => (Ok(finding), Some(timestamp)),
            Err(why) => (Err(why), None),
        };
    }
    let attributes = envelope.attributes();
    let finding = match attributes.signing_scheme {
        SigningScheme::SigningAuthority => Finding::ValidWhenSigned { time: attributes.signing_time },
        SigningScheme::X509 => Finding::ValidNow,
    };
    (envelope.check_validity(now).map_err(Reason::CertificateValidity).map(|()| finding), None)
}

/// The roots of the trusted authorities, or the errors of their trust stores.
type Roots<'a> = Result<&'a [Certificate], &'a [String]>;

/// "Sufficient and necessary conditions to trigger timestamp countersignature verification": returns the roots of the
/// authorities if they are met.
fn required<'a>(policy: &'a VerificationPolicy, envelope: &VerifiedEnvelope, now: OffsetDateTime) -> Option<Roots<'a>> {
    if envelope.attributes().signing_scheme != SigningScheme::X509 {
        return None;
    }
    let has_expired = || envelope.chain().certificates().iter().any(|certificate| now > certificate.not_after());
    let is_required = match policy.verification.verify_timestamp() {
        VerifyTimestamp::Always => true,
        VerifyTimestamp::AfterCertExpiry => has_expired(),
    };
    policy.timestamping_roots().filter(|_| is_required)
}

/// Verifies the timestamp in the specification's order: existence, integrity, authenticity, the time, and at last
/// revocation, which asks others. All of them are "always enforced when timestamp countersignature verification is
/// triggered": the level decides about their result as a whole.
async fn verify(
    context: Context<'_>,
    envelope: &VerifiedEnvelope,
    roots: Roots<'_>,
) -> Result<(Finding, VerifiedTimestamp), Reason> {
    let Context { verifier, policy, now, deadline, .. } = context;
    let token = envelope.timestamp_signature().filter(|token| !token.is_empty());
    let verify_timestamp = policy.verification.verify_timestamp();
    let is_too_late = || envelope.chain().check_validity(now).is_err();
    let token = token.ok_or_else(|| Reason::NoTimestamp { verify_timestamp, is_too_late: is_too_late() })?;
    let token = TimestampToken::parse_with(token, verifier.authorities()).map_err(Reason::Timestamp)?;
    let roots = roots.map_err(|errors| Reason::UnreadableTrustStore { errors: errors.to_vec() })?;
    let timestamp =
        token.verify_with(envelope.signature(), roots, verifier.authorities()).map_err(Reason::Timestamp)?;
    let info = timestamp.info();
    for limit in [timestamp.lower_limit(), timestamp.upper_limit()] {
        let not_valid = |source| Reason::NotValidAtTimestamp { source, timestamp: Box::new(info.clone()) };
        envelope.chain().check_validity(limit).map_err(not_valid)?;
    }
    let question = RevocationQuestion::of_authority(&timestamp, now, deadline);
    let not_revoked = revocation::check(verifier.revocation(), &question).await.map_err(of_authority)?;
    let finding = Finding::ValidAtTimestamp {
        timestamp: Box::new(info.clone()),
        authority: timestamp.chain().leaf().subject().to_owned(),
        revocation: not_revoked.to_string(),
    };
    Ok((finding, timestamp))
}

/// Says that a failure of the revocation check concerns the authority, not the signer.
fn of_authority(why: Reason) -> Reason {
    match why {
        Reason::Revoked { entities, message } => Reason::Revoked { entities, message: revoked_authority(&message) },
        Reason::Undecided(failure) => Reason::Undecided(failure.context("the timestamping authority")),
        why => why,
    }
}
