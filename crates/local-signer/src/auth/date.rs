//! The date of a request.

use time::format_description::FormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::AuthError;
use super::error::incomplete;

/// The maximum difference between a request's date and the real time, in either direction.
const MAX_SKEW: Duration = Duration::minutes(5);
const TIMESTAMP: &[FormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");

/// Parses a date such as `20260131T123000Z`.
pub fn parse_date(timestamp: &str) -> Result<OffsetDateTime, AuthError> {
    PrimitiveDateTime::parse(timestamp, TIMESTAMP).map(PrimitiveDateTime::assume_utc).map_err(|_| {
        incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{timestamp}'. See http://en.wikipedia.org/wiki/ISO_8601"
        ))
    })
}

/// Checks that a request is neither too old nor from the future. A presigned request is valid for `expires` seconds.
pub fn check_age(
    timestamp: &str,
    signed_at: OffsetDateTime,
    expires: Option<u32>,
    now: OffsetDateTime,
) -> Result<(), AuthError> {
    let valid_for = expires.map_or(MAX_SKEW, |seconds| Duration::seconds(seconds.into()));
    let text = |time: OffsetDateTime| time.format(TIMESTAMP).unwrap_or_default();
    let (earliest, latest) = (now - valid_for, now + MAX_SKEW);
    if signed_at < earliest {
        let (earliest, now, span) = (text(earliest), text(now), in_words(valid_for));
        let message = format!("Signature expired: {timestamp} is now earlier than {earliest} ({now} - {span})");
        return Err(AuthError::Date(message));
    }
    if signed_at > latest {
        let (latest, now) = (text(latest), text(now));
        let message = format!("Signature not yet current: {timestamp} is still later than {latest} ({now} + 5 min.)");
        return Err(AuthError::Date(message));
    }
    Ok(())
}

fn in_words(span: Duration) -> String {
    match span.whole_seconds() {
        seconds if seconds % 60 == 0 => format!("{} min.", seconds / 60),
        seconds => format!("{seconds} sec."),
    }
}
