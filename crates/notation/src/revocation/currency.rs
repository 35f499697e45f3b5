//! Whether an answer counts at a time: RFC 6960, 3.2; RFC 5280, 6.3.3.

use time::{Duration, OffsetDateTime};

use super::error::CurrencyError;

/// How far ahead of ours another's clock may be. An answer that was made this second must not fail for it.
const SKEW: Duration = Duration::minutes(5);

/// Until when an answer counts. "Response is considered expired if the current date is after the `NextUpdate` field in the
/// response"; without one it would count for ever.
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
