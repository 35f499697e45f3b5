//! What a client is waiting for and whose credentials it uses, for errors.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notary::CredentialsSource;

/// The record of one client. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Journal(Arc<Mutex<Record>>);

#[derive(Debug, Default)]
struct Record {
    /// The source that is being asked for credentials.
    asking: Option<CredentialsSource>,
    /// The host that this source was asked at.
    source_host: Option<String>,
    /// The host of the service.
    service_host: Option<String>,
    used: Option<UsedCredentials>,
}

/// The credentials of the last request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedCredentials {
    /// Where they come from.
    pub source: CredentialsSource,
    /// Whether they are temporary, and so come with a session token.
    pub temporary: bool,
}

impl UsedCredentials {
    /// Credentials of which nothing is known.
    pub(crate) fn unknown() -> Self {
        Self { source: CredentialsSource::Environment, temporary: false }
    }
}

/// What a call was waiting for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// Credentials.
    Credentials {
        /// Where they come from.
        source: CredentialsSource,
        /// The host that was asked.
        host: Option<String>,
    },
    /// The answer of the service.
    Service {
        /// Its host, if a request was sent.
        host: Option<String>,
    },
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = match self {
            Self::Credentials { source, host } => {
                write!(f, "{source}")?;
                host
            }
            Self::Service { host } => {
                f.write_str("the service")?;
                host
            }
        };
        host.as_ref().map_or(Ok(()), |host| write!(f, " at {host}"))
    }
}

impl Waiting {
    pub(crate) fn is_instance_metadata(&self) -> bool {
        matches!(self, Self::Credentials { source: CredentialsSource::InstanceMetadata, .. })
    }
}

impl Journal {
    /// Returns what a call that has not ended is waiting for.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        let record = self.record();
        match &record.asking {
            Some(source) => Waiting::Credentials { source: source.clone(), host: record.source_host.clone() },
            None => Waiting::Service { host: record.service_host.clone() },
        }
    }

    /// Returns the credentials of the last request.
    #[must_use]
    pub fn used(&self) -> Option<UsedCredentials> {
        self.record().used.clone()
    }

    /// Returns the host of the service, if it was called.
    #[must_use]
    pub fn service_host(&self) -> Option<String> {
        self.record().service_host.clone()
    }

    /// Returns the host that the current source was asked at.
    pub(crate) fn source_host(&self) -> Option<String> {
        self.record().source_host.clone()
    }

    /// A source is being asked. If the caller gives up, this remains until the source is asked again.
    pub(crate) fn asking(&self, source: &CredentialsSource) {
        let mut record = self.record();
        record.asking = Some(source.clone());
        record.source_host = None;
    }

    /// The sources were asked.
    pub(crate) fn asked(&self, used: Option<UsedCredentials>) {
        let mut record = self.record();
        record.asking = None;
        record.used = used;
    }

    pub(crate) fn connecting(&self, peer: Peer, host: String) {
        let mut record = self.record();
        match peer {
            Peer::Source => record.source_host = Some(host),
            Peer::Service => record.service_host = Some(host),
        }
    }

    // Ignores poisoning: a panic cannot leave the record half-changed.
    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// To whom an HTTP client connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// A source of credentials.
    Source,
    /// The service itself.
    Service,
}
