//! The validity period of OCSP responses and CRLs: RFC 6960, 3.2; RFC 5280, 6.3.3.

use time::{Duration, OffsetDateTime};

use super::error::CurrencyError;

/// Tolerated clock skew, so that a response made this second is accepted even if the server's clock is ahead.
const SKEW: Duration = Duration::minutes(5);

/// Returns the end of the validity period. "Response is considered expired if the current date is after the
/// `NextUpdate` field in the response"; a response without one would be valid forever and is rejected.
pub(super) fn check_currency(
    this_update: OffsetDateTime,
    next_update: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Result<OffsetDateTime, CurrencyError> {
    match next_update {
        None => Err(CurrencyError::NoNextUpdate),
        Some(next_update) if now > next_update => Err(CurrencyError::Expired(next_update)),
        Some(_) if this_update > now + SKEW => Err(CurrencyError::NotYetValid(this_update)),
        Some(next_update) => Ok(next_update),
    }
}
