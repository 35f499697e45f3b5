//! Why a request to AWS was not sent, or got no answer, where the settings of this machine decide.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::client::result::ConnectorError;
use connect::{AuthoritiesError, ProxyError, TlsFailure};
use notary::Advice;

/// Why no connection is made. Trying again does not help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The file with certificate authorities cannot be used.
    #[error("{setting}: {why}")]
    Bundle {
        /// The setting that names the file.
        setting: String,
        /// The file, and what is wrong with it.
        why: AuthoritiesError,
    },
    /// There are no certificate authorities.
    #[error(transparent)]
    Authorities(AuthoritiesError),
    /// The proxy of the environment cannot be used.
    #[error(transparent)]
    Proxy(ProxyError),
    /// The proxy refuses the request until it knows who asks.
    #[error("the proxy {0} requires a user name and password")]
    ProxyLogin(String),
    /// The TLS handshake failed.
    #[error("{host}: {why}{}", through(proxy.as_deref()))]
    Handshake {
        /// The host of the request.
        host: String,
        /// What is wrong.
        why: TlsFailure,
        /// The proxy, if there is one. It may inspect TLS.
        proxy: Option<String>,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

impl ConnectError {
    /// What to do about it, if the error does not say so already. `endpoint` is the configured endpoint.
    #[must_use]
    pub fn advice(&self, endpoint: Option<&str>) -> Option<Advice> {
        match self {
            Self::Bundle { .. } | Self::Proxy(_) | Self::ProxyLogin(_) => Some(Advice::CorrectSetting),
            Self::Handshake { why: TlsFailure::UnknownAuthority, .. } => Some(Advice::TrustAwsAuthority),
            Self::Handshake { .. } => endpoint.map(|url| Advice::CheckEndpoint { url: url.to_owned() }),
            Self::Authorities(_) | Self::Tls(_) => None,
        }
    }
}

/// A failed request that was sent through a proxy.
#[derive(Debug)]
pub struct ThroughProxy {
    proxy: String,
    source: ConnectorError,
}

impl fmt::Display for ThroughProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "through the proxy {}", self.proxy)
    }
}

impl Error for ThroughProxy {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

fn through(proxy: Option<&str>) -> String {
    proxy.map(|proxy| format!(" (through the proxy {proxy})")).unwrap_or_default()
}

/// Finds out what a failed request means, and names the proxy. Failed handshakes are not retried.
pub(super) fn explained(error: ConnectorError, host: &str, proxy: Option<&str>) -> ConnectorError {
    if let Some(why) = TlsFailure::of(&error) {
        let failure = ConnectError::Handshake { host: host.to_owned(), why, proxy: proxy.map(str::to_owned) };
        return ConnectorError::other(failure.into(), None);
    }
    let Some(proxy) = proxy else { return error };
    let (is_timeout, is_io, is_user, other) = (error.is_timeout(), error.is_io(), error.is_user(), error.as_other());
    let source = ThroughProxy { proxy: proxy.to_owned(), source: error };
    match (is_timeout, is_io, is_user) {
        (true, ..) => ConnectorError::timeout(source.into()),
        (_, true, _) => ConnectorError::io(source.into()),
        (.., true) => ConnectorError::user(source.into()),
        _ => ConnectorError::other(source.into(), other),
    }
}
