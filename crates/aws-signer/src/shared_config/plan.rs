//! What a profile says about credentials.

use std::fmt;
use std::path::PathBuf;

use super::error::{NamedProfile, Place};

/// How a profile provides credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The profile.
    pub profile: NamedProfile,
    /// The first credentials.
    pub base: Base,
    /// The roles that are assumed with them, one after the other.
    pub roles: Vec<Role>,
}

/// Where the first credentials come from.
#[derive(Clone, PartialEq, Eq)]
pub enum Base {
    /// Keys in a file. `Debug` omits them.
    Keys {
        /// The profile with the keys.
        profile: String,
        /// Where they are.
        place: Place,
        /// `aws_access_key_id`.
        id: String,
        /// `aws_secret_access_key`.
        secret: String,
        /// `aws_session_token`.
        token: Option<String>,
    },
    /// The output of a program.
    Process {
        /// The profile with `credential_process`.
        profile: String,
        /// The command.
        command: String,
    },
    /// A login to IAM Identity Center.
    Sso(SsoLogin),
    /// A role for a token in a file.
    WebIdentity {
        /// The role.
        role: Role,
        /// The file.
        token_file: PathBuf,
    },
    /// `credential_source`.
    Named(NamedSource),
}

impl fmt::Debug for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys { profile, .. } => write!(f, "Keys({profile})"),
            // A command may have secrets in its arguments.
            Self::Process { profile, .. } => write!(f, "Process({profile})"),
            Self::Sso(login) => login.fmt(f),
            Self::WebIdentity { role, token_file } => write!(f, "WebIdentity({role:?}, {})", token_file.display()),
            Self::Named(source) => source.fmt(f),
        }
    }
}

/// A login to IAM Identity Center (SSO).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoLogin {
    /// The profile.
    pub profile: String,
    /// The `sso_session`. Logins without one are remembered by their URL.
    pub session: Option<String>,
    /// `sso_start_url`.
    pub start_url: String,
    /// `sso_region`.
    pub region: String,
    /// `sso_account_id`.
    pub account: String,
    /// `sso_role_name`.
    pub role: String,
}

/// A role to assume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// `role_arn`.
    pub arn: String,
    /// `role_session_name`.
    pub session_name: Option<String>,
    /// `external_id`.
    pub external_id: Option<String>,
    /// `duration_seconds`.
    pub duration: Option<i32>,
    /// The profile that names the role; `None` for the environment.
    pub profile: Option<String>,
}

/// The values of `credential_source`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedSource {
    /// The environment variables with keys.
    Environment,
    /// The metadata of an EC2 instance.
    Ec2InstanceMetadata,
    /// The credentials endpoint of a container.
    EcsContainer,
}
