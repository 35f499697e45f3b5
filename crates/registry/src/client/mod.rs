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
mod streams;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_client::HttpClients;
use limits::Wait;
use notary::reference::RepositoryName;
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};
use tokio::time::Instant;

pub(super) use self::answer::Answer;
use self::auth::Authentication;
use self::call::Access;
pub(super) use self::call::Call;
pub use self::manifests::{FetchedManifest, MAX_MANIFEST_SIZE, Pushed};
pub use self::options::{ClientOptions, PlainHttp};
pub(super) use self::streams::Mount;
pub(super) use self::transport::is_same_origin;
use self::transport::{Transport, authority};
use crate::credentials::Credentials;
use crate::error::RegistryError;

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
    /// A client with these options. It reads no file and opens no connection before the first request.
    #[must_use]
    pub fn new(options: ClientOptions, credentials: Credentials) -> Self {
        let clients = HttpClients::new(options.ca_files.clone(), options.idle_timeout);
        let (memory, waits) = (options.memory.clone(), options.waits.clone());
        let transport = Transport { clients, memory, backoff: options.backoff, waits };
        Self { inner: Arc::new(Inner { options, transport, authentication: Authentication::new(credentials) }) }
    }

    /// A repository in its registry.
    ///
    /// # Errors
    /// Returns [`RegistryError::Client`] if the registry's name does not form a valid URL.
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
    /// The base URL of this repository in the registry's API.
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

    /// Tells that a request waits before it is repeated.
    pub(super) fn begin_wait(&self, why: &impl std::fmt::Display, time: Duration) {
        let wait = Wait { host: authority(&self.base), why: why.to_string(), time: Some(time) };
        self.options().waits.begin(&wait);
    }

    /// A request to a path of this repository, such as `manifests/TAG`.
    pub(super) fn call(&self, method: Method, path: &str, limit: u64) -> Call {
        let mut url = self.base.clone();
        // Paths consist of tags and digests, whose characters need no escaping in URLs.
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

    /// Makes the call, and authenticates if the registry demands it.
    pub(super) async fn send(&self, call: &Call) -> Result<Answer, RegistryError> {
        let Inner { transport, authentication, .. } = &*self.client.inner;
        let used = authentication.known(&self.name, call.access);
        // Boxed: the futures built on this one would otherwise become too large for a thread's stack.
        let answer = Box::pin(transport.send(call, &self.base, used.as_ref())).await?;
        if answer.status.as_u16() != 401 || !is_same_origin(&answer.url, &self.base) {
            return Ok(answer);
        }
        if used.is_some() {
            // The token may have been revoked before its expiry: authenticate once more, and only once.
            authentication.forget(&self.name, call.access);
        }
        let fresh = Box::pin(authentication.authenticate(transport, &answer, call, &self.name, used.as_ref()));
        let fresh = tokio::time::timeout_at(call.deadline(), fresh).await;
        let fresh = fresh.unwrap_or_else(|_| Err(call.timeout(Some("while authenticating".to_owned()))))?;
        let answer = Box::pin(transport.send(call, &self.base, Some(&fresh))).await?;
        if answer.status.as_u16() == 401 {
            authentication.forget(&self.name, call.access);
            let why = format!("the registry rejected the credentials{}", answer.error_answer());
            return Err(RegistryError::Unauthorized { request: call.request(), why });
        }
        Ok(answer)
    }
}
