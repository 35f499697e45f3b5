//! Errors of verification plugins.

use std::time::Duration;

use files::FileError;
use notary::json::JsonError;
use notary::text::printable;
use notary::{Advice, ReasonCode};

use super::version::VersionError;

/// Why a verification plugin failed.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// The signature gives an invalid plugin name.
    #[error(
        "{0:?} is not a valid plugin name: a name has letters, digits, '.', '_' or '-' and starts with a letter or digit"
    )]
    Name(String),
    /// The plugin's version or the required one is malformed.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// Its program is missing or not safe to run.
    #[error("its program cannot be used: {0}")]
    File(#[from] FileError),
    /// It cannot be started, or communication with it failed.
    #[error("{command} cannot be run: {why}")]
    Run {
        /// The command.
        command: &'static str,
        /// The error of the system.
        why: String,
    },
    /// It did not end within the time limit and was killed.
    #[error("{command} did not end within {} s, the time limit for this artifact", .budget.as_secs_f32())]
    Timeout {
        /// The command.
        command: &'static str,
        /// The time limit.
        budget: Duration,
    },
    /// Its answer is too large.
    #[error("{command} wrote more than {most} bytes, the limit of an answer")]
    TooLarge {
        /// The command.
        command: &'static str,
        /// The limit in bytes.
        most: u64,
    },
    /// It reported an error.
    #[error("{command} failed: {}", shown(code.as_deref(), message))]
    Failed {
        /// The command.
        command: &'static str,
        /// The protocol's error code, if the plugin gave one.
        code: Option<String>,
        /// Its message, which may be empty.
        message: String,
    },
    /// Its answer is not the JSON that the protocol requires.
    #[error("the answer of {command} does not conform to the plugin protocol: {source}")]
    Answer {
        /// The command.
        command: &'static str,
        /// What is wrong.
        source: JsonError,
    },
    /// Its metadata has another name than its file.
    #[error("its metadata has the name {0:?}")]
    OtherName(String),
    /// It does not support this version of the protocol.
    #[error("it does not support version 1.0 of the plugin protocol, only {0:?}")]
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
    /// A critical attribute has a value that the protocol does not support.
    #[error("the critical attribute {0:?} is an array or an object, which the plugin protocol does not support")]
    Attribute(String),
    /// It did not process a critical attribute that is unknown to this program.
    #[error("it did not process the critical attribute {0:?}")]
    Unprocessed(String),
    /// Its results are not those of the requested checks.
    #[error("it returned results for {found:?}, but {asked:?} were requested")]
    Results {
        /// The requested checks.
        asked: Vec<String>,
        /// The returned results.
        found: Vec<String>,
    },
}

fn shown(code: Option<&str>, message: &str) -> String {
    let message = if message.is_empty() { "no message" } else { message };
    printable(&code.map_or_else(|| message.to_owned(), |code| format!("{code}: {message}")))
}

impl PluginError {
    /// Returns the stable name of the kind of failure. A plugin that cannot be asked is undetermined or misconfigured; one that does
    /// not meet what the signature requires leaves critical attributes unprocessed, which is unsupported.
    pub(crate) fn code(&self) -> ReasonCode {
        match self {
            Self::Timeout { .. } => ReasonCode::Deadline,
            Self::Run { .. } => ReasonCode::Internal,
            Self::Failed { code, .. } => match code.as_deref() {
                Some("ACCESS_DENIED") => ReasonCode::Denied,
                Some("TIMEOUT") => ReasonCode::Deadline,
                Some("THROTTLED") => ReasonCode::Throttled,
                _ => ReasonCode::Unsupported,
            },
            _ => ReasonCode::Unsupported,
        }
    }

    /// Returns what to do about the plugin `name`.
    pub(crate) fn advice(&self, name: &str) -> Option<Advice> {
        match self {
            Self::File(FileError::Missing(path)) => {
                Some(Advice::InstallPlugin { name: name.to_owned(), path: path.display().to_string() })
            }
            Self::TooOld { .. } => Some(Advice::UpdatePlugin { name: name.to_owned() }),
            _ => None,
        }
    }
}
