//! The validity period of a profile's signatures: `SignatureValidityPeriod` in the AWS Signer API Reference.

use serde::Serialize;
use time::{Date, Duration, Month, OffsetDateTime};

/// The unit of a validity period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ValidityType {
    /// Days.
    Days,
    /// Calendar months.
    Months,
    /// Calendar years.
    Years,
}

impl ValidityType {
    /// All units with their names in the API.
    pub const ALL: [(&'static str, Self); 3] = [("DAYS", Self::Days), ("MONTHS", Self::Months), ("YEARS", Self::Years)];

    /// The name of the unit in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Days => "DAYS",
            Self::Months => "MONTHS",
            Self::Years => "YEARS",
        }
    }

    /// The unit with this name in the API.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, unit)| *unit)
    }
}

/// How long signatures made with a profile are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ValidityPeriod {
    /// The number of units.
    pub value: u32,
    /// The unit.
    #[serde(rename = "type")]
    pub unit: ValidityType,
}

impl ValidityPeriod {
    /// The default period of a profile.
    pub const DEFAULT: Self = Self { value: 135, unit: ValidityType::Months };

    /// The end of a period that starts at `start`. A day that does not exist in the last month becomes the last day of
    /// it.
    #[must_use]
    pub fn end(self, start: OffsetDateTime) -> OffsetDateTime {
        let months = match self.unit {
            ValidityType::Days => return start.saturating_add(Duration::days(self.value.into())),
            ValidityType::Months => i64::from(self.value),
            ValidityType::Years => i64::from(self.value) * 12,
        };
        let total = i64::from(start.year()) * 12 + i64::from(u8::from(start.month())) - 1 + months;
        let year = i32::try_from(total.div_euclid(12)).ok();
        let month = u8::try_from(total.rem_euclid(12) + 1).ok();
        let date = year
            .zip(month.and_then(|month| Month::try_from(month).ok()))
            .and_then(|(year, month)| Date::from_calendar_date(year, month, start.day().min(month.length(year))).ok());
        date.map_or(OffsetDateTime::new_utc(Date::MAX, start.time()), |date| start.replace_date(date))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn clamps_to_the_last_day_of_a_shorter_month() {
        let end = |value, unit, start| ValidityPeriod { value, unit }.end(start);
        assert_eq!(
            end(135, ValidityType::Months, datetime!(2026-01-02 03:04:05 UTC)),
            datetime!(2037-04-02 03:04:05 UTC)
        );
        assert_eq!(
            end(1, ValidityType::Months, datetime!(2026-01-31 00:00:00 UTC)),
            datetime!(2026-02-28 00:00:00 UTC)
        );
        assert_eq!(end(1, ValidityType::Years, datetime!(2024-02-29 00:00:00 UTC)), datetime!(2025-02-28 00:00:00 UTC));
        assert_eq!(
            end(12, ValidityType::Months, datetime!(2026-12-31 00:00:00 UTC)),
            datetime!(2027-12-31 00:00:00 UTC)
        );
        assert_eq!(end(3, ValidityType::Days, datetime!(2026-12-31 00:00:00 UTC)), datetime!(2027-01-03 00:00:00 UTC));
    }
}
