//! Names of trust stores: `{trust-store-type}:{named-store}`. `trust-store-trust-policy.md`, "Trust Policy Properties".

use std::fmt;
use std::str::FromStr;

/// The type of a trust store: what its certificates are trusted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrustStoreType {
    /// `ca`: certificate authorities, for signatures of the scheme `notary.x509`.
    Ca,
    /// `signingAuthority`: signing authorities, for signatures of the scheme `notary.x509.signingAuthority`.
    SigningAuthority,
    /// `tsa`: timestamping authorities.
    Tsa,
}

impl TrustStoreType {
    /// All types.
    pub const ALL: [Self; 3] = [Self::Ca, Self::SigningAuthority, Self::Tsa];

    /// Returns the name of the type in trust policies, which is also the name of its folder.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::SigningAuthority => "signingAuthority",
            Self::Tsa => "tsa",
        }
    }
}

impl fmt::Display for TrustStoreType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An invalid trust store name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreNameError {
    /// There is no colon.
    #[error("{0:?} is not TYPE:NAME, such as ca:acme-rockets")]
    NotTypeAndName(String),
    /// The type is unknown.
    #[error("{0:?} has an unknown type; the types are ca, signingAuthority and tsa")]
    Type(String),
    /// The name has characters that are not allowed.
    #[error("{0:?} has no valid name after the colon; use the characters a-z A-Z 0-9 _ . - (. and .. are not allowed)")]
    Name(String),
}

/// The name of a trust store, such as `signingAuthority:aws-signer-ts`. It is safe to use as a folder name.
///
/// notation 1.3.2 also accepts `.` and `..`, and then reads a folder that is not a named store. The specification: "The
/// name of this sub directory is used to reference the specific store in trust policy".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrustStoreName {
    kind: TrustStoreType,
    name: String,
}

impl TrustStoreName {
    /// Creates the name of the store `name` of a type.
    ///
    /// # Errors
    /// Returns [`StoreNameError::Name`] if `name` is empty, `.` or `..`, or has characters that are not allowed.
    pub fn new(kind: TrustStoreType, name: &str) -> Result<Self, StoreNameError> {
        let valid = !matches!(name, "" | "." | "..")
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
        let found = || StoreNameError::Name(format!("{kind}:{name}"));
        valid.then(|| Self { kind, name: name.to_owned() }).ok_or_else(found)
    }

    /// Returns the type of the store.
    #[must_use]
    pub fn store_type(&self) -> TrustStoreType {
        self.kind
    }

    /// Returns the name without the type.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for TrustStoreName {
    type Err = StoreNameError;

    fn from_str(text: &str) -> Result<Self, StoreNameError> {
        let (kind, name) = text.split_once(':').ok_or_else(|| StoreNameError::NotTypeAndName(text.to_owned()))?;
        let kind = TrustStoreType::ALL.into_iter().find(|known| known.as_str() == kind);
        Self::new(kind.ok_or_else(|| StoreNameError::Type(text.to_owned()))?, name)
    }
}

impl fmt::Display for TrustStoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn parses_type_and_name() {
        for text in ["ca:acme-rockets", "signingAuthority:aws-signer-ts", "tsa:a.b_C-9", "ca:..."] {
            assert_eq!(text.parse::<TrustStoreName>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn rejects_unknown_types_and_unsafe_names() {
        for name in ["", ".", "..", "../ca", "a/b", "a\\b", "a b", "ä", "a\0", "a:b"] {
            let text = format!("ca:{name}");
            assert_eq!(text.parse::<TrustStoreName>(), Err(StoreNameError::Name(text)));
        }
        assert_eq!("acme".parse::<TrustStoreName>(), Err(StoreNameError::NotTypeAndName("acme".to_owned())));
        for text in ["CA:a", ":a", "signingauthority:a", " ca:a"] {
            assert_eq!(text.parse::<TrustStoreName>(), Err(StoreNameError::Type(text.to_owned())));
        }
    }
}
