//! Where AWS credentials come from, for errors and advice.

use std::fmt;
use std::path::PathBuf;

/// Where AWS credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialsSource {
    /// The caller of the library.
    Given,
    /// The environment variables with keys.
    Environment,
    /// Keys in a profile of the shared AWS configuration.
    Profile {
        /// The profile.
        profile: String,
    },
    /// `credential_process` of a profile.
    Process {
        /// The profile.
        profile: String,
    },
    /// IAM Identity Center.
    Sso {
        /// The profile.
        profile: String,
    },
    /// STS, in exchange for a token in a file.
    WebIdentity {
        /// The role.
        role: String,
        /// The file with the token.
        token_file: PathBuf,
    },
    /// STS, in exchange for other credentials.
    AssumeRole {
        /// The role.
        role: String,
        /// The profile that names it, if a profile does.
        profile: Option<String>,
    },
    /// The credentials endpoint of a container.
    Container,
    /// The metadata of an EC2 instance.
    InstanceMetadata,
}

impl fmt::Display for CredentialsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => f.write_str("the given credentials"),
            Self::Environment => f.write_str("the environment variables"),
            Self::Profile { profile } => write!(f, "the keys of the AWS profile {profile:?}"),
            Self::Process { profile } => write!(f, "credential_process of the AWS profile {profile:?}"),
            Self::Sso { profile } => write!(f, "IAM Identity Center (SSO) for the AWS profile {profile:?}"),
            Self::WebIdentity { role, .. } => write!(f, "STS (AssumeRoleWithWebIdentity of {role})"),
            Self::AssumeRole { role, profile: Some(profile) } => {
                write!(f, "STS (AssumeRole of {role} for the AWS profile {profile:?})")
            }
            Self::AssumeRole { role, profile: None } => write!(f, "STS (AssumeRole of {role})"),
            Self::Container => f.write_str("the credentials endpoint of the container"),
            Self::InstanceMetadata => f.write_str("instance metadata (IMDS)"),
        }
    }
}

impl CredentialsSource {
    /// Returns what to renew or correct: the object of a sentence. `temporary` keys come with a session token.
    pub(crate) fn what_to_renew(&self, temporary: bool) -> String {
        match self {
            Self::Given => "the given credentials".to_owned(),
            Self::Environment if temporary => {
                "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN".to_owned()
            }
            Self::Environment => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".to_owned(),
            Self::Profile { profile } if temporary => {
                format!("aws_access_key_id, aws_secret_access_key and aws_session_token of the AWS profile {profile:?}")
            }
            Self::Profile { profile } => {
                format!("aws_access_key_id and aws_secret_access_key of the AWS profile {profile:?}")
            }
            Self::Process { profile } => format!("the output of credential_process of the AWS profile {profile:?}"),
            Self::Sso { profile } => format!("the login: aws sso login --profile {}", shell_word(profile)),
            Self::WebIdentity { token_file, .. } => format!("the token in {}", token_file.display()),
            Self::AssumeRole { profile: Some(profile), .. } => {
                format!("the credentials of the AWS profile {profile:?}")
            }
            Self::AssumeRole { role, profile: None } => format!("the credentials that assume {role}"),
            Self::Container => "the role of the container".to_owned(),
            Self::InstanceMetadata => "the role of the instance".to_owned(),
        }
    }
}

/// Quotes a value for a shell if necessary.
pub(crate) fn shell_word(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+%".contains(c);
    match !value.is_empty() && value.chars().all(plain) {
        true => value.to_owned(),
        false => format!("'{}'", value.replace('\'', r"'\''")),
    }
}
