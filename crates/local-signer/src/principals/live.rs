//! What a running service accepts now: it reads `principals.json` again when the file has changed.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use aws_names::AccountId;

use super::file::{FILE, PrincipalsFile};
use super::{Known, NewPrincipal, Principal, PrincipalName, PrincipalStore, PrincipalsError};
use crate::credentials::Credentials;
use crate::iam::Identity;

/// The principals of a running service. Clones share them.
#[derive(Debug, Clone)]
pub struct Principals {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    dir: PathBuf,
    account: AccountId,
    root: Arc<Principal>,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    /// The file that `known` was read from.
    stamp: Option<Stamp>,
    known: Arc<Known>,
}

/// What changes when a file is replaced or written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = path.metadata().ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

impl Principals {
    /// The principals in the folder `dir`, which this process has opened, and the root of `account` with its
    /// credentials.
    ///
    /// # Errors
    /// Returns [`PrincipalsError`] if the file with the principals cannot be read or is damaged.
    pub fn open(dir: &Path, account: AccountId, root: Credentials) -> Result<Self, PrincipalsError> {
        PrincipalStore::of_opened(dir).record_account(&account)?;
        let root = Arc::new(Principal::new(Identity::root(account.clone()), root, None, Vec::new()));
        let stamp = Stamp::of(&dir.join(FILE));
        let known = Arc::new(read(dir, &account, &root)?);
        let state = RwLock::new(State { stamp, known });
        Ok(Self { shared: Arc::new(Shared { dir: dir.to_owned(), account, root, state }) })
    }

    /// Returns the principals as of now. It asks the system whether the file has changed, and reads it only then; if it
    /// has become unreadable, the principals stay as they were, and the log says why.
    #[must_use]
    pub fn current(&self) -> Arc<Known> {
        let Shared { dir, account, root, state } = &*self.shared;
        let stamp = Stamp::of(&dir.join(FILE));
        {
            let state = state.read().unwrap_or_else(PoisonError::into_inner);
            if state.stamp == stamp {
                return Arc::clone(&state.known);
            }
        }
        let mut state = state.write().unwrap_or_else(PoisonError::into_inner);
        if state.stamp != stamp {
            state.stamp = stamp;
            match read(dir, account, root) {
                Ok(known) => state.known = Arc::new(known),
                Err(why) => tracing::error!("the principals stay as they were: {why}"),
            }
        }
        Arc::clone(&state.known)
    }

    /// Returns the root of the service's account.
    #[must_use]
    pub fn root(&self) -> &Arc<Principal> {
        &self.shared.root
    }

    /// Adds a user or role; see [`PrincipalStore::add`].
    ///
    /// # Errors
    /// Returns [`PrincipalsError`] as [`PrincipalStore::add`] does.
    pub fn add(&self, new: NewPrincipal) -> Result<Credentials, PrincipalsError> {
        let credentials = self.store().add(new)?;
        let _ = self.current();
        Ok(credentials)
    }

    /// Removes a user or role; see [`PrincipalStore::remove`].
    ///
    /// # Errors
    /// Returns [`PrincipalsError`] as [`PrincipalStore::remove`] does.
    pub fn remove(&self, name: &PrincipalName) -> Result<(), PrincipalsError> {
        self.store().remove(name)?;
        let _ = self.current();
        Ok(())
    }

    fn store(&self) -> PrincipalStore {
        PrincipalStore::of_opened(&self.shared.dir)
    }
}

fn read(dir: &Path, account: &AccountId, root: &Arc<Principal>) -> Result<Known, PrincipalsError> {
    let file = PrincipalsFile::read(dir)?;
    let damaged = |why| PrincipalsError::Damaged { path: dir.join(FILE), why };
    let principals = file.principals.iter().map(|stored| stored.principal(account).map(Arc::new));
    let principals = principals.collect::<Result<Vec<_>, String>>().map_err(damaged)?;
    // Last, so that no other principal takes the root's place.
    Ok(Known::new(principals.into_iter().chain([Arc::clone(root)])))
}
