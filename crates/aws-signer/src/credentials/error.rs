//! Why no credentials were obtained.

use std::path::PathBuf;

use notary::{Advice, CredentialsSource, ReasonCode};

use crate::config::ConfigError;
use crate::failure::{Failure, code_of_refusal};
use crate::shared_config::{NamedProfile, SharedConfigError};

/// Why no credentials were obtained. The request to the service was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsFailure {
    /// No source has credentials. The value says what was looked at.
    #[error("there are no AWS credentials: {0}")]
    None(String),
    /// The shared AWS configuration cannot be used.
    #[error(transparent)]
    SharedConfig(#[from] SharedConfigError),
    /// The instance has no role, or is no instance.
    #[error("{profile} uses the role of the instance (credential_source), but {why}")]
    NoRole {
        /// The profile.
        profile: NamedProfile,
        /// What the instance answered.
        why: String,
    },
    /// A variable or property is missing or has an invalid value, which is not shown.
    #[error("{name} {why}")]
    Value {
        /// The variable or property.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// A setting is invalid.
    #[error(transparent)]
    Setting(#[from] ConfigError),
    /// A file with a token cannot be read.
    #[error("{source_name} needs the token file {}, which cannot be read: {why}", path.display())]
    TokenFile {
        /// Where the credentials come from.
        source_name: CredentialsSource,
        /// The file.
        path: PathBuf,
        /// The system's error.
        why: String,
    },
    /// A token in a file cannot be sent. It is not shown.
    #[error("{source_name} needs the token in {}, which {why}", path.display())]
    Token {
        /// Where the credentials come from.
        source_name: CredentialsSource,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A `credential_process` failed.
    #[error("credential_process of the AWS profile {profile:?} {why}")]
    Process {
        /// The profile.
        profile: String,
        /// What happened.
        why: String,
    },
    /// There is no login to IAM Identity Center, or it has ended.
    #[error("the SSO login of the AWS profile {profile:?} cannot be used: {why}")]
    SsoLogin {
        /// The profile.
        profile: String,
        /// Why.
        why: String,
    },
    /// A service refused to give credentials.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// A service was not reached.
    #[error("{asked}{} could not be reached: {why}", at(host))]
    Unreachable {
        /// Who was asked.
        asked: CredentialsSource,
        /// The host.
        host: Option<String>,
        /// The error.
        why: String,
    },
    /// The call to a service failed in another way.
    #[error("{asked}{} was asked for credentials, but the call {failure}", at(host))]
    Call {
        /// Who was asked.
        asked: CredentialsSource,
        /// The host.
        host: Option<String>,
        /// What happened.
        failure: Box<Failure>,
    },
    /// A service gave an answer that cannot be used.
    #[error("{asked}{} gave no usable credentials: {why}", at(host))]
    Answer {
        /// Who was asked.
        asked: CredentialsSource,
        /// The host.
        host: Option<String>,
        /// What is wrong.
        why: String,
    },
}

/// A refusal to give credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{asked}{} refused: {code}{}", at(host), message.as_ref().map(|message| format!(": {message}")).unwrap_or_default())]
pub struct Refusal {
    /// Who was asked.
    pub asked: CredentialsSource,
    /// The host.
    pub host: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// AWS's error code.
    pub code: String,
    /// AWS's message.
    pub message: Option<String>,
}

impl Refusal {
    fn reason(&self) -> ReasonCode {
        match self.code.as_str() {
            "IDPCommunicationError" | "IDPCommunicationErrorException" => ReasonCode::Unreachable,
            // STS answers with status 400 to tokens and roles that it does not accept.
            code => match code_of_refusal(self.status, code) {
                ReasonCode::Protocol | ReasonCode::NotFound => ReasonCode::Credentials,
                known => known,
            },
        }
    }

    fn advice(&self) -> Option<Advice> {
        let (source, temporary) = (self.asked.clone(), true);
        match self.reason() {
            ReasonCode::Denied => {
                let action = match self.asked {
                    CredentialsSource::WebIdentity { .. } => "sts:AssumeRoleWithWebIdentity",
                    CredentialsSource::Sso { .. } => "sso:GetRoleCredentials",
                    _ => "sts:AssumeRole",
                };
                Some(Advice::AllowRole { action: action.to_owned() })
            }
            ReasonCode::Throttled => Some(Advice::SendFewerRequests),
            ReasonCode::Credentials if self.code.starts_with("Expired") => {
                Some(Advice::RenewAwsCredentials { source, temporary })
            }
            ReasonCode::Credentials => Some(Advice::CheckAwsCredentials { source, temporary }),
            _ => None,
        }
    }
}

fn at(host: &Option<String>) -> String {
    host.as_ref().map(|host| format!(" at {host}")).unwrap_or_default()
}

impl CredentialsFailure {
    /// Creates the failure for a call to STS or IAM Identity Center.
    pub(super) fn of_call(asked: &CredentialsSource, host: Option<String>, failure: Failure) -> Self {
        let asked = asked.clone();
        match failure {
            Failure::Refused { status, code, message, .. } => {
                let code = code.unwrap_or_else(|| format!("HTTP status {status}"));
                Self::Refused(Box::new(Refusal { asked, host, status, code, message }))
            }
            Failure::Connection { why, .. } => Self::Unreachable { asked, host, why },
            Failure::Credentials(why) => *why,
            Failure::Answer(why) => Self::Answer { asked, host, why },
            failure => Self::Call { asked, host, failure: Box::new(failure) },
        }
    }

    /// Returns the kind of this failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::Refused(why) => why.reason(),
            Self::Unreachable { .. } => ReasonCode::Unreachable,
            Self::Answer { .. } => ReasonCode::Protocol,
            Self::Call { failure, .. } => failure.code(),
            _ => ReasonCode::Credentials,
        }
    }

    /// Returns what to do about the failure. `action` is what the credentials are needed for.
    #[must_use]
    pub fn advice(&self, action: &str) -> Option<Advice> {
        match self {
            Self::None(_) => Some(Advice::ProvideAwsCredentials { action: action.to_owned(), profile: None }),
            Self::SharedConfig(why) => Some(match why {
                SharedConfigError::LoginSession { profile: named, .. } => {
                    Advice::ExportLoginCredentials { profile: named.name.clone() }
                }
                SharedConfigError::NotDefined { profile: named, .. }
                | SharedConfigError::NoCredentials { profile: named, .. }
                | SharedConfigError::Unusable { profile: named, .. } => {
                    Advice::CorrectAwsProfile { profile: named.name.clone() }
                }
                SharedConfigError::Missing { .. }
                | SharedConfigError::Unreadable { .. }
                | SharedConfigError::ByteOrderMark(_)
                | SharedConfigError::Line { .. }
                | SharedConfigError::Stray { .. } => Advice::CorrectSetting,
            }),
            Self::Value { .. } | Self::Setting(_) => Some(Advice::CorrectSetting),
            Self::NoRole { profile, .. } => Some(Advice::CorrectAwsProfile { profile: profile.name.clone() }),
            Self::TokenFile { path, .. } | Self::Token { path, .. } => {
                Some(Advice::ProvideTokenFile { path: path.clone() })
            }
            Self::Process { profile: name, .. } => Some(Advice::RunCredentialProcess { profile: name.clone() }),
            Self::SsoLogin { profile: name, .. } => Some(Advice::LogInToSso { profile: name.clone() }),
            Self::Refused(why) => why.advice(),
            Self::Unreachable { asked: CredentialsSource::InstanceMetadata, .. } => Some(Advice::RaiseHopLimit),
            Self::Unreachable { asked: CredentialsSource::Container, .. } => Some(Advice::CheckContainerEndpoint),
            Self::Unreachable { .. } => Some(Advice::CheckNetwork),
            Self::Call { failure, .. } => failure.advice(action, None),
            Self::Answer { .. } => None,
        }
    }
}
