//! The validation `authenticTimestamp`: the signature was made while the certificates were valid.

use notary::envelope::{SigningScheme, VerifiedEnvelope};
use notary::trust::policy::VerifyTimestamp;
use time::OffsetDateTime;

use super::finding::Finding;
use super::policy::VerificationPolicy;
use super::reason::Reason;

pub(super) fn check(
    policy: &VerificationPolicy,
    envelope: &VerifiedEnvelope,
    now: OffsetDateTime,
) -> Result<Finding, Reason> {
    let attributes = envelope.attributes();
    if attributes.signing_scheme == SigningScheme::X509 && requires_timestamp(policy, envelope, now) {
        return Err(Reason::TimestampRequired { verify_timestamp: policy.verification.verify_timestamp() });
    }
    envelope.check_validity(now).map_err(Reason::CertificateValidity)?;
    Ok(match attributes.signing_scheme {
        SigningScheme::SigningAuthority => Finding::ValidWhenSigned { time: attributes.signing_time },
        SigningScheme::X509 => Finding::ValidNow,
    })
}

/// "Sufficient and necessary conditions to trigger timestamp countersignature verification", for the scheme
/// `notary.x509`.
fn requires_timestamp(policy: &VerificationPolicy, envelope: &VerifiedEnvelope, now: OffsetDateTime) -> bool {
    let has_expired = || envelope.chain().certificates().iter().any(|certificate| now > certificate.not_after());
    policy.has_tsa
        && match policy.verification.verify_timestamp() {
            VerifyTimestamp::Always => true,
            VerifyTimestamp::AfterCertExpiry => has_expired(),
        }
}
