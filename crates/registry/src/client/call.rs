//! A request to a registry, with its limits and permissions.

use std::time::Duration;

use bytes::Bytes;
use http_client::Reach;
use notary::reference::RepositoryName;
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};
use tokio::time::Instant;

use crate::error::{RegistryError, RequestLine};

/// The access to a repository that a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Access {
    Pull,
    Push,
}

impl Access {
    /// The scope of a token with this access to the repository.
    pub(super) fn scope(self, repository: &RepositoryName) -> String {
        let actions = if self == Self::Push { "pull,push" } else { "pull" };
        format!("repository:{}:{actions}", repository.path())
    }
}

/// A request with its limits and permissions.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// A URL of the registry, which named `url` if that is on another host.
    pub(crate) home: Url,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The size limit of the answer, in bytes.
    pub(crate) limit: u64,
    pub(crate) access: Access,
    /// Whether the body has credentials, so that it is sent to no other host than that of the URL.
    pub(crate) secret: bool,
    /// Whether the caller reads the body of a successful answer.
    pub(crate) stream: bool,
    /// Whether it may be retried.
    pub(crate) repeat: bool,
    pub(crate) start: Instant,
    /// The time limit, including all retries.
    pub(crate) time: Duration,
}

impl Call {
    pub(crate) fn request(&self) -> RequestLine {
        RequestLine::new(&self.method, &self.url)
    }

    /// Where the request may go: the user named the registry, and the registry named other hosts.
    pub(super) fn reach(&self) -> Reach {
        Reach::Anywhere.follow(&self.home, &self.url)
    }

    pub(super) fn timeout(&self, last: Option<String>) -> RegistryError {
        RegistryError::Timeout { request: self.request(), within: self.time, last }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.start + self.time
    }
}
