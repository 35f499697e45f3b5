//! Names of users and roles ("IAM and AWS STS quotas" in the IAM User Guide).

use std::fmt;
use std::str::FromStr;

use super::PrincipalsError;

/// The name of a user or role: 1 to 64 letters, digits and the characters `_+=,.@-`. It is also the name of a profile
/// in the credentials file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PrincipalName(String);

impl PrincipalName {
    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PrincipalName {
    type Err = PrincipalsError;

    fn from_str(name: &str) -> Result<Self, PrincipalsError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b);
        if !(1..=64).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(PrincipalsError::Name(name.to_owned()));
        }
        if name.eq_ignore_ascii_case("default") {
            return Err(PrincipalsError::Reserved);
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for PrincipalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
