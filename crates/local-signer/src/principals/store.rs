//! Adding, listing and removing users and roles in the folder of a local signer, also while a service runs in it.

use std::fs::File;
use std::path::{Path, PathBuf};

use aws_names::{AccountId, Partition};
use time::OffsetDateTime;

use super::file::{PrincipalsFile, StoredKind, StoredPolicy, StoredPrincipal};
use super::{MAX_POLICIES, MAX_PRINCIPALS, PrincipalName, PrincipalsError};
use crate::credentials::{Credentials, CredentialsFile, Term, random_id};
use crate::directory::{at, prepare};
use crate::iam::{Identity, Policy};

/// The lock that changes are made under. It is not that of the service, which runs meanwhile.
const LOCK: &str = "principals.lock";

/// A user or role to add.
#[derive(Debug, Clone)]
pub struct NewPrincipal {
    name: PrincipalName,
    kind: StoredKind,
    account: Option<AccountId>,
    expires: Option<OffsetDateTime>,
    policies: Vec<(String, Vec<u8>)>,
}

impl NewPrincipal {
    /// A user without policies, who may do nothing, in the account of the service.
    #[must_use]
    pub fn user(name: PrincipalName) -> Self {
        Self { name, kind: StoredKind::User, account: None, expires: None, policies: Vec::new() }
    }

    /// A session of a role without policies, in the account of the service. Its credentials have a session token.
    #[must_use]
    pub fn role(name: PrincipalName) -> Self {
        Self { kind: StoredKind::Role, ..Self::user(name) }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &PrincipalName {
        &self.name
    }

    /// Puts it into another account.
    #[must_use]
    pub fn in_account(self, account: AccountId) -> Self {
        Self { account: Some(account), ..self }
    }

    /// Attaches a policy document. The name is for messages and lists.
    #[must_use]
    pub fn with_policy(mut self, name: &str, document: &[u8]) -> Self {
        self.policies.push((name.to_owned(), document.to_vec()));
        self
    }

    /// Lets the credentials expire.
    #[must_use]
    pub fn expiring(self, at: OffsetDateTime) -> Self {
        Self { expires: Some(at), ..self }
    }
}

/// A user or role of a list, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPrincipal {
    /// The identity.
    pub identity: Identity,
    /// The ARN that permissions and policies name it by, in the partition `aws`.
    pub arn: String,
    /// The access key id.
    pub access_key_id: String,
    /// When the credentials expire.
    pub expires: Option<OffsetDateTime>,
    /// The names of its policies.
    pub policies: Vec<String>,
}

/// The users and roles in the folder of a local signer.
#[derive(Debug, Clone)]
pub struct PrincipalStore {
    dir: PathBuf,
}

impl PrincipalStore {
    /// Opens the folder, which is created with mode 0700 if it does not exist.
    ///
    /// # Errors
    /// Returns [`PrincipalsError::Directory`] if the folder holds other data, is writable by others, or cannot be
    /// accessed.
    pub fn open(dir: &Path) -> Result<Self, PrincipalsError> {
        Ok(Self { dir: prepare(dir)? })
    }

    /// Opens a folder that exists.
    ///
    /// # Errors
    /// Returns [`PrincipalsError::Directory`] as [`PrincipalStore::open`] does, and if there is no such folder.
    pub fn open_existing(dir: &Path) -> Result<Self, PrincipalsError> {
        dir.metadata().map_err(at(dir))?;
        Self::open(dir)
    }

    /// The store of a folder that this process has opened already.
    pub(super) fn of_opened(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Returns the credentials file with the profiles of the principals.
    #[must_use]
    pub fn credentials_file(&self) -> PathBuf {
        self.dir.join("credentials")
    }

    /// Adds a user or role, and its profile to the credentials file. A running service accepts it from then on.
    ///
    /// # Errors
    /// Returns [`PrincipalsError`] if a policy is refused, the name is taken, or a file cannot be read or written; then
    /// nothing is changed.
    pub fn add(&self, new: NewPrincipal) -> Result<Credentials, PrincipalsError> {
        let policies = checked(&new.policies)?;
        let _lock = self.lock()?;
        let mut file = PrincipalsFile::read(&self.dir)?;
        let name = new.name.as_str();
        // IAM's names differ in more than the case of letters.
        if file.principals.iter().any(|other| other.name.eq_ignore_ascii_case(name)) {
            return Err(PrincipalsError::Taken(name.to_owned()));
        }
        if file.principals.len() >= MAX_PRINCIPALS {
            return Err(PrincipalsError::TooMany);
        }
        let path = self.credentials_file();
        let mut profiles = CredentialsFile::read(&path)?;
        if profiles.has_profile(name) {
            return Err(PrincipalsError::Profile { path, name: name.to_owned() });
        }
        let (term, prefix) = match new.kind {
            StoredKind::User => (Term::Long, "AIDALOCAL"),
            StoredKind::Role => (Term::Session, "AROALOCAL"),
        };
        let credentials = Credentials::random(term)?;
        let unique_id = format!("{prefix}{}", random_id::<12>()?);
        let mut stored = StoredPrincipal::new(name, new.kind, unique_id, &credentials).expiring(new.expires);
        stored.account = new.account.map(|account| account.to_string());
        stored.policies = policies;
        file.principals.push(stored);
        file.write(&self.dir)?;
        profiles.set_profile(name, &credentials);
        if let Err(why) = profiles.write() {
            // Without its profile the principal is of no use to anyone: take it back.
            file.principals.pop();
            file.write(&self.dir)?;
            return Err(why.into());
        }
        Ok(credentials)
    }

    /// Checks that a service can use all users and roles with their policies.
    ///
    /// # Errors
    /// Returns [`PrincipalsError`] if the file cannot be read or is damaged.
    pub(crate) fn check(dir: &Path) -> Result<(), PrincipalsError> {
        let file = PrincipalsFile::read(dir)?;
        let account = file.account().unwrap_or(AccountId::EXAMPLE);
        for stored in &file.principals {
            let damaged = |why| PrincipalsError::Damaged { path: dir.join(super::file::FILE), why };
            stored.principal(&account).map_err(damaged)?;
        }
        Ok(())
    }

    /// Returns the users and roles, in the order in which they were added.
    ///
    /// # Errors
    /// Returns [`PrincipalsError`] if the file cannot be read or is damaged.
    pub fn list(&self) -> Result<Vec<ListedPrincipal>, PrincipalsError> {
        let file = PrincipalsFile::read(&self.dir)?;
        let account = file.account().unwrap_or(AccountId::EXAMPLE);
        let listed = |stored: &StoredPrincipal| {
            let damaged = |why| PrincipalsError::Damaged { path: self.dir.join(super::file::FILE), why };
            let identity = stored.identity(&account).map_err(damaged)?;
            let expires = stored.expires().map_err(damaged)?;
            Ok(ListedPrincipal {
                arn: identity.principal_arn(&Partition::AWS),
                identity,
                access_key_id: stored.access_key_id.clone(),
                expires,
                policies: stored.policies.iter().map(|policy| policy.name.clone()).collect(),
            })
        };
        file.principals.iter().map(listed).collect()
    }

    /// Removes a user or role, and its profile from the credentials file. A running service refuses it from then on.
    ///
    /// # Errors
    /// Returns [`PrincipalsError::NotFound`] if there is no such principal, and other [`PrincipalsError`]s if a file
    /// cannot be read or written.
    pub fn remove(&self, name: &PrincipalName) -> Result<(), PrincipalsError> {
        let _lock = self.lock()?;
        let mut file = PrincipalsFile::read(&self.dir)?;
        let before = file.principals.len();
        file.principals.retain(|principal| principal.name != name.as_str());
        if file.principals.len() == before {
            return Err(PrincipalsError::NotFound(name.to_string()));
        }
        let mut profiles = CredentialsFile::read(&self.credentials_file())?;
        file.write(&self.dir)?;
        profiles.remove_profile(name.as_str());
        Ok(profiles.write()?)
    }

    /// Records the account of the service, to which principals without one belong.
    pub(super) fn record_account(&self, account: &AccountId) -> Result<(), PrincipalsError> {
        let _lock = self.lock()?;
        let mut file = PrincipalsFile::read(&self.dir)?;
        if file.account().unwrap_or(AccountId::EXAMPLE) == *account {
            return Ok(());
        }
        file.account = Some(account.to_string());
        file.write(&self.dir)
    }

    /// Waits for the lock, which others hold for the moment of a change.
    fn lock(&self) -> Result<File, PrincipalsError> {
        let path = self.dir.join(LOCK);
        let lock = files::open_lock(&path).map_err(at(&path))?;
        lock.lock().map_err(at(&path))?;
        Ok(lock)
    }
}

fn checked(policies: &[(String, Vec<u8>)]) -> Result<Vec<StoredPolicy>, PrincipalsError> {
    if policies.len() > MAX_POLICIES {
        return Err(PrincipalsError::TooManyPolicies);
    }
    let stored = |(name, document): &(String, Vec<u8>)| {
        Policy::parse(document).map_err(|why| PrincipalsError::Policy { name: name.clone(), why })?;
        // JSON that was parsed is UTF-8.
        Ok(StoredPolicy { name: name.clone(), document: String::from_utf8_lossy(document).into_owned() })
    };
    policies.iter().map(stored).collect()
}
