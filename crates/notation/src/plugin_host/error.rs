//! Errors of plugins.

use std::time::Duration;

use files::FileError;
use notary::json::JsonError;
use notary::plugin::{CONTRACT_VERSION, Capability, Command, ErrorCode};
use notary::text::printable;
use notary::{Advice, ReasonCode};

use super::version::VersionError;

/// Why a plugin failed.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// The signature gives an invalid plugin name.
    #[error(
        "{0:?} is not a valid plugin name: a name has letters, digits, '.', '_' or '-' and starts with a letter or digit"
    )]
    Name(String),
    /// The signature requires a version that is malformed.
    #[error("the required version: {0}")]
    MinimumVersion(VersionError),
    /// The plugin's version is malformed.
    #[error("its version: {0}")]
    Version(VersionError),
    /// Its program is missing or not safe to run.
    #[error("its program cannot be used: {0}")]
    File(#[from] FileError),
    /// It cannot be started, or communication with it failed.
    #[error("{command} cannot be run: {why}")]
    Run {
        /// The command.
        command: Command,
        /// The error of the system.
        why: String,
    },
    /// It did not end within the time limit and was killed.
    #[error("{command} did not end within {} s, the time limit for this artifact", .budget.as_secs_f32())]
    Timeout {
        /// The command.
        command: Command,
        /// The time limit.
        budget: Duration,
    },
    /// Its answer is too large.
    #[error("{command} wrote more than {most} bytes, the limit of an answer")]
    TooLarge {
        /// The command.
        command: Command,
        /// The limit in bytes.
        most: u64,
    },
    /// It reported an error.
    #[error("{command} failed: {}", shown(code.as_ref(), message))]
    Failed {
        /// The command.
        command: Command,
        /// The protocol's error code, if the plugin gave one.
        code: Option<ErrorCode>,
        /// Its message, or how it ended if it wrote none.
        message: String,
    },
    /// Its answer is not the JSON that the protocol requires.
    #[error("the answer of {command} does not conform to the plugin protocol: {source}")]
    Answer {
        /// The command.
        command: Command,
        /// What is wrong.
        source: JsonError,
    },
    /// Its metadata has another name than its file.
    #[error("its metadata has the name {0:?}")]
    OtherName(String),
    /// It does not support this version of the protocol.
    #[error("it does not support version {CONTRACT_VERSION} of the plugin protocol, only {0:?}")]
    Contract(Vec<String>),
    /// It is older than the signature requires.
    #[error("the signature requires version {demanded} or newer, but version {found} is installed")]
    TooOld {
        /// The minimum version.
        demanded: String,
        /// The installed version.
        found: String,
    },
    /// It has no verification capability.
    #[error(
        "it can check neither trusted identities nor revocation (SIGNATURE_VERIFIER.TRUSTED_IDENTITY, SIGNATURE_VERIFIER.REVOCATION_CHECK)"
    )]
    NoVerifier,
    /// It has no signing capability.
    #[error("it cannot sign (SIGNATURE_GENERATOR.RAW, SIGNATURE_GENERATOR.ENVELOPE)")]
    NoSigner,
    /// It signs no blobs: a plugin that makes envelopes does not tell which hash its key requires.
    #[error("it cannot sign files: this requires SIGNATURE_GENERATOR.RAW")]
    NoBlobSigner,
    /// A critical attribute has a value that the protocol does not support.
    #[error("the critical attribute {0:?} is an array or an object, which the plugin protocol does not support")]
    Attribute(String),
    /// It did not process a critical attribute that is unknown to this program.
    #[error("it did not process the critical attribute {0:?}")]
    Unprocessed(String),
    /// Its results are not those of the requested checks.
    #[error("it returned results for {}, but {} were requested", names(found), names(asked))]
    Results {
        /// The requested checks.
        asked: Vec<Capability>,
        /// The returned results.
        found: Vec<Capability>,
    },
}

fn names(checks: &[Capability]) -> String {
    let names: Vec<_> = checks.iter().map(|check| check.as_str()).collect();
    if names.is_empty() { "no check".to_owned() } else { names.join(" and ") }
}

fn shown(code: Option<&ErrorCode>, message: &str) -> String {
    printable(&code.map_or_else(|| message.to_owned(), |code| format!("{code}: {message}")))
}

impl PluginError {
    /// Returns the kind of this failure. Only what the signature itself demands is a judgement of it.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::Name(_) | Self::MinimumVersion(_) => ReasonCode::Integrity,
            // The signature needs a plugin that is not here.
            Self::File(FileError::Missing(_))
            | Self::Contract(_)
            | Self::TooOld { .. }
            | Self::NoVerifier
            | Self::NoSigner
            | Self::NoBlobSigner
            | Self::Attribute(_)
            | Self::Unprocessed(_) => ReasonCode::Unsupported,
            Self::File(_) => ReasonCode::File,
            Self::Run { .. } => ReasonCode::Unreachable,
            Self::Timeout { .. } => ReasonCode::Deadline,
            Self::Version(_)
            | Self::TooLarge { .. }
            | Self::Answer { .. }
            | Self::OtherName(_)
            | Self::Results { .. } => ReasonCode::Protocol,
            Self::Failed { code, .. } => match code {
                Some(ErrorCode::AccessDenied) => ReasonCode::Denied,
                Some(ErrorCode::Timeout) => ReasonCode::Deadline,
                Some(ErrorCode::Throttled) => ReasonCode::Throttled,
                // The plugin finds the signature or the policy invalid.
                Some(ErrorCode::ValidationError) => ReasonCode::Unsupported,
                _ => ReasonCode::Protocol,
            },
        }
    }

    /// Returns what to do about the failure of the plugin `name`.
    #[must_use]
    pub fn advice(&self, name: &str) -> Option<Advice> {
        match self {
            Self::File(FileError::Missing(path)) => {
                Some(Advice::InstallPlugin { name: name.to_owned(), path: path.display().to_string() })
            }
            Self::TooOld { .. } => Some(Advice::UpdatePlugin { name: name.to_owned() }),
            Self::Timeout { .. } => Some(Advice::AllowMoreTime),
            _ => None,
        }
    }
}
