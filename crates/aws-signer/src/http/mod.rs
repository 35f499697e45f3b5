//! The HTTP client for the AWS SDK: fast to create, with a limit on the size of answers, and with the environment's
//! proxies and certificate authorities.
//!
//! The SDK's default client reads the system's root certificates when it is created, even if TLS is not used. That
//! takes more than half of the run time of a plugin command against an `http://` endpoint. This client creates its
//! connectors on first use. It also limits the size of answers, which the SDK does not.

mod connectors;
mod error;

use std::path::PathBuf;
use std::sync::Arc;

use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt, Limited};

use self::connectors::{Connectors, Way};
pub use self::error::{ConnectError, ThroughProxy};
use super::answer;
use super::answer::AnswerError;

/// The maximum size of an answer in bytes. Those of AWS Signer have about 20 KiB.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// The rule for the answers to a client's requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// A success must be a valid answer of AWS Signer: see `answer::check`.
    AwsSigner,
    /// Any answer. Credential sources use several formats.
    Any,
    /// Any answer; the body of a success is not read here. The caller reads it within limits of its own, on size and
    /// time: an object of S3 can have terabytes.
    Streamed,
}

/// An HTTP client for the AWS SDK. Answers are read up to a limit, except with [`Answers::Streamed`]. Clones share
/// their connections.
#[derive(Debug, Clone, Default)]
pub struct BoundedHttpClient {
    connectors: Arc<Connectors>,
}

impl BoundedHttpClient {
    /// Returns this client for the SDK, with a rule for its answers.
    pub fn answering(&self, answers: Answers) -> impl HttpClient + 'static {
        Client { connectors: Arc::clone(&self.connectors), answers }
    }

    /// Creates the connector for a URL, unless there is one. For TLS this reads the certificate authorities.
    pub fn prepare(&self, url: &str, settings: &HttpConnectorSettings, sleep: &Option<SharedAsyncSleep>) {
        // The request reports what is wrong.
        let _ = self.connectors.way_to(url, settings, sleep);
    }

    /// How many connectors were created.
    #[cfg(test)]
    pub fn count_connectors(&self) -> usize {
        self.connectors.count()
    }

    /// Trusts the certificate authorities in this file, which the setting names, unless `AWS_CA_BUNDLE` names others.
    /// Counts for connections that are made afterwards; the first file wins.
    pub fn trust_bundle(&self, setting: impl Into<String>, file: PathBuf) {
        self.connectors.set_bundle(setting.into(), file);
    }
}

#[derive(Debug)]
struct Client {
    connectors: Arc<Connectors>,
    answers: Answers,
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Bounded {
            connectors: Arc::clone(&self.connectors),
            settings: settings.clone(),
            sleep: components.sleep_impl(),
            answers: self.answers,
        })
    }
}

/// Connects, and limits the answers.
#[derive(Debug)]
struct Bounded {
    connectors: Arc<Connectors>,
    settings: HttpConnectorSettings,
    sleep: Option<SharedAsyncSleep>,
    answers: Answers,
}

impl HttpConnector for Bounded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answers = self.answers;
        let method = request.method().to_owned();
        let Way { connector, host, proxy } = match self.connectors.way_to(request.uri(), &self.settings, &self.sleep) {
            Ok(way) => way,
            // Not retried: it would fail again.
            Err(why) => return HttpConnectorFuture::ready(Err(ConnectorError::other(why.into(), None))),
        };
        let call = connector.call(request);
        HttpConnectorFuture::new(async move {
            let response = match call.await {
                Ok(response) if answers == Answers::Streamed && response.status().is_success() => Ok(response),
                Ok(response) => read_whole(response).await,
                Err(why) => Err(why),
            };
            let response = response.map_err(|why| error::explained(why, &host, proxy.as_deref()))?;
            if let Some(proxy) = proxy.filter(|_| response.status().as_u16() == 407) {
                return Err(ConnectorError::other(ConnectError::ProxyLogin(proxy).into(), None));
            }
            if answers == Answers::AwsSigner && response.status().is_success() {
                answer::check(&method, response.body().bytes().unwrap_or_default())
                    .map_err(|why| ConnectorError::other(why.into(), None))?;
            }
            Ok(response)
        })
    }
}

async fn read_whole(response: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    let status = response.status();
    let headers = response.headers().clone();
    let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            ConnectorError::other(AnswerError::TooLarge(MAX_ANSWER).into(), None)
        } else {
            ConnectorError::io(error)
        }
    })?;
    let mut whole = HttpResponse::new(status, SdkBody::from(body.to_bytes()));
    *whole.headers_mut() = headers;
    Ok(whole)
}
