//! How long signatures are valid: `SignatureValidityPeriod` of the AWS Signer API Reference.

use std::fmt;
use std::str::FromStr;

use aws_sdk_signer::types::{SignatureValidityPeriod, ValidityType};

/// How long the signatures of a signing profile are valid. AWS Signer accepts from 1 day to 135 months.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureValidity {
    /// The number of units, 1 or more.
    pub value: i32,
    /// Days, months or years.
    pub unit: ValidityUnit,
}

/// The unit of a validity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValidityUnit {
    /// Days.
    Days,
    /// Months.
    Months,
    /// Years.
    Years,
}

/// A text that is not a validity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a number with days, months or years, such as \"135 months\" or \"1 day\"")]
pub struct ValidityError;

impl ValidityUnit {
    /// Returns the name of the unit: `days`, `months` or `years`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Days => "days",
            Self::Months => "months",
            Self::Years => "years",
        }
    }
}

impl SignatureValidity {
    /// Reads the member of an answer.
    pub(super) fn from_sdk(period: &SignatureValidityPeriod) -> Result<Self, String> {
        let unit = match period.r#type() {
            Some(ValidityType::Days) => ValidityUnit::Days,
            Some(ValidityType::Months) => ValidityUnit::Months,
            Some(ValidityType::Years) => ValidityUnit::Years,
            other => {
                let other = other.map_or_else(String::new, |unit| format!(" {:?}", unit.as_str()));
                return Err(format!("its signatureValidityPeriod has no known type{other}"));
            }
        };
        Ok(Self { value: period.value(), unit })
    }

    pub(super) fn to_sdk(self) -> SignatureValidityPeriod {
        let unit = match self.unit {
            ValidityUnit::Days => ValidityType::Days,
            ValidityUnit::Months => ValidityType::Months,
            ValidityUnit::Years => ValidityType::Years,
        };
        SignatureValidityPeriod::builder().value(self.value).r#type(unit).build()
    }
}

impl fmt::Display for SignatureValidity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = self.unit.as_str();
        write!(f, "{} {}", self.value, if self.value == 1 { unit.trim_end_matches('s') } else { unit })
    }
}

impl FromStr for SignatureValidity {
    type Err = ValidityError;

    fn from_str(text: &str) -> Result<Self, ValidityError> {
        let text = text.trim_matches(' ');
        let (value, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let value = value.parse().ok().filter(|value| *value > 0).ok_or(ValidityError)?;
        let unit = match unit.trim_start_matches(' ').to_ascii_lowercase().as_str() {
            "day" | "days" => ValidityUnit::Days,
            "month" | "months" => ValidityUnit::Months,
            "year" | "years" => ValidityUnit::Years,
            _ => return Err(ValidityError),
        };
        Ok(Self { value, unit })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for (text, shown) in [("135 months", "135 months"), ("1day", "1 day"), (" 2 YEARS ", "2 years")] {
            let validity: SignatureValidity = text.parse().unwrap();
            assert_eq!(validity.to_string(), shown);
            assert_eq!(shown.parse(), Ok(validity));
            assert_eq!(SignatureValidity::from_sdk(&validity.to_sdk()), Ok(validity));
        }
        for wrong in ["", "135", "months", "0 days", "-1 day", "1 week", "1 day 2", "99999999999 days", "1\u{a0}day"] {
            assert_eq!(wrong.parse::<SignatureValidity>(), Err(ValidityError), "{wrong:?}");
        }
    }

    #[test]
    fn unknown_units_in_answers_are_errors() {
        let weeks = SignatureValidityPeriod::builder().value(1).r#type(ValidityType::from("WEEKS")).build();
        assert!(SignatureValidity::from_sdk(&weeks).unwrap_err().contains("WEEKS"));
    }
}
