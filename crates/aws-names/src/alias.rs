//! Aliases of signing profiles, and the profiles that only an alias names.
//!
//! The public API model of AWS Signer does not define them yet. AWS's plugin knows both ARNs: signatures that were made
//! through an alias have the first as an attribute. If the profile may be used through its alias only, they name the
//! second instead of a profile version.

use std::fmt;
use std::str::FromStr;

use super::arn::{ALIASED_PROFILES, ALIASES, split, wrong_resource};
use super::{ArnError, Location, NameError};

/// The name of an alias: 1 to 256 letters, digits and `_ . -`, in parts that slashes separate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AliasName(String);

impl AliasName {
    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AliasName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        const RULE: &str = "an alias has 1 to 256 letters, digits and _ . - in parts that slashes separate";
        let is_part = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        };
        match name.len() <= 256 && name.split('/').all(is_part) {
            true => Ok(Self(name.to_owned())),
            false => Err(NameError::new("alias", name, RULE)),
        }
    }
}

impl fmt::Display for AliasName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `arn:PARTITION:signer:REGION:ACCOUNT:/aliases/NAME`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AliasArn {
    location: Location,
    name: AliasName,
}

impl AliasArn {
    /// Creates the ARN of the alias `name` at `location`.
    #[must_use]
    pub fn new(location: Location, name: AliasName) -> Self {
        Self { location, name }
    }

    /// Returns partition, region and account.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Returns the name of the alias.
    #[must_use]
    pub fn name(&self) -> &AliasName {
        &self.name
    }
}

impl fmt::Display for AliasArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{ALIASES}{}", self.location, self.name)
    }
}

impl FromStr for AliasArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        const EXPECTED: &str = "the ARN of an alias (arn:PARTITION:signer:REGION:ACCOUNT:/aliases/NAME)";
        let (location, resource) = split(text)?;
        let Some(name) = resource.strip_prefix(ALIASES) else {
            return Err(wrong_resource(text, &location, resource, EXPECTED));
        };
        let name = name.parse().map_err(|why| ArnError::Part { arn: text.to_owned(), why })?;
        Ok(Self { location, name })
    }
}

/// `arn:PARTITION:signer:REGION:ACCOUNT:/aliased-signing-profiles/UUID`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AliasedProfileArn {
    location: Location,
    id: String,
}

impl AliasedProfileArn {
    /// Returns partition, region and account.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Returns the UUID.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for AliasedProfileArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{ALIASED_PROFILES}{}", self.location, self.id)
    }
}

impl FromStr for AliasedProfileArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        const EXPECTED: &str = "the ARN of an aliased signing profile (arn:PARTITION:signer:REGION:ACCOUNT:/aliased-signing-profiles/UUID)";
        let (location, resource) = split(text)?;
        let Some(id) = resource.strip_prefix(ALIASED_PROFILES) else {
            return Err(wrong_resource(text, &location, resource, EXPECTED));
        };
        if !is_uuid(id) {
            let why = NameError::new("id", id, "the id of an aliased signing profile is a UUID");
            return Err(ArnError::Part { arn: text.to_owned(), why });
        }
        Ok(Self { location, id: id.to_owned() })
    }
}

/// Whether a text is 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12, separated by hyphens.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_hexdigit()))
}
