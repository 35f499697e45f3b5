//! An HTTP client that records which host is called, and marks the errors that come from the network.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::journal::{Journal, Peer};

/// Returns the client, with a journal of the hosts that it calls.
pub fn watched(client: impl HttpClient + 'static, journal: &Journal, peer: Peer) -> SharedHttpClient {
    SharedHttpClient::new(Watched { inner: SharedHttpClient::new(client), journal: journal.clone(), peer })
}

/// An answer that is not HTTP. The SDK uses the same kind of error for requests that could not be created.
#[derive(Debug)]
pub(super) struct NotHttp(pub ConnectorError);

impl fmt::Display for NotHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer is not HTTP")
    }
}

impl Error for NotHttp {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

#[derive(Debug)]
struct Watched {
    inner: SharedHttpClient,
    journal: Journal,
    peer: Peer,
}

impl HttpClient for Watched {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(WatchedConnector { inner, journal: self.journal.clone(), peer: self.peer })
    }
}

#[derive(Debug)]
struct WatchedConnector {
    inner: SharedHttpConnector,
    journal: Journal,
    peer: Peer,
}

impl HttpConnector for WatchedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.journal.connecting(self.peer, host_of(request.uri()));
        let call = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            call.await.map_err(|error| {
                let known = error.is_io() || error.is_timeout() || error.is_user() || error.as_other().is_some();
                if known { error } else { ConnectorError::other(NotHttp(error).into(), None) }
            })
        })
    }
}

/// Returns host and port of a URL.
fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn takes_host_and_port_of_a_url() {
        for (url, host) in [
            ("https://signer.us-west-2.amazonaws.com/signing-jobs", "signer.us-west-2.amazonaws.com"),
            ("http://127.0.0.1:8274", "127.0.0.1:8274"),
            ("http://[::1]:8274?a=b", "[::1]:8274"),
        ] {
            assert_eq!(host_of(url), host);
        }
    }
}
