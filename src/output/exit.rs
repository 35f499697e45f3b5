//! Exit codes, and the exit code of each error.

use std::process::{ExitCode, Termination};

use aws_names::{ArnError, NameError};
use aws_signer::{CallError, ConfigError, SignError};
use notary::reference::ReferenceError;
use notary::text::{printable, printable_lines};
use notary::trust::policy::{NoApplicablePolicy, ScopeError};
use notary::{Advice, Disposition};
use notation::FolderError;
use notation::attach::AttachError;
use notation::sign::{ReservedMetadata, SignArtifactError};
use notation::verify::Conclusion;
use registry::{LayoutError, RegistryError, StoreError};

/// How a command ended. With several artifacts, the worst status counts: the variants are in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitStatus {
    /// Success. Code 0.
    Done,
    /// Nothing was refused, but a result is missing because of the network, throttling or an unknown revocation status. A retry
    /// may succeed. Code 3.
    Undetermined,
    /// The command line, a file, the configuration or the credentials are wrong, or a permission is missing. A retry fails in the
    /// same way. Code 2.
    Usage,
    /// At least one artifact was refused. Code 1.
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

/// An artifact that its policy skips counts as done.
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
    /// The `status` in JSON.
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

/// Why a command, or its work on one artifact, failed. The text is for the terminal and ends with what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CliError {
    /// How the command ends.
    pub status: ExitStatus,
    /// What happened, and what to do.
    pub message: String,
}

impl CliError {
    /// The command line, a file or the configuration is wrong.
    pub fn usage(message: impl ToString) -> Self {
        Self::new(ExitStatus::Usage, message)
    }

    /// An artifact, a signature or an answer is invalid.
    pub fn refused(message: impl ToString) -> Self {
        Self::new(ExitStatus::Refused, message)
    }

    /// No result for now; a retry may succeed.
    pub fn undetermined(message: impl ToString) -> Self {
        Self::new(ExitStatus::Undetermined, message)
    }

    /// An error with this status. The message may quote registries, services and signatures, so unprintable characters are replaced.
    pub fn new(status: ExitStatus, message: impl ToString) -> Self {
        Self { status, message: printable_lines(&message.to_string()) }
    }

    /// An error from listing an artifact's signatures, for commands that have `--max-signatures`.
    #[must_use]
    pub fn of_list(why: StoreError) -> Self {
        let help = if why.is_too_many() { "; raise the limit with --max-signatures" } else { "" };
        let error = Self::from(why);
        Self { message: error.message + help, ..error }
    }

    /// The same error, prefixed with a heading such as the artifact's name.
    #[must_use]
    pub fn context(self, heading: impl std::fmt::Display) -> Self {
        Self::new(self.status, format!("{heading}: {}", self.message))
    }
}

impl From<Disposition> for ExitStatus {
    fn from(disposition: Disposition) -> Self {
        match disposition {
            Disposition::Undetermined => Self::Undetermined,
            Disposition::Misconfigured => Self::Usage,
            Disposition::Refused => Self::Refused,
        }
    }
}

/// A message with its advice, which names the options of this tool.
fn advised(message: &impl ToString, advice: Option<&Advice>) -> String {
    let message = message.to_string();
    let advice = match advice {
        // Only commands with --max-signatures can raise the limit: see `CliError::of_list`.
        None | Some(Advice::RaiseLimit { .. }) => return message,
        Some(Advice::AllowPlainHttp) => {
            "check host and port, or pass --plain-http for an HTTP-only registry".to_owned()
        }
        Some(Advice::LogInToRegistry) => {
            "log in to the registry (docker login, podman login), or pass --username NAME --password-stdin".to_owned()
        }
        Some(Advice::AllowMoreTime) => "try again later, or allow more time".to_owned(),
        Some(Advice::SendFewerRequests) => "try again later, or send fewer requests at a time".to_owned(),
        Some(other) => return format!("{message}. {other}"),
    };
    format!("{message}; {advice}")
}

/// Errors that always have the same status.
macro_rules! always {
    ($status:ident: $($error:ty),+ $(,)?) => {
        $(impl From<$error> for CliError {
            fn from(why: $error) -> Self {
                Self::$status(why)
            }
        })+
    };
}

always!(usage: ArnError, ConfigError, FolderError, NameError, NoApplicablePolicy, ReferenceError, ReservedMetadata, ScopeError, crate::commands::local_signer::Error);

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

/// Errors of stores: the status comes from their disposition.
macro_rules! of_store {
    ($($error:ty),+) => {
        $(impl From<$error> for CliError {
            fn from(why: $error) -> Self {
                Self::new(why.disposition().into(), advised(&why, why.advice().as_ref()))
            }
        })+
    };
}

of_store!(LayoutError, RegistryError, StoreError);

impl From<CallError> for CliError {
    fn from(why: CallError) -> Self {
        let status = match why.disposition() {
            notary::Disposition::Misconfigured => ExitStatus::Usage,
            notary::Disposition::Undetermined => ExitStatus::Undetermined,
            notary::Disposition::Refused => ExitStatus::Refused,
        };
        match why.advice() {
            Some(advice) => Self::new(status, format!("{why}. {advice}")),
            None => Self::new(status, why),
        }
    }
}

impl From<SignError> for CliError {
    fn from(why: SignError) -> Self {
        match why {
            SignError::Call(why) => why.into(),
            SignError::Envelope(_) => Self::new(ExitStatus::Undetermined, why),
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
    fn replaces_control_characters() {
        let error = CliError::refused("a\u{1b}[2Jb\u{202e}c\nd").context("e\rf");
        assert_eq!(error.message, "e f: a [2Jb c\nd");
    }

    #[test]
    fn orders_statuses_by_severity() {
        assert_eq!([Done, Undetermined, Refused, Usage].into_iter().max(), Some(Refused));
        assert_eq!([Done, Undetermined, Usage].into_iter().max(), Some(Usage));
        assert_eq!([Done, Undetermined].into_iter().max(), Some(Undetermined));
    }
}
