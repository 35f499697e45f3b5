//! The commands of a plugin.

use std::fmt;

/// A command, the argument of a plugin's program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Returns name, version and capabilities.
    GetPluginMetadata,
    /// Returns the algorithm of a key, for plugins that return raw signatures.
    DescribeKey,
    /// Returns a raw signature.
    GenerateSignature,
    /// Returns a signature envelope.
    GenerateEnvelope,
    /// Makes checks of a signature.
    VerifySignature,
}

impl Command {
    /// Every command.
    pub const ALL: [Self; 5] = [
        Self::GetPluginMetadata,
        Self::DescribeKey,
        Self::GenerateSignature,
        Self::GenerateEnvelope,
        Self::VerifySignature,
    ];

    /// Returns the command with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.as_str() == name)
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GetPluginMetadata => "get-plugin-metadata",
            Self::DescribeKey => "describe-key",
            Self::GenerateSignature => "generate-signature",
            Self::GenerateEnvelope => "generate-envelope",
            Self::VerifySignature => "verify-signature",
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
