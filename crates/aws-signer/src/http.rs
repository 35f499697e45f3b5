//! The HTTP client for the AWS SDK: fast to create, and with a limit on the size of answers.
//!
//! The SDK's default client reads the system's root certificates when it is created, even if TLS is not used. That
//! takes more than half of the run time of a plugin command against an `http://` endpoint. This client creates its
//! plain and its TLS connector on first use. It also limits the size of answers, which the SDK does not.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_smithy_async::rt::sleep::SharedAsyncSleep;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Connector, ConnectorBuilder, tls};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt, Limited};

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
}

/// An HTTP client for the AWS SDK. Clones share their connections.
#[derive(Debug, Clone, Default)]
pub struct BoundedHttpClient {
    connectors: Arc<Mutex<Connectors>>,
}

/// The connectors by their connect and read timeouts. The SDK uses one or two combinations.
type Connectors = Vec<(Timeouts, Arc<Lazy>)>;
type Timeouts = (Option<Duration>, Option<Duration>);

impl BoundedHttpClient {
    /// Returns this client for the SDK, with a rule for its answers.
    pub fn answering(&self, answers: Answers) -> impl HttpClient + 'static {
        Client { inner: self.clone(), answers }
    }
}

#[derive(Debug)]
struct Client {
    inner: BoundedHttpClient,
    answers: Answers,
}

impl HttpClient for Client {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let timeouts = (settings.connect_timeout(), settings.read_timeout());
        // Ignores poisoning: a panic cannot leave the list half-changed.
        let mut connectors = self.inner.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        let lazy = match connectors.iter().find(|(t, _)| *t == timeouts) {
            Some((_, lazy)) => Arc::clone(lazy),
            None => {
                let lazy = Arc::new(Lazy {
                    settings: settings.clone(),
                    sleep: components.sleep_impl(),
                    plain: OnceLock::new(),
                    tls: OnceLock::new(),
                });
                connectors.push((timeouts, Arc::clone(&lazy)));
                lazy
            }
        };
        SharedHttpConnector::new(Bounded { lazy, answers: self.answers })
    }
}

/// A plain and a TLS connector, each created on first use.
#[derive(Debug)]
struct Lazy {
    settings: HttpConnectorSettings,
    sleep: Option<SharedAsyncSleep>,
    plain: OnceLock<SharedHttpConnector>,
    tls: OnceLock<SharedHttpConnector>,
}

impl Lazy {
    fn connector_for(&self, uri: &str) -> &SharedHttpConnector {
        let plain = uri.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"));
        if plain && !proxy_needs_tls() {
            self.plain.get_or_init(|| SharedHttpConnector::new(self.builder().build_http()))
        } else {
            let provider = tls::Provider::Rustls(CryptoMode::AwsLc);
            self.tls.get_or_init(|| SharedHttpConnector::new(self.builder().tls_provider(provider).build()))
        }
    }

    fn builder(&self) -> ConnectorBuilder {
        let mut builder = Connector::builder();
        builder.set_connector_settings(Some(self.settings.clone()));
        builder.set_sleep_impl(self.sleep.clone());
        builder.set_proxy_config(Some(ProxyConfig::from_env()));
        builder
    }
}

/// Whether the proxy for plain requests itself uses TLS.
fn proxy_needs_tls() -> bool {
    ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .any(|url| url.starts_with("https://"))
}

#[derive(Debug)]
struct Bounded {
    lazy: Arc<Lazy>,
    answers: Answers,
}

impl HttpConnector for Bounded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answers = self.answers;
        let method = request.method().to_owned();
        let call = self.lazy.connector_for(request.uri()).call(request);
        HttpConnectorFuture::new(async move {
            let response = read_whole(call.await?).await?;
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
