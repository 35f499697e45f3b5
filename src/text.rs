//! How values are written for people and for documents.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time in the form of RFC 3339, in UTC and without fractions: as the specification writes times.
#[must_use]
pub fn rfc3339(time: OffsetDateTime) -> String {
    let whole = time.to_offset(time::UtcOffset::UTC).truncate_to_second();
    // It fails only for years beyond 9999, which no certificate and no signature can name.
    whole.format(&Rfc3339).unwrap_or_else(|_| whole.to_string())
}
