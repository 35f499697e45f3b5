//! Where images are read, and with whose credentials. What was read with one credential is not shown to another.

use std::fmt::Debug;
use std::sync::Arc;

use limits::Deadline;
use notary::reference::RepositoryName;
use notation::Failure;
use notation::revocation::BoxFuture;
use registry::Store;

use super::question::PullIdentity;
use crate::cache::Key;

/// A repository, and whose credentials open it.
#[derive(Debug)]
pub struct Access {
    /// Stands for the credentials and the registry that is asked: entries of the caches are kept apart by it.
    pub id: Key,
    /// The repository.
    pub store: Store,
    /// What could not be used as a credential, for the message if the registry refuses access.
    pub hint: Option<Arc<str>>,
}

/// Opens repositories.
pub trait Stores: Debug + Send + Sync + 'static {
    /// As [`Self::access`], if it is remembered. `None` means to ask.
    fn remembered(
        &self,
        repository: &RepositoryName,
        namespace: Option<&str>,
        pull: &PullIdentity,
    ) -> Option<Arc<Access>>;

    /// Finds out with whose credentials a repository is read, and opens it.
    ///
    /// The error says why the credentials cannot be found out: it is undetermined or misconfigured.
    fn access<'a>(
        &'a self,
        repository: &'a RepositoryName,
        namespace: Option<&'a str>,
        pull: &'a PullIdentity,
        deadline: Deadline,
    ) -> BoxFuture<'a, Result<Arc<Access>, Failure>>;
}
