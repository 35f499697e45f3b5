//! Signature verification levels, which decide how a failed validation is handled. `trust-store-trust-policy.md`,
//! "Signature Verification details" and "Custom Verification Level".

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A validation of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValidationType {
    /// The artifact and the signature are unaltered.
    Integrity,
    /// The signature is from a trusted identity.
    Authenticity,
    /// The signature was made while its certificates were valid.
    AuthenticTimestamp,
    /// The signature has not expired.
    Expiry,
    /// The signing identity is still trusted.
    Revocation,
}

/// How a failed validation is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValidationAction {
    /// The signature is rejected.
    Enforce,
    /// The failure is reported, and validation continues.
    Log,
    /// The validation is skipped.
    Skip,
}

/// A predefined verification level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VerificationLevel {
    /// Every validation is enforced.
    Strict,
    /// Integrity and authenticity are enforced, the others logged.
    Permissive,
    /// Integrity is enforced, the others logged.
    Audit,
    /// Nothing is validated.
    Skip,
}

/// When a timestamp countersignature is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum VerifyTimestamp {
    /// Always.
    #[default]
    Always,
    /// Only if a certificate of the chain has expired.
    AfterCertExpiry,
}

/// An unknown name in place of one of a fixed set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown value {found:?}; allowed are {allowed}")]
pub struct UnknownName {
    /// The unknown name.
    pub found: String,
    /// The allowed names.
    pub allowed: String,
}

/// Implements `ALL`, `as_str`, `FromStr` and `Display` with the names used in trust policies.
macro_rules! named {
    ($type:ident { $($variant:ident => $name:literal),+ }) => {
        impl $type {
            /// All values.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the name used in trust policies.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                let allowed = || [$($name),+].join(", ");
                let unknown = || UnknownName { found: text.to_owned(), allowed: allowed() };
                Self::ALL.iter().copied().find(|known| known.as_str() == text).ok_or_else(unknown)
            }
        }
    };
}

named!(ValidationType {
    Integrity => "integrity",
    Authenticity => "authenticity",
    AuthenticTimestamp => "authenticTimestamp",
    Expiry => "expiry",
    Revocation => "revocation"
});
named!(ValidationAction { Enforce => "enforce", Log => "log", Skip => "skip" });
named!(VerificationLevel { Strict => "strict", Permissive => "permissive", Audit => "audit", Skip => "skip" });
named!(VerifyTimestamp { Always => "always", AfterCertExpiry => "afterCertExpiry" });

impl VerificationLevel {
    /// Returns how this level handles a failure of `validation`.
    #[must_use]
    pub fn action(self, validation: ValidationType) -> ValidationAction {
        use ValidationType::{Authenticity, Integrity};
        match (self, validation) {
            (Self::Skip, _) => ValidationAction::Skip,
            (Self::Strict, _) | (_, Integrity) | (Self::Permissive, Authenticity) => ValidationAction::Enforce,
            (Self::Permissive | Self::Audit, _) => ValidationAction::Log,
        }
    }
}

/// An override that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// The level `skip` validates nothing.
    #[error("the level skip cannot be customized; remove override, or use the level strict, permissive or audit")]
    OfSkip,
    /// Integrity is always enforced.
    #[error("integrity cannot be overridden; allowed are authenticity, authenticTimestamp, expiry and revocation")]
    OfIntegrity,
    /// Only revocation may be skipped.
    #[error("{0} cannot be skipped; allowed are enforce and log")]
    Skip(ValidationType),
}

/// The signature verification settings of a trust policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureVerification {
    level: VerificationLevel,
    overrides: BTreeMap<ValidationType, ValidationAction>,
    verify_timestamp: VerifyTimestamp,
}

impl SignatureVerification {
    /// Creates settings with a predefined level that always verify timestamps.
    #[must_use]
    pub fn new(level: VerificationLevel) -> Self {
        Self { level, overrides: BTreeMap::new(), verify_timestamp: VerifyTimestamp::default() }
    }

    /// Sets when timestamp countersignatures are verified.
    #[must_use]
    pub fn with_verify_timestamp(self, verify_timestamp: VerifyTimestamp) -> Self {
        Self { verify_timestamp, ..self }
    }

    /// Overrides how the level handles a failure of one validation.
    ///
    /// # Errors
    /// Returns [`OverrideError`] if the specification does not allow the override.
    pub fn with_override(
        mut self,
        validation: ValidationType,
        action: ValidationAction,
    ) -> Result<Self, OverrideError> {
        match (self.level, validation, action) {
            (VerificationLevel::Skip, ..) => Err(OverrideError::OfSkip),
            (_, ValidationType::Integrity, _) => Err(OverrideError::OfIntegrity),
            (_, ValidationType::Revocation, _) | (_, _, ValidationAction::Enforce | ValidationAction::Log) => {
                self.overrides.insert(validation, action);
                Ok(self)
            }
            (_, _, ValidationAction::Skip) => Err(OverrideError::Skip(validation)),
        }
    }

    /// Returns the level.
    #[must_use]
    pub fn level(&self) -> VerificationLevel {
        self.level
    }

    /// Returns the overrides of the level.
    #[must_use]
    pub fn overrides(&self) -> &BTreeMap<ValidationType, ValidationAction> {
        &self.overrides
    }

    /// Returns when timestamp countersignatures are verified.
    #[must_use]
    pub fn verify_timestamp(&self) -> VerifyTimestamp {
        self.verify_timestamp
    }

    /// Returns how a failure of `validation` is handled.
    #[must_use]
    pub fn action(&self, validation: ValidationType) -> ValidationAction {
        self.overrides.get(&validation).copied().unwrap_or_else(|| self.level.action(validation))
    }
}

#[cfg(test)]
mod tests {
    use super::ValidationAction::{Enforce, Log, Skip};
    use super::*;

    #[test]
    fn levels_match_the_specifications_table() {
        for (level, actions) in [
            (VerificationLevel::Strict, [Enforce; 5]),
            (VerificationLevel::Permissive, [Enforce, Enforce, Log, Log, Log]),
            (VerificationLevel::Audit, [Enforce, Log, Log, Log, Log]),
            (VerificationLevel::Skip, [Skip; 5]),
        ] {
            let verification = SignatureVerification::new(level);
            let found: Vec<_> = ValidationType::ALL.iter().map(|t| verification.action(*t)).collect();
            assert_eq!(found, actions, "{level}");
        }
    }

    #[test]
    fn rejects_overrides_that_the_specification_does_not_allow() {
        for level in [VerificationLevel::Strict, VerificationLevel::Permissive, VerificationLevel::Audit] {
            for validation in ValidationType::ALL.iter().copied() {
                for action in ValidationAction::ALL.iter().copied() {
                    let expected = match validation {
                        ValidationType::Integrity => Err(OverrideError::OfIntegrity),
                        ValidationType::Revocation => Ok(action),
                        _ if action == Skip => Err(OverrideError::Skip(validation)),
                        _ => Ok(action),
                    };
                    let changed = SignatureVerification::new(level).with_override(validation, action);
                    assert_eq!(changed.map(|v| v.action(validation)), expected, "{level} {validation} {action}");
                }
            }
        }
        let skip = SignatureVerification::new(VerificationLevel::Skip);
        assert_eq!(skip.with_override(ValidationType::Revocation, Log), Err(OverrideError::OfSkip));
    }
}
