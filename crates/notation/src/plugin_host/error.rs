//! Why a verification plugin did not do what a signature needs of it.

use std::time::Duration;

use files::FileError;
use notary::json::JsonError;
use notary::text::printable;

use super::version::VersionError;

/// What went wrong with a plugin.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// The signature's name for it is not one that a plugin can have.
    #[error(
        "{0:?} is not a plugin's name: letters, digits, '.', '_' and '-' make one, and it begins with none of the last three"
    )]
    Name(String),
    /// A version, the plugin's or the demanded one, is none.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// Its program is not there, or not one that may be run.
    #[error("its program cannot be used: {0}")]
    File(#[from] FileError),
    /// It cannot be started, or be talked to.
    #[error("{command} cannot be run: {why}")]
    Run {
        /// The command.
        command: &'static str,
        /// What the system says.
        why: String,
    },
    /// It has not ended in time, and was killed.
    #[error("{command} did not end within the {} s for this artifact", .budget.as_secs_f32())]
    Timeout {
        /// The command.
        command: &'static str,
        /// The time.
        budget: Duration,
    },
    /// It writes more than an answer can have.
    #[error("{command} answers with more than {most} bytes")]
    TooLarge {
        /// The command.
        command: &'static str,
        /// How many are read.
        most: u64,
    },
    /// It says that it failed.
    #[error("{command} failed: {}", shown(code.as_deref(), message))]
    Failed {
        /// The command.
        command: &'static str,
        /// The protocol's code for it, where the plugin gives one.
        code: Option<String>,
        /// What it says, which may be nothing.
        message: String,
    },
    /// Its answer is not the JSON that the protocol has.
    #[error("{command} does not answer as the plugin protocol wants it: {source}")]
    Answer {
        /// The command.
        command: &'static str,
        /// What is wrong.
        source: JsonError,
    },
    /// It calls itself otherwise than its file.
    #[error("it says that its name is {0:?}")]
    OtherName(String),
    /// It does not speak the version of the protocol.
    #[error("it does not speak version 1.0 of the plugin protocol, but {0:?}")]
    Contract(Vec<String>),
    /// It is older than the signature demands.
    #[error("the signature demands version {demanded} of it, and {found} is installed")]
    TooOld {
        /// The lowest version that would do.
        demanded: String,
        /// The version that is there.
        found: String,
    },
    /// It verifies nothing.
    #[error(
        "it can check neither trusted identities nor revocation (SIGNATURE_VERIFIER.TRUSTED_IDENTITY, SIGNATURE_VERIFIER.REVOCATION_CHECK)"
    )]
    NoVerifier,
    /// A critical attribute has a value that the protocol cannot carry.
    #[error("the critical attribute {0:?} is an array or an object, which the plugin protocol does not carry")]
    Attribute(String),
    /// It has not processed a critical attribute, and nobody else has.
    #[error("it did not process the critical attribute {0:?}")]
    Unprocessed(String),
    /// Its results are not those that were asked for.
    #[error("its results are {found:?}, and {asked:?} were asked for")]
    Results {
        /// What it was asked for.
        asked: Vec<String>,
        /// What it answered.
        found: Vec<String>,
    },
}

fn shown(code: Option<&str>, message: &str) -> String {
    let message = if message.is_empty() { "it says nothing more" } else { message };
    printable(&code.map_or_else(|| message.to_owned(), |code| format!("{code}: {message}")))
}

impl PluginError {
    /// Whether the plugin could not be asked, rather than standing against the signature: a later try may end otherwise.
    pub(crate) fn is_undetermined(&self) -> bool {
        match self {
            Self::Run { .. } | Self::Timeout { .. } => true,
            Self::Failed { code, .. } => {
                matches!(code.as_deref(), Some("ACCESS_DENIED" | "TIMEOUT" | "THROTTLED"))
            }
            _ => false,
        }
    }

    /// Whether it could not be asked because of credentials or a permission.
    pub(crate) fn is_misconfigured(&self) -> bool {
        matches!(self, Self::Failed { code: Some(code), .. } if code == "ACCESS_DENIED")
    }

    /// What to do, where the user can do something.
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
