//! A client of registries: OCI distribution-spec 1.1, as much of it as signing, verifying and copying take.
//!
//! Every answer is bounded in size, every request with its repetitions in time. Content is given out only after its digest was
//! computed. Credentials go to the registry that they are for and to its token service, nowhere else.

mod answer;
mod auth;
mod blobs;
mod challenge;
mod error;
mod manifests;
mod streams;
mod transport;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_client::HttpClients;
use limits::MemoryBudget;
use notary::reference::RepositoryName;
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};
use tokio::time::Instant;

pub(super) use self::answer::Answer;
pub use self::answer::ErrorAnswer;
pub(super) use self::auth::Access;
use self::auth::Authentication;
pub use self::error::{Failure, RegistryError, RequestLine};
pub use self::manifests::{FetchedManifest, MAX_MANIFEST_SIZE, Pushed};
pub(super) use self::streams::Mount;
use self::transport::Transport;
pub(super) use self::transport::{Call, is_same_origin};
use super::credentials::Credentials;

/// Whether a registry is spoken to with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlainHttp {
    /// With TLS, except to registries on this machine when no certificate file is given.
    #[default]
    Loopback,
    /// Never with TLS.
    Always,
    /// Always with TLS.
    Never,
}

/// How registries are spoken to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ClientOptions {
    /// Whether to speak without TLS.
    pub plain_http: PlainHttp,
    /// Files with certificates of authorities to trust beside the system's, PEM.
    pub ca_files: Vec<PathBuf>,
    /// How long one operation may take, with all repetitions and all pages. A blob has a second more for each 256 KiB.
    pub timeout: Duration,
    /// How long a connection may be silent before the request is repeated.
    pub idle_timeout: Duration,
    /// The wait before a request is repeated the first time, on average. It doubles with each repetition.
    pub backoff: Duration,
    /// How long after writing to an index of referrers it is read again, to see whether another writer's index replaced ours.
    pub settle_time: Duration,
    /// The folder for the locks that writers of one index on this host wait for each other by. None: they do not.
    pub lock_folder: Option<PathBuf>,
    /// The memory that the bodies of all answers may hold together.
    pub memory: MemoryBudget,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            plain_http: PlainHttp::default(),
            ca_files: Vec::new(),
            timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(20),
            backoff: Duration::from_millis(250),
            settle_time: Duration::from_millis(300),
            lock_folder: super::referrers::default_lock_folder(),
            memory: MemoryBudget::default(),
        }
    }
}

/// A client of any number of registries. Clones share connections and tokens.
#[derive(Debug, Clone)]
pub struct RegistryClient {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: ClientOptions,
    transport: Transport,
    authentication: Authentication,
}

impl RegistryClient {
    /// A client with these options. Nothing is read or connected to before the first request.
    #[must_use]
    pub fn new(options: ClientOptions, credentials: Credentials) -> Self {
        let clients = HttpClients::new(options.ca_files.clone(), options.idle_timeout);
        let transport = Transport { clients, memory: options.memory.clone(), backoff: options.backoff };
        Self { inner: Arc::new(Inner { options, transport, authentication: Authentication::new(credentials) }) }
    }

    /// A repository in its registry.
    ///
    /// # Errors
    /// [`RegistryError::Client`] when no URL can be made of the registry's name.
    pub fn repository(&self, name: &RepositoryName) -> Result<RemoteRepository, RegistryError> {
        let options = &self.inner.options;
        let plain = match options.plain_http {
            PlainHttp::Always => true,
            PlainHttp::Never => false,
            PlainHttp::Loopback => name.is_loopback() && options.ca_files.is_empty(),
        };
        let scheme = if plain { "http" } else { "https" };
        let base = Url::parse(&format!("{scheme}://{}/v2/{}/", name.api_host(), name.path()));
        let base = base.map_err(|why| RegistryError::Client(format!("{name}: {why}")))?;
        Ok(RemoteRepository { client: self.clone(), name: name.clone(), base })
    }
}

/// A repository of a registry.
#[derive(Debug, Clone)]
pub struct RemoteRepository {
    client: RegistryClient,
    name: RepositoryName,
    /// The URL that the API's paths of this repository begin with.
    base: Url,
}

impl RemoteRepository {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &RepositoryName {
        &self.name
    }

    pub(super) fn options(&self) -> &ClientOptions {
        &self.client.inner.options
    }

    /// A request to a path of this repository, such as `manifests/TAG`.
    pub(super) fn call(&self, method: Method, path: &str, limit: u64) -> Call {
        let mut url = self.base.clone();
        // Parts of paths are tags and digests, which are text that URLs take as it is.
        url.set_path(&format!("{}{path}", self.base.path()));
        let access = if matches!(method, Method::GET | Method::HEAD) { Access::Pull } else { Access::Push };
        Call {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            limit,
            access,
            follow: false,
            stream: false,
            repeat: true,
            start: Instant::now(),
            time: self.options().timeout,
        }
    }

    /// Makes the call, authenticated as far as the registry asks for it.
    pub(super) async fn send(&self, call: &Call) -> Result<Answer, RegistryError> {
        let Inner { transport, authentication, .. } = &*self.client.inner;
        let used = authentication.known(&self.name, call.access);
        // On the heap, as what is built of requests would be too large for a thread's stack.
        let answer = Box::pin(transport.send(call, &self.base, used.as_ref())).await?;
        if answer.status.as_u16() != 401 || !is_same_origin(&answer.url, &self.base) {
            return Ok(answer);
        }
        if used.is_some() {
            // It may have been withdrawn before its time: one new try, and no more.
            authentication.forget(&self.name, call.access);
        }
        let fresh = Box::pin(authentication.authenticate(transport, &answer, call, &self.name, used.as_ref()));
        let fresh = tokio::time::timeout_at(call.deadline(), fresh).await;
        let fresh = fresh.unwrap_or_else(|_| Err(call.timeout(Some("while authenticating".to_owned()))))?;
        let answer = Box::pin(transport.send(call, &self.base, Some(&fresh))).await?;
        if answer.status.as_u16() == 401 {
            authentication.forget(&self.name, call.access);
            let why = format!("the registry does not accept the credentials{}", answer.error_answer());
            return Err(RegistryError::Unauthorized { request: call.request(), why });
        }
        Ok(answer)
    }
}
