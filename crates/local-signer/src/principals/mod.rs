//! The principals that a local signer knows: the root of its account, and the users and roles of `principals.json`.
//!
//! ```
//! use local_signer::principals::{NewPrincipal, PrincipalStore};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path().join("signer");
//! let store = PrincipalStore::open(&folder)?;
//! let policy = br#"{"Version": "2012-10-17",
//!                   "Statement": {"Effect": "Allow", "Action": "signer:SignPayload", "Resource": "*"}}"#;
//! let credentials = store.add(NewPrincipal::user("alice".parse()?).with_policy("sign", policy))?;
//! assert!(credentials.access_key_id().starts_with("AKIALOCAL"));
//! assert_eq!(store.list()?.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! | Module | What it has |
//! |---|---|
//! | `name` | [`PrincipalName`] |
//! | `principal` | [`Principal`]: identity, credentials and policies of one |
//! | `known` | [`Known`]: the accepted access keys at one moment |
//! | `file` | The format of `principals.json` |
//! | `store` | [`PrincipalStore`]: adding, listing and removing, also while a service runs |
//! | `live` | [`Principals`]: what a running service accepts now |

mod file;
mod known;
mod live;
mod name;
mod principal;
mod store;

use std::path::PathBuf;

pub use self::known::Known;
pub use self::live::Principals;
pub use self::name::PrincipalName;
pub use self::principal::Principal;
pub use self::store::{ListedPrincipal, NewPrincipal, PrincipalStore};
use super::credentials::CredentialsError;
use super::directory::DirectoryError;
use super::iam::PolicyError;

/// The maximum number of users and roles.
pub const MAX_PRINCIPALS: usize = 1_000;
/// The maximum number of policies of a user or role: the most that IAM attaches to one.
pub const MAX_POLICIES: usize = 20;

/// Why principals cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum PrincipalsError {
    /// The name is malformed.
    #[error("{0:?} is not a name of a user or role: use 1 to 64 letters, digits and the characters _+=,.@-")]
    Name(String),
    /// The name is reserved for the account's root.
    #[error("\"default\" is the profile of the account's root; choose another name")]
    Reserved,
    /// There is a user or role of this name, in any case of letters.
    #[error("the name {0} is taken; remove that principal, or choose another name")]
    Taken(String),
    /// The credentials file has a profile of this name that belongs to something else.
    #[error("{path} has a profile {name} that is no principal's; rename it, or choose another name", path = path.display())]
    Profile {
        /// The credentials file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// There is no user or role of this name.
    #[error("there is no user or role {0}")]
    NotFound(String),
    /// There are too many principals.
    #[error("there are {MAX_PRINCIPALS} users and roles; remove one first")]
    TooMany,
    /// There are too many policies.
    #[error("a user or role can have at most {MAX_POLICIES} policies")]
    TooManyPolicies,
    /// A policy is refused.
    #[error("the policy {name}: {why}")]
    Policy {
        /// The name of the policy.
        name: String,
        /// Why it is refused.
        why: PolicyError,
    },
    /// The file with the principals is damaged.
    #[error("{path}: {why}; restore the file, or remove it and add the principals again", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The credentials file cannot be used.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The folder or a file in it cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

#[cfg(test)]
mod tests;
