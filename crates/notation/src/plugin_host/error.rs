//! Errors of verification plugins.

use std::time::Duration;

use files::FileError;
use notary::json::JsonError;
use notary::text::printable;

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
    /// Whether the plugin reached no result, as opposed to rejecting the signature: a retry may succeed.
    pub(crate) fn is_undetermined(&self) -> bool {
        match self {
            Self::Run { .. } | Self::Timeout { .. } => true,
            Self::Failed { code, .. } => {
                matches!(code.as_deref(), Some("ACCESS_DENIED" | "TIMEOUT" | "THROTTLED"))
            }
            _ => false,
        }
    }

    /// Whether it failed because of credentials or a permission.
    pub(crate) fn is_misconfigured(&self) -> bool {
        matches!(self, Self::Failed { code: Some(code), .. } if code == "ACCESS_DENIED")
    }

    /// The advice for the user, if there is any.
    pub(crate) fn remedy(&self, name: &str) -> Option<String> {
        match self {
            Self::File(FileError::Missing(path)) => {
                Some(format!("If you trust its publisher, install the plugin {name} as {}.", path.display()))
            }
            Self::TooOld { .. } => Some(format!("Install a newer version of the plugin {name}.")),
            _ => None,
        }
    }
}
