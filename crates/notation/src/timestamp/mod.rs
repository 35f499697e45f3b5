//! Making timestamps of signatures: a timestamping authority (TSA) confirms when a signature existed, so that it stays
//! valid when its certificates have expired. RFC 3161; notaryproject/specifications,
//! `signing-and-verification-workflow.md`.
//!
//! Everything is checked before the timestamp is written: the response, the signature of the authority, its chain and
//! the revocation of its chain, and that the signer's certificates were valid.

mod authority;
mod error;

use limits::Deadline;
use notary::DigestAlgorithm;
use notary::envelope::{
    Envelope, EnvelopeFormat, SignatureAlgorithm, SigningScheme, VerifiedEnvelope, VerifyError, with_timestamp,
};
use notary::timestamp::VerifiedTimestamp;
use time::OffsetDateTime;

pub use self::authority::{TimestampingAuthority, parse_url};
pub use self::error::TimestampingError;
pub(crate) use self::error::revoked_authority;
use crate::revocation::{RevocationQuestion, RevocationSource, RevocationStatus};

/// An envelope with its new timestamp, which has been verified.
#[derive(Debug, Clone)]
pub struct StampedEnvelope {
    /// The envelope.
    pub bytes: Vec<u8>,
    /// The timestamp.
    pub timestamp: VerifiedTimestamp,
}

/// Requests a timestamp for the signature of an envelope of this form, and returns the envelope with it, in place of
/// another timestamp if it has one.
///
/// # Errors
/// Returns [`TimestampingError`] if the envelope does not verify or needs no timestamp, if there is no valid timestamp,
/// or if it proves nothing: the authority's certificates are revoked, or the signer's were not valid at the time.
pub async fn stamp(
    format: EnvelopeFormat,
    envelope: &[u8],
    authority: &TimestampingAuthority,
    revocation: &dyn RevocationSource,
    now: OffsetDateTime,
    deadline: Deadline,
) -> Result<StampedEnvelope, TimestampingError> {
    let verified = Envelope::parse(format, envelope)?.verify_integrity()?;
    if verified.attributes().signing_scheme == SigningScheme::SigningAuthority {
        return Err(TimestampingError::SigningAuthority);
    }
    let (der, token) = authority.request(verified.signature(), hash_algorithm(&verified)?, deadline).await?;
    let timestamp = authority.verify(&token, verified.signature())?;
    for limit in [timestamp.lower_limit(), timestamp.upper_limit()] {
        verified.chain().check_validity(limit).map_err(|source| match verified.chain().check_validity(now) {
            Ok(()) => TimestampingError::Time { url: authority.shown(), source: Box::new(source) },
            Err(_) => TimestampingError::NotValid(source),
        })?;
    }
    match revocation.status(&RevocationQuestion::of_authority(&timestamp, now, deadline)).await {
        RevocationStatus::NotRevoked(_) => {}
        RevocationStatus::Revoked { message, .. } => return Err(TimestampingError::Revoked(message)),
        RevocationStatus::Unknown(failure) => return Err(TimestampingError::Undecided(failure)),
    }
    let bytes = with_timestamp(format, envelope, &der)?;
    tracing::info!(authority = timestamp.chain().leaf().subject(), timestamp = %timestamp.info(), "added a timestamp");
    Ok(StampedEnvelope { bytes, timestamp })
}

/// "The hash algorithm MUST be deduced from signing certificate's public key."
fn hash_algorithm(verified: &VerifiedEnvelope) -> Result<DigestAlgorithm, TimestampingError> {
    let algorithm = verified.chain().leaf().public_key().and_then(SignatureAlgorithm::from_key);
    let algorithm = algorithm.ok_or(TimestampingError::Verify(VerifyError::UnsupportedKey))?;
    Ok(DigestAlgorithm::from_signature_algorithm(algorithm))
}
