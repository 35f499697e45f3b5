//! The clients for Secrets. Each keeps its connections and the tokens that registries issued for its credential, so
//! that the images of a namespace are read with few requests. Users make Secrets, so that the number is bounded.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use registry::{Credential, Credentials, RegistryClient};

use super::SecretVersion;
use crate::cache::Key;

/// The most clients.
const MAX_CLIENTS: usize = 1000;
/// The longest credential of a Secret that is used, in bytes. The keys of Google and the tokens of Azure have 3 KiB,
/// and servers refuse much longer headers. A Secret can have 1 MiB.
const MAX_CREDENTIAL: usize = 8 * 1024;

/// The clients by access and credential.
#[derive(Default)]
pub(super) struct SecretClients(Mutex<Clients>);

#[derive(Default)]
struct Clients {
    clients: HashMap<Key, Kept>,
    /// Counts the uses, to find the client that was not used for the longest time.
    uses: u64,
}

struct Kept {
    version: SecretVersion,
    client: RegistryClient,
    used: u64,
}

impl SecretClients {
    /// The client for the credential, which the Secret of this version has. `access` is the id of the access, and
    /// `base` the client for the registry with other credentials.
    pub(super) fn client(
        &self,
        access: Key,
        version: &SecretVersion,
        credential: &Credential,
        base: &RegistryClient,
    ) -> RegistryClient {
        let key = key(access, credential);
        // Ignores poisoning: a panic cannot leave the map half-changed.
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.uses += 1;
        let used = clients.uses;
        if let Some(kept) = clients.clients.get_mut(&key) {
            kept.used = used;
            return kept.client.clone();
        }
        let is_outdated = |other: &SecretVersion| {
            (&other.namespace, &other.name) == (&version.namespace, &version.name)
                && other.resource_version != version.resource_version
        };
        clients.clients.retain(|_, kept| !is_outdated(&kept.version));
        if clients.clients.len() >= MAX_CLIENTS {
            let oldest = clients.clients.iter().min_by_key(|(_, kept)| kept.used).map(|(key, _)| *key);
            oldest.and_then(|oldest| clients.clients.remove(&oldest));
        }
        let client = base.with_credentials(Credentials::given(credential.clone()));
        clients.clients.insert(key, Kept { version: version.clone(), client: client.clone(), used });
        client
    }

    #[cfg(test)]
    pub(super) fn versions(&self) -> Vec<SecretVersion> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clients
            .values()
            .map(|kept| kept.version.clone())
            .collect()
    }
}

/// A Secret can have several credentials for the repositories of one registry.
fn key(access: Key, credential: &Credential) -> Key {
    let key = Key::of("client for a Secret").with(access.as_bytes());
    match credential {
        Credential::Password { username, password } => key.with("password").with(username).with(password.reveal()),
        Credential::IdentityToken(token) => key.with("identity token").with(token.reveal()),
        Credential::RegistryToken(token) => key.with("registry token").with(token.reveal()),
    }
    .key()
}

/// Whether the credential is short enough to be one.
pub(super) fn is_usable(credential: &Credential) -> bool {
    let length = match credential {
        Credential::Password { username, password } => username.len() + password.reveal().len(),
        Credential::IdentityToken(token) | Credential::RegistryToken(token) => token.reveal().len(),
    };
    length <= MAX_CREDENTIAL
}

impl fmt::Debug for SecretClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretClients")
    }
}
