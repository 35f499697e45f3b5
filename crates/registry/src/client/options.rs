//! Options of a registry client.

use std::path::PathBuf;
use std::time::Duration;

use limits::{MemoryBudget, Waits};
use notary::config_folder::config_folder;

/// When registries are accessed with plain HTTP instead of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlainHttp {
    /// Plain HTTP for registries on this machine, or TLS if they speak it, and plain HTTP for the registries that
    /// notation's configuration lists as insecure; TLS for all others, and if certificate files are given.
    #[default]
    Loopback,
    /// Plain HTTP for all registries but Amazon ECR.
    Always,
    /// Always TLS.
    Never,
}

/// Options of a registry client.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ClientOptions {
    /// When to use plain HTTP.
    pub plain_http: PlainHttp,
    /// Files with certificates to trust in addition to the system's, in PEM or DER: those of authorities, or of servers
    /// themselves.
    pub ca_files: Vec<PathBuf>,
    /// notation's `config.json`, whose `insecureRegistries` are accessed without TLS.
    pub notation_config: Option<PathBuf>,
    /// The time limit of one operation, including all retries and pages. A blob gets one more second per 256 KiB.
    pub timeout: Duration,
    /// The longest silence of a connection before the request is retried.
    pub idle_timeout: Duration,
    /// The average wait before the first retry. It doubles with each retry.
    pub backoff: Duration,
    /// The wait after writing a referrers index before it is read again, to see whether another writer replaced it.
    pub settle_time: Duration,
    /// The folder for the locks that serialise writers of a referrers index on this host. `None` disables locking.
    pub lock_folder: Option<PathBuf>,
    /// The memory that the bodies of all answers may hold together.
    pub memory: MemoryBudget,
    /// Is told of each wait before a retry.
    pub waits: Waits,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            plain_http: PlainHttp::default(),
            ca_files: Vec::new(),
            notation_config: config_folder(|name| std::env::var_os(name)).ok().map(|folder| folder.join("config.json")),
            timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(20),
            backoff: Duration::from_millis(250),
            settle_time: Duration::from_millis(300),
            lock_folder: default_lock_folder(),
            memory: MemoryBudget::default(),
            waits: Waits::default(),
        }
    }
}

/// The default folder of the locks, inside the user's cache folder. `None` if the user has no home folder.
fn default_lock_folder() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("notation-aws-signer/locks"))
}
