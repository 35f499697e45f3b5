//! A repository, and whose credentials it is read with.

use std::fmt;

use notary::reference::RepositoryName;
use registry::Credential;

use super::Endpoint;
use crate::cache::Key;

/// A Secret of Kubernetes with credentials for registries.
pub trait SecretCredentials {
    /// Which Secret, and which state of it.
    fn version(&self) -> SecretVersion;

    /// The credential for a repository, if it has one.
    fn credential(&self, repository: &RepositoryName) -> Option<Credential>;
}

/// A state of a Secret: its content never changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SecretVersion {
    /// The namespace of the Secret.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The `resourceVersion` of this state.
    pub resource_version: String,
}

/// Whose credentials are used.
#[derive(Clone)]
pub(super) enum Whose {
    /// Those that the configuration names for the registry.
    Settings,
    /// That of a Secret.
    Secret { version: SecretVersion, credential: Credential },
    /// Those of the process.
    Process,
}

/// A repository, and whose credentials it is read with. The two belong together: a credential is for one registry.
#[derive(Clone)]
pub struct Access {
    endpoint: Endpoint,
    whose: Whose,
    id: Key,
}

impl Access {
    pub(super) fn new(endpoint: Endpoint, whose: Whose) -> Self {
        // Two configurations may ask different servers about one name.
        let key = Key::of("registry access");
        let key = match &endpoint.entry {
            Some(entry) => key.with("entry").with(entry.fingerprint.as_bytes()),
            None => key.with("no entry"),
        };
        let id = match &whose {
            Whose::Settings => key.with("settings"),
            Whose::Process => key.with("process"),
            Whose::Secret { version: SecretVersion { namespace, name, resource_version }, .. } => {
                key.with("secret").with(namespace).with(name).with(resource_version)
            }
        };
        Self { endpoint, whose, id: id.key() }
    }

    /// Who may learn what is fetched: accesses with equal ids see the same. It is part of the key of each cache, beside
    /// the repository. It is equal for all who use the credentials of the process or of the configuration, and differs
    /// between two Secrets and between two states of one.
    #[must_use]
    pub fn id(&self) -> Key {
        self.id
    }

    /// The repository that is asked.
    #[must_use]
    pub fn repository(&self) -> &RepositoryName {
        &self.endpoint.repository
    }

    /// The state of the Secret whose credential is used, if one is.
    #[must_use]
    pub fn secret(&self) -> Option<&SecretVersion> {
        match &self.whose {
            Whose::Secret { version, .. } => Some(version),
            Whose::Settings | Whose::Process => None,
        }
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(super) fn whose(&self) -> &Whose {
        &self.whose
    }
}

/// Where the credentials come from, for messages.
impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.whose, &self.endpoint.entry) {
            (Whose::Secret { version, .. }, _) => write!(f, "the Secret {}/{}", version.namespace, version.name),
            (Whose::Settings, Some(entry)) => write!(f, "registries[{}].credentials", entry.number),
            (Whose::Settings, None) | (Whose::Process, _) => f.write_str("the credentials of the admission service"),
        }
    }
}

/// Without credentials.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Access({} with {self})", self.endpoint.repository)
    }
}
