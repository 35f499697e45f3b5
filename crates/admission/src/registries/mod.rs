//! Which registry is asked about an image, how, and with whose credentials.
//!
//! The credentials are those of the first source that has some for the repository: `registries[].credentials` of the
//! configuration, the Secrets of the Pod in their order, and the process itself, which are the files of Docker and the
//! others that `registry::Credentials` lists, and AWS for Amazon ECR.
//!
//! A credential goes to the registry that it is for, and to that registry's token service. With a mirror, the mirror is
//! asked: the credentials of an entry are those for what the entry asks, and Secrets and files are searched for the
//! mirror's host. A Pod's password for docker.io is never sent to a mirror of docker.io on another host.
//!
//! What was fetched with a Pod's Secret must not be told to others: [`Access::id`] is part of the key of each cache.
//!
//! | File | What it has |
//! |---|---|
//! | `access` | [`Access`]: a repository, and whose credentials it is read with; [`SecretCredentials`]: Secrets |
//! | `entry` | an entry of `registries` in force, with its mirror and its clients |
//! | `secret_clients` | the clients for Secrets, a bounded number |
//! | `error` | [`RegistriesError`]: why the entries cannot be put in force, or a mirror cannot be asked |

mod access;
mod entry;
mod error;
mod secret_clients;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use limits::MemoryBudget;
use notary::reference::RepositoryName;
use registry::{Credentials, RegistryClient, RegistryError, Store};

use self::access::Whose;
pub use self::access::{Access, SecretCredentials, SecretVersion};
use self::entry::{Configured, Entry, Maker};
pub use self::error::RegistriesError;
use self::secret_clients::{SecretClients, is_usable};
use crate::config::RegistrySettings;

/// What all clients of registries share.
#[derive(Debug, Clone)]
pub struct Options {
    /// The longest time of one operation with a registry, its retries included. The deadline of a request may end it
    /// earlier.
    pub timeout: Duration,
    /// The memory for the answers of all registries together.
    pub memory: MemoryBudget,
    /// The credentials of the process.
    pub process: Credentials,
}

impl Options {
    /// The options with the credentials of the process: the files of its user, then AWS for Amazon ECR.
    /// `NOTATION_USERNAME` is not among them, because it would be sent to every registry that an image names.
    #[must_use]
    pub fn new(timeout: Duration, memory: MemoryBudget) -> Self {
        Self { timeout, memory, process: Credentials::from_files() }
    }
}

/// The registries, as the configuration has them asked.
#[derive(Debug)]
pub struct Registries {
    entries: Vec<Arc<Entry>>,
    /// For registries that match no entry, with the credentials of the process.
    client: RegistryClient,
    secrets: SecretClients,
}

/// What is asked about a repository.
#[derive(Debug, Clone)]
pub struct Endpoint {
    repository: RepositoryName,
    entry: Option<Arc<Entry>>,
}

impl Endpoint {
    /// The repository that is asked: that of the mirror, if there is one.
    #[must_use]
    pub fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    /// The namespace and the name of the Secret that the configuration names for this registry, if it names one. The
    /// caller reads it for [`Registries::choose`].
    #[must_use]
    pub fn configured_secret(&self) -> Option<(&str, &str)> {
        match self.entry.as_ref()?.credentials.as_ref()? {
            Configured::Secret { namespace, name } => Some((namespace, name)),
            Configured::Client { .. } => None,
        }
    }
}

impl Registries {
    /// Puts the entries in force. The files that they name are read.
    ///
    /// # Errors
    /// Returns [`RegistriesError`] if an entry is invalid, or a file cannot be used.
    pub fn new(settings: &[RegistrySettings], options: &Options) -> Result<Self, RegistriesError> {
        let mut maker = Maker::new(options);
        let client = maker.client(None, false);
        let entries = settings.iter().enumerate().map(|(number, settings)| maker.entry(number, settings).map(Arc::new));
        let entries = entries.collect::<Result<_, _>>()?;
        Ok(Self { entries, client, secrets: SecretClients::default() })
    }

    /// What is asked about a repository of a normalised reference: the first entry that matches its registry decides.
    ///
    /// # Errors
    /// Returns [`RegistriesError::MirroredName`] if the mirror cannot have a repository with this name.
    pub fn endpoint(&self, repository: &RepositoryName) -> Result<Endpoint, RegistriesError> {
        let entry = self.entries.iter().find(|entry| entry.pattern.matches(repository.registry()));
        let mirrored = entry.and_then(|entry| entry.mirror.as_ref()).map(|mirror| mirror.name_of(repository));
        let repository = mirrored.transpose()?.unwrap_or_else(|| repository.clone());
        Ok(Endpoint { repository, entry: entry.cloned() })
    }

    /// Chooses whose credentials are used. `configured` is the Secret of [`Endpoint::configured_secret`], and `pod` has
    /// those of the Pod in their order.
    ///
    /// A file of the configuration that cannot be read is chosen too: the error then names it.
    #[must_use]
    pub fn choose<'s, S: SecretCredentials + 's>(
        &self,
        endpoint: &Endpoint,
        configured: Option<&S>,
        pod: impl IntoIterator<Item = &'s S>,
    ) -> Access {
        let repository = &endpoint.repository;
        let of_secret = |secret: &S| {
            let credential = secret.credential(repository)?;
            let version = secret.version();
            if !is_usable(&credential) {
                let SecretVersion { namespace, name, .. } = version;
                tracing::warn!(namespace, name, "a credential in a Secret is too long, and is not used");
                return None;
            }
            Some(Whose::Secret { version, credential })
        };
        let of_settings = || match endpoint.entry.as_ref()?.credentials.as_ref()? {
            Configured::Client { client } => {
                client.credentials().has_source_for(repository).unwrap_or(true).then_some(Whose::Settings)
            }
            Configured::Secret { .. } => configured.and_then(of_secret),
        };
        let whose = of_settings().or_else(|| pod.into_iter().find_map(of_secret)).unwrap_or(Whose::Process);
        Access::new(endpoint.clone(), whose)
    }

    /// The repository, read with the chosen credentials.
    ///
    /// # Errors
    /// Returns [`RegistryError::Client`] if the registry's name does not form a valid URL.
    pub fn store(&self, access: &Access) -> Result<Store, RegistryError> {
        let Endpoint { repository, entry } = access.endpoint();
        let of_process = entry.as_ref().map_or(&self.client, |entry| &entry.client);
        let client = match access.whose() {
            Whose::Process => of_process.clone(),
            Whose::Settings => match entry.as_ref().and_then(|entry| entry.credentials.as_ref()) {
                Some(Configured::Client { client }) => client.clone(),
                // Never chosen; without credentials, the registry refuses what is not public.
                _ => of_process.with_credentials(Credentials::none()),
            },
            Whose::Secret { version, credential } => self.secrets.client(access.id(), version, credential, of_process),
        };
        client.repository(repository).map(Store::Remote)
    }
}
