//! The capabilities of a plugin.

use std::fmt;

use serde::{Serialize, Serializer};

/// A capability. Those of verifiers are also the names of checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Generates raw signatures.
    SignatureGenerator,
    /// Generates whole signature envelopes.
    EnvelopeGenerator,
    /// Compares the signer with the trusted identities of a trust policy.
    TrustedIdentity,
    /// Checks whether a signature was revoked.
    RevocationCheck,
}

impl Capability {
    /// Every capability.
    pub const ALL: [Self; 4] =
        [Self::SignatureGenerator, Self::EnvelopeGenerator, Self::TrustedIdentity, Self::RevocationCheck];

    /// Returns the capability with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| capability.as_str() == name)
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignatureGenerator => "SIGNATURE_GENERATOR.RAW",
            Self::EnvelopeGenerator => "SIGNATURE_GENERATOR.ENVELOPE",
            Self::TrustedIdentity => "SIGNATURE_VERIFIER.TRUSTED_IDENTITY",
            Self::RevocationCheck => "SIGNATURE_VERIFIER.REVOCATION_CHECK",
        }
    }

    /// Whether `verify-signature` makes this check.
    #[must_use]
    pub fn is_check(self) -> bool {
        matches!(self, Self::TrustedIdentity | Self::RevocationCheck)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Capability {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
