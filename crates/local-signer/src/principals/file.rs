//! The format of `principals.json`. It holds secrets: only its owner may read it.

use std::io;
use std::path::Path;

use aws_names::AccountId;
use notary::text::{parse_rfc3339, rfc3339};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{MAX_POLICIES, MAX_PRINCIPALS, Principal, PrincipalsError};
use crate::credentials::Credentials;
use crate::directory::{at, write_private};
use crate::iam::{Identity, Policy};

/// The name of the file in the folder of the state.
pub const FILE: &str = "principals.json";
/// More than [`MAX_PRINCIPALS`] usually need, in bytes.
const MAX_SIZE: u64 = 16 * 1024 * 1024;
const VERSION: u32 = 1;

/// The content of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PrincipalsFile {
    version: u32,
    /// The account of the service, when it last ran in this folder. Principals without an account belong to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The users and roles, in the order in which they were added.
    pub principals: Vec<StoredPrincipal>,
}

/// A user or role in the file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StoredPrincipal {
    /// The name.
    pub name: String,
    /// Whether it is a user or a role.
    #[serde(rename = "type")]
    pub kind: StoredKind,
    /// The account, unless it is the service's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The unique id.
    pub unique_id: String,
    /// The access key id.
    pub access_key_id: String,
    secret_access_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<String>,
    /// When the credentials expire (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    /// The policies.
    pub policies: Vec<StoredPolicy>,
}

/// The types of principals in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StoredKind {
    /// A user.
    User,
    /// A role.
    Role,
}

/// A policy in the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredPolicy {
    /// The name, for messages.
    pub name: String,
    /// The policy document as it was given.
    pub document: String,
}

impl PrincipalsFile {
    /// Reads the file in the folder `dir`. A file that does not exist is empty.
    pub fn read(dir: &Path) -> Result<Self, PrincipalsError> {
        let path = dir.join(FILE);
        let bytes = match files::read_up_to(&path, MAX_SIZE) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { version: VERSION, account: None, principals: Vec::new() });
            }
            Err(error) => return Err(at(&path)(error).into()),
        };
        let damaged = |why: String| PrincipalsError::Damaged { path: path.clone(), why };
        let file: Self = serde_json::from_slice(&bytes).map_err(|why| damaged(why.to_string()))?;
        if file.version != VERSION {
            return Err(damaged(format!("it has version {}, this program supports {VERSION}", file.version)));
        }
        if file.principals.len() > MAX_PRINCIPALS {
            return Err(damaged(format!("it has more than {MAX_PRINCIPALS} principals")));
        }
        Ok(file)
    }

    /// Replaces the file in one step.
    pub fn write(&self, dir: &Path) -> Result<(), PrincipalsError> {
        let path = dir.join(FILE);
        let text = serde_json::to_string_pretty(self)
            .map_err(|why| PrincipalsError::Damaged { path: path.clone(), why: why.to_string() })?;
        Ok(write_private(&path, text.as_bytes())?)
    }

    /// The account of principals without one of their own.
    pub fn account(&self) -> Option<AccountId> {
        self.account.as_deref().and_then(|account| account.parse().ok())
    }
}

impl StoredPrincipal {
    /// A principal with new credentials.
    pub fn new(name: &str, kind: StoredKind, unique_id: String, credentials: &Credentials) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            account: None,
            unique_id,
            access_key_id: credentials.access_key_id().to_owned(),
            secret_access_key: credentials.secret_access_key().to_owned(),
            session_token: credentials.session_token().map(str::to_owned),
            expires: None,
            policies: Vec::new(),
        }
    }

    /// Lets the credentials expire.
    pub fn expiring(self, at: Option<OffsetDateTime>) -> Self {
        Self { expires: at.map(rfc3339), ..self }
    }

    /// When the credentials expire.
    pub fn expires(&self) -> Result<Option<OffsetDateTime>, String> {
        let time = |text: &String| parse_rfc3339(text).ok_or_else(|| format!("{text:?} is not a time"));
        self.expires.as_ref().map(time).transpose()
    }

    /// The identity, in the account `account` unless it has one of its own.
    pub fn identity(&self, account: &AccountId) -> Result<Identity, String> {
        let account = match &self.account {
            None => account.clone(),
            Some(own) => own.parse().map_err(|why: aws_names::NameError| why.to_string())?,
        };
        Ok(match self.kind {
            StoredKind::User => Identity::user(&self.name, account, &self.unique_id),
            StoredKind::Role => Identity::role(&self.name, account, &self.unique_id),
        })
    }

    /// The principal with its credentials and parsed policies.
    pub fn principal(&self, account: &AccountId) -> Result<Principal, String> {
        let in_it = |why: String| format!("the principal {}: {why}", self.name);
        if self.policies.len() > MAX_POLICIES {
            return Err(in_it(format!("more than {MAX_POLICIES} policies")));
        }
        let mut credentials =
            Credentials::new(&self.access_key_id, &self.secret_access_key).map_err(|why| in_it(why.to_string()))?;
        if let Some(token) = &self.session_token {
            credentials = credentials.with_session_token(token).map_err(|why| in_it(why.to_string()))?;
        }
        let policy = |stored: &StoredPolicy| {
            Policy::parse(stored.document.as_bytes()).map_err(|why| in_it(format!("the policy {}: {why}", stored.name)))
        };
        let policies = self.policies.iter().map(policy).collect::<Result<_, _>>()?;
        let expires = self.expires().map_err(in_it)?;
        Ok(Principal::new(self.identity(account).map_err(in_it)?, credentials, expires, policies))
    }
}

impl std::fmt::Debug for StoredPrincipal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredPrincipal").field("name", &self.name).finish_non_exhaustive()
    }
}
