//! A registry client: the parts of the OCI distribution-spec 1.1 that signing, verifying and copying need.
//!
//! Every answer is bounded in size, and every request, including retries, in time. Content is returned only after its
//! digest was checked. Credentials are sent only to their registry and its token service.

mod answer;
mod auth;
mod blobs;
mod call;
mod challenge;
mod manifests;
mod options;
mod redirect;
mod scheme;
mod streams;
mod transport;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_client::HttpClients;
use limits::Wait;
use notary::reference::RepositoryName;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use tokio::time::Instant;

pub(super) use self::answer::Answer;
use self::auth::Authentication;
use self::call::Access;
pub(super) use self::call::Call;
pub use self::manifests::{FetchedManifest, MAX_MANIFEST_SIZE, Pushed};
pub(super) use self::manifests::{WRITES, typed};
pub use self::options::{ClientOptions, PlainHttp};
pub(super) use self::redirect::is_same_origin;
use self::scheme::Schemes;
pub(super) use self::streams::{Mount, Uploaded};
use self::transport::{Transport, authority};
use crate::credentials::{Credentials, insecure_registries};
use crate::ecr_host::is_ecr;
use crate::error::RegistryError;

/// A client of any number of registries. Clones share connections and tokens.
#[derive(Debug, Clone)]
pub struct RegistryClient {
    inner: Arc<Inner>,
    authentication: Arc<Authentication>,
}

/// What clients with different credentials share.
#[derive(Debug)]
struct Inner {
    options: ClientOptions,
    transport: Transport,
    schemes: Schemes,
    insecure: OnceLock<Vec<String>>,
}

impl RegistryClient {
    /// A client with these options. It reads no file and opens no connection before the first request.
    #[must_use]
    pub fn new(options: ClientOptions, credentials: Credentials) -> Self {
        let clients = HttpClients::new(options.ca_files.clone(), options.idle_timeout);
        let memory = options.memory.clone();
        let waits = options.waits.clone();
        let transport = Transport { clients, memory, backoff: options.backoff, waits };
        let authentication = Arc::new(Authentication::new(credentials));
        let schemes = Schemes::default();
        let insecure = OnceLock::new();
        Self { inner: Arc::new(Inner { options, transport, schemes, insecure }), authentication }
    }

    /// A client with the same options and connections, and with these credentials. Tokens that were issued to one of
    /// the two are never used by the other; the memory for the tokens of both together is bounded.
    #[must_use]
    pub fn with_credentials(&self, credentials: Credentials) -> Self {
        let authentication = Arc::new(self.authentication.with_credentials(credentials));
        Self { inner: Arc::clone(&self.inner), authentication }
    }

    /// Reads the files with certificates, so that an error shows before the first request.
    ///
    /// # Errors
    /// Returns [`RegistryError`] if a file cannot be used.
    pub fn prepare(&self) -> Result<(), RegistryError> {
        Ok(self.inner.transport.clients.prepare()?)
    }

    /// The sources of its credentials.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        self.authentication.credentials()
    }

    /// The time limit of one operation: [`ClientOptions::timeout`].
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.inner.options.timeout
    }

    /// A repository in its registry.
    ///
    /// # Errors
    /// Returns [`RegistryError::Client`] if the registry's name does not form a valid URL, and
    /// [`RegistryError::Credentials`] if notation's configuration is malformed.
    pub fn repository(&self, name: &RepositoryName) -> Result<RemoteRepository, RegistryError> {
        let options = &self.inner.options;
        // With a certificate file, every registry is accessed with TLS.
        let is_open = options.plain_http == PlainHttp::Loopback && options.ca_files.is_empty();
        let is_assumed = is_open && name.is_loopback();
        let is_listed =
            || Ok::<_, RegistryError>(self.insecure_registries()?.iter().any(|insecure| insecure == name.registry()));
        // Amazon ECR has no registries without TLS, and its tokens are worth stealing.
        let plain = !is_ecr(name.registry())
            && (options.plain_http == PlainHttp::Always || is_assumed || (is_open && is_listed()?));
        let scheme = if plain { "http" } else { "https" };
        let base = Url::parse(&format!("{scheme}://{}/v2/{}/", name.api_host(), name.path()));
        let base = base.map_err(|why| RegistryError::Client(format!("{name}: {why}")))?;
        // Trust policies name the registry: the requests must not go to another one.
        let host = base.host_str().unwrap_or_default();
        let named = name.api_host().to_ascii_lowercase();
        if !named.strip_prefix(host).is_some_and(|port| port.is_empty() || port.starts_with(':')) {
            return Err(RegistryError::Client(format!("{name}: the host is read as {host} in a URL")));
        }
        Ok(RemoteRepository { client: self.clone(), name: name.clone(), base, is_assumed, repeat: true })
    }

    /// The registries that notation's configuration lists as accessed without TLS.
    fn insecure_registries(&self) -> Result<&[String], RegistryError> {
        let Inner { options, insecure, .. } = &*self.inner;
        if insecure.get().is_none() {
            let found = options.notation_config.as_deref().map(insecure_registries).transpose()?;
            // Concurrent callers may read it several times.
            let _ = insecure.set(found.unwrap_or_default());
        }
        Ok(insecure.get().map(Vec::as_slice).unwrap_or_default())
    }
}

/// A repository of a registry.
#[derive(Debug, Clone)]
pub struct RemoteRepository {
    client: RegistryClient,
    name: RepositoryName,
    /// The base URL of this repository in the registry's API.
    base: Url,
    /// Whether plain HTTP was not asked for: the registry is on this machine.
    is_assumed: bool,
    /// Whether a request that failed for the moment is repeated.
    repeat: bool,
}

impl RemoteRepository {
    /// The same repository, whose requests are not repeated: a failure for the moment takes no time from other
    /// requests.
    #[must_use]
    pub fn without_retries(&self) -> Self {
        Self { repeat: false, ..self.clone() }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &RepositoryName {
        &self.name
    }

    pub(super) fn options(&self) -> &ClientOptions {
        &self.client.inner.options
    }

    /// The base URL of this repository, with the scheme that the registry speaks as far as it is known.
    fn base(&self) -> Url {
        let known = if self.is_assumed { self.client.inner.schemes.known(&self.base) } else { None };
        known.unwrap_or_else(|| self.base.clone())
    }

    /// Tells that a request waits before it is repeated.
    pub(super) fn begin_wait(&self, why: &impl std::fmt::Display, time: Duration) {
        let host = authority(&self.base);
        let wait = Wait { host, why: why.to_string(), is_throttled: false, time: Some(time) };
        self.options().waits.begin(&wait);
    }

    /// A request to a path of this repository, such as `manifests/TAG`.
    pub(super) fn call(&self, method: Method, path: &str, limit: u64) -> Call {
        let mut url = self.base();
        // Paths consist of tags and digests, whose characters need no escaping in URLs.
        url.set_path(&format!("{}{path}", self.base.path()));
        let access = if matches!(method, Method::GET | Method::HEAD) { Access::Pull } else { Access::Push };
        Call {
            method,
            home: self.base.clone(),
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            limit,
            access,
            secret: false,
            stream: false,
            repeat: self.repeat,
            start: Instant::now(),
            time: self.options().timeout,
        }
    }

    /// Makes the call, and authenticates if the registry demands it.
    pub(super) async fn send(&self, call: &Call) -> Result<Answer, RegistryError> {
        let RegistryClient { inner, authentication } = &self.client;
        let Inner { transport, schemes, .. } = &**inner;
        let used = authentication.known(&self.name, call.access);
        // Boxed: the futures built on this one would otherwise become too large for a thread's stack.
        if self.is_assumed && schemes.known(&self.base).is_none() {
            let (answer, call, base) = Box::pin(schemes.find(transport, call, &self.base, used.as_ref())).await?;
            return self.authenticated(answer, &call, &base, used).await;
        }
        let base = self.base();
        let answer = Box::pin(transport.send(call, &base, used.as_ref())).await?;
        self.authenticated(answer, call, &base, used).await
    }

    /// Authenticates and makes the call again, if the answer demands it.
    async fn authenticated(
        &self,
        answer: Answer,
        call: &Call,
        base: &Url,
        used: Option<HeaderValue>,
    ) -> Result<Answer, RegistryError> {
        let RegistryClient { inner, authentication } = &self.client;
        let transport = &inner.transport;
        if answer.status.as_u16() != 401 || !is_same_origin(&answer.url, base) {
            return Ok(answer);
        }
        if used.is_some() {
            // The token may have been revoked before its expiry: authenticate once more, and only once.
            authentication.forget(&self.name, call.access);
        }
        let fresh = Box::pin(authentication.authenticate(transport, &answer, call, &self.name, used.as_ref()));
        let fresh = tokio::time::timeout_at(call.deadline(), fresh).await;
        let fresh = fresh.unwrap_or_else(|_| Err(call.timeout(Some("while authenticating".to_owned()))))?;
        let answer = Box::pin(transport.send(call, base, Some(&fresh))).await?;
        if answer.status.as_u16() == 401 {
            authentication.forget(&self.name, call.access);
            let why = format!("the registry rejected the credentials{}", answer.error_answer());
            return Err(RegistryError::Unauthorized { request: call.request(), why });
        }
        Ok(answer)
    }
}
