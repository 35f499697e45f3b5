//! AWS accounts.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::NameError;

/// The id of an AWS account: 12 digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(Cow<'static, str>);

impl AccountId {
    /// The account of the examples in AWS's documentation.
    pub const EXAMPLE: Self = Self(Cow::Borrowed("111122223333"));

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = NameError;

    fn from_str(id: &str) -> Result<Self, NameError> {
        match id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()) {
            true => Ok(Self(Cow::Owned(id.to_owned()))),
            false => Err(NameError::new("account", id, "an AWS account id has 12 digits")),
        }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
