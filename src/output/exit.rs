//! How commands end: the exit codes, and which error leads to which.

use std::process::{ExitCode, Termination};

use aws_names::ArnError;
use aws_signer::{CallError, CallErrorKind, ConfigError, SignError};
use notary::reference::ReferenceError;
use notary::text::{printable, printable_lines};
use notary::trust::policy::{NoApplicablePolicy, ScopeError};
use notation::FolderError;
use notation::attach::AttachError;
use notation::sign::{ReservedMetadata, SignArtifactError};
use notation::verify::Conclusion;
use registry::{Failure, LayoutError, RegistryError, StoreError};

/// How a command ended. A command about several artifacts ends with the gravest of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitStatus {
    /// Everything was done, or verified. Code 0.
    Done,
    /// Nothing was refused, but something could not be determined: the network, throttling, no answer about revocation. A later
    /// try may end otherwise. Code 3.
    Undetermined,
    /// The command line, a file, the configuration or the credentials are not right, or permission is missing: a later try ends
    /// the same. Code 2.
    Usage,
    /// At least one artifact was definitely refused. Code 1.
    Refused,
}

impl Termination for ExitStatus {
    fn report(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::Undetermined => 3,
        })
    }
}

/// An artifact that nothing is known of because its policy says so is done with.
impl From<Conclusion> for ExitStatus {
    fn from(conclusion: Conclusion) -> Self {
        match conclusion {
            Conclusion::Verified | Conclusion::Skipped => Self::Done,
            Conclusion::Refused => Self::Refused,
            Conclusion::Undetermined => Self::Undetermined,
            Conclusion::Misconfigured => Self::Usage,
        }
    }
}

impl ExitStatus {
    /// The word for it in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Undetermined => "undetermined",
            Self::Usage => "usage",
            Self::Refused => "refused",
        }
    }
}

/// Why a command, or its work on one artifact, failed. The text is for the person at the terminal and ends with what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CliError {
    /// How the command ends.
    pub status: ExitStatus,
    /// What happened and what to do.
    pub message: String,
}

impl CliError {
    /// The command line, a file or the configuration is not right.
    pub fn usage(message: impl ToString) -> Self {
        Self::new(ExitStatus::Usage, message)
    }

    /// Something is definitely not what it must be.
    pub fn refused(message: impl ToString) -> Self {
        Self::new(ExitStatus::Refused, message)
    }

    /// It could not be found out; later it may.
    pub fn undetermined(message: impl ToString) -> Self {
        Self::new(ExitStatus::Undetermined, message)
    }

    /// The command ends so, for this reason. Registries, services and signatures may have put a part of it in.
    pub fn new(status: ExitStatus, message: impl ToString) -> Self {
        Self { status, message: printable_lines(&message.to_string()) }
    }

    /// The signatures of an artifact cannot be listed, by a command with `--max-signatures`.
    #[must_use]
    pub fn of_list(why: StoreError) -> Self {
        let help = if why.is_too_many() { "; allow more with --max-signatures" } else { "" };
        let error = Self::from(why);
        Self { message: error.message + help, ..error }
    }

    /// The same under a heading, such as the artifact's name.
    #[must_use]
    pub fn context(self, heading: impl std::fmt::Display) -> Self {
        Self::new(self.status, format!("{heading}: {}", self.message))
    }
}

/// Errors that always end a command in the same way.
macro_rules! always {
    ($status:ident: $($error:ty),+ $(,)?) => {
        $(impl From<$error> for CliError {
            fn from(why: $error) -> Self {
                Self::$status(why)
            }
        })+
    };
}

always!(usage: ArnError, ConfigError, FolderError, NoApplicablePolicy, ReferenceError, ReservedMetadata, ScopeError, crate::commands::local_signer::Error);

impl From<crate::commands::demo::Error> for CliError {
    fn from(why: crate::commands::demo::Error) -> Self {
        match why {
            crate::commands::demo::Error::Folder { .. } | crate::commands::demo::Error::NotEmpty(_) => Self::usage(why),
            _ => Self::refused(why),
        }
    }
}

impl From<AttachError> for CliError {
    fn from(why: AttachError) -> Self {
        match why {
            AttachError::Store(why) => why.into(),
            AttachError::ReservedAnnotation(_) => Self::usage(why),
            _ => Self::refused(printable(&why.to_string())),
        }
    }
}

impl From<RegistryError> for CliError {
    fn from(why: RegistryError) -> Self {
        let status = match why.failure() {
            Failure::NotFound | Failure::Denied | Failure::Configuration => ExitStatus::Usage,
            Failure::Unavailable => ExitStatus::Undetermined,
            Failure::Wrong => ExitStatus::Refused,
        };
        let how =
            if matches!(why, RegistryError::Unauthorized { .. }) { " (--username NAME --password-stdin)" } else { "" };
        Self::new(status, format!("{why}{how}"))
    }
}

impl From<LayoutError> for CliError {
    fn from(why: LayoutError) -> Self {
        match why {
            LayoutError::Io { .. } | LayoutError::NotALayout { .. } | LayoutError::NotFound { .. } => Self::usage(why),
            _ => Self::refused(why),
        }
    }
}

impl From<StoreError> for CliError {
    fn from(why: StoreError) -> Self {
        match why {
            StoreError::Layout(why) => why.into(),
            StoreError::Registry(why) => why.into(),
            _ => Self::refused(why),
        }
    }
}

impl From<CallError> for CliError {
    fn from(why: CallError) -> Self {
        let status = match why.kind() {
            CallErrorKind::Invalid | CallErrorKind::AccessDenied => ExitStatus::Usage,
            CallErrorKind::Throttled | CallErrorKind::Timeout | CallErrorKind::Other => ExitStatus::Undetermined,
        };
        Self::new(status, why)
    }
}

impl From<SignError> for CliError {
    fn from(why: SignError) -> Self {
        match why {
            SignError::Call(why) => why.into(),
            SignError::Envelope(_) => Self::refused(why),
        }
    }
}

impl From<SignArtifactError> for CliError {
    fn from(why: SignArtifactError) -> Self {
        match why {
            SignArtifactError::Store(why) => why.into(),
            SignArtifactError::Sign(why) => why.into(),
            SignArtifactError::ReservedMetadata(_) => Self::usage(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CliError;
    use super::ExitStatus::{Done, Refused, Undetermined, Usage};

    #[test]
    fn nothing_in_an_error_steers_the_terminal() {
        let error = CliError::refused("a\u{1b}[2Jb\u{202e}c\nd").context("e\rf");
        assert_eq!(error.message, "e f: a [2Jb c\nd");
    }

    #[test]
    fn of_several_artifacts_the_gravest_decides() {
        assert_eq!([Done, Undetermined, Refused, Usage].into_iter().max(), Some(Refused));
        assert_eq!([Done, Undetermined, Usage].into_iter().max(), Some(Usage));
        assert_eq!([Done, Undetermined].into_iter().max(), Some(Undetermined));
    }
}
