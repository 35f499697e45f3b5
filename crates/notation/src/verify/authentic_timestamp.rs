//! The validation `authenticTimestamp`: the signature was made while the certificates were valid.

use notary::envelope::{SigningScheme, VerifiedEnvelope};
use notary::text::rfc3339;
use notary::trust::policy::VerifyTimestamp;
use time::OffsetDateTime;

use super::policy::VerificationPolicy;
use super::verdict::CheckFailure;

pub(super) fn check(
    policy: &VerificationPolicy,
    envelope: &VerifiedEnvelope,
    now: OffsetDateTime,
) -> Result<String, CheckFailure> {
    let attributes = envelope.attributes();
    if attributes.signing_scheme == SigningScheme::X509 && demands_timestamp(policy, envelope, now) {
        let when = policy.verification.verify_timestamp();
        return Err(CheckFailure::new(format!(
            "the policy demands a timestamp (it has a trust store of the type tsa, and verifyTimestamp is {when}), and \
             timestamps are not supported yet"
        )));
    }
    envelope.check_validity(now).map_err(|why| {
        CheckFailure::of(why)
            .with_remedy("Sign the artifact again with certificates that are valid, if it is to be used.")
    })?;
    Ok(match attributes.signing_scheme {
        SigningScheme::SigningAuthority => {
            let time = rfc3339(attributes.signing_time);
            format!("every certificate was valid at the authentic signing time {time}")
        }
        SigningScheme::X509 => "no timestamp is demanded, and every certificate is valid now".to_owned(),
    })
}

/// "Sufficient and necessary conditions to trigger timestamp countersignature verification", for the scheme `notary.x509`.
fn demands_timestamp(policy: &VerificationPolicy, envelope: &VerifiedEnvelope, now: OffsetDateTime) -> bool {
    let has_expired = || envelope.chain().certificates().iter().any(|certificate| now > certificate.not_after());
    policy.has_tsa
        && match policy.verification.verify_timestamp() {
            VerifyTimestamp::Always => true,
            VerifyTimestamp::AfterCertExpiry => has_expired(),
        }
}
