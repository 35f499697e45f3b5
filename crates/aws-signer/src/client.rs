//! A client for AWS Signer, for one region and one set of credentials.

use std::future::Future;
use std::time::Instant;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_names::Region;
use aws_sdk_signer::config::Intercept;
use aws_sdk_signer::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::endpoint::EndpointPrefix;
use aws_smithy_runtime_api::client::http::HttpConnectorSettings;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::endpoint_config::EndpointUrl;
use limits::Deadline;
use notary::text::printable;

use super::config::{ConfigError, SignerConfig};
use super::credentials::CredentialsSources;
use super::error::CallError;
use super::failure::Failure;
use super::http::{Answers, BoundedHttpClient};
use super::journal::{Journal, Peer};
use super::retry::{Repeats, TooManyRequests};
use super::revocation_status::AnswersTheQuestion;
use super::settings::{AwsSettings, client_builder};
use super::watched::watched;

/// A client of AWS Signer.
#[derive(Debug, Clone)]
pub struct SignerClient {
    sdk: aws_sdk_signer::Client,
    region: Region,
    profile: Option<String>,
    endpoint: Result<Option<String>, ConfigError>,
    credentials: CredentialsSources,
    http: BoundedHttpClient,
    journal: Journal,
}

impl SignerClient {
    /// Creates a client for a region, with the credentials that are configured for its partition. This does not
    /// connect.
    pub async fn new(config: &SignerConfig, region: Region) -> Self {
        Self::with_http(&BoundedHttpClient::default(), config, region).await
    }

    /// Creates a client that shares the connections of `http`.
    pub(super) async fn with_http(http: &BoundedHttpClient, config: &SignerConfig, region: Region) -> Self {
        let named = config.named_profile(&region.partition());
        let profile = named.as_ref().map(|named| named.name.clone());
        let settings = AwsSettings::load(named);
        settings.trust_bundle(http);
        let journal = Journal::default();
        let watched = watched(http.answering(Answers::AwsSigner), &journal, Peer::Service);
        let client = match config.endpoint_url() {
            Some(url) => settings.client_at(Some(url.to_owned()), region.as_str(), watched.clone()),
            None => settings.client("signer", region.as_str(), watched.clone()),
        };
        let given = config.credentials().cloned();
        let role = config.role(&region.partition()).cloned();
        let sources = CredentialsSources::new(settings, region.clone(), http, journal.clone(), given, role);
        let provider = SharedCredentialsProvider::new(sources.clone());
        let (endpoint, shared) = match client {
            Ok(client) => (Ok(client.endpoint().map(str::to_owned)), client.into_builder()),
            // Every call fails with this error before it uses the client.
            Err(why) => (Err(why), client_builder(region.as_str(), watched)),
        };
        let mut builder = aws_sdk_signer::config::Builder::from(&shared.credentials_provider(provider).build())
            .interceptor(EndpointAsGiven)
            .interceptor(AnswersTheQuestion)
            .interceptor(Repeats(config.waits().clone()))
            .retry_classifier(TooManyRequests);
        builder.set_endpoint_url(endpoint.clone().ok().flatten());
        let sdk = aws_sdk_signer::Client::from_conf(builder.build());
        Self { sdk, region, profile, endpoint, credentials: sources, http: http.clone(), journal }
    }

    /// Gets the credentials and the connector now, so that the first call need not wait for them. What is wrong with
    /// them is said by that call.
    pub(super) async fn prepare(&self) {
        let Ok(endpoint) = &self.endpoint else { return };
        let connector = async {
            let config = self.sdk.config();
            let timeouts = config.timeout_config();
            let mut settings = HttpConnectorSettings::builder();
            settings.set_connect_timeout(timeouts.and_then(TimeoutConfig::connect_timeout));
            settings.set_read_timeout(timeouts.and_then(TimeoutConfig::read_timeout));
            // The host of the default endpoint decides only which proxy is used.
            let default = || format!("https://signer.{}.amazonaws.com", self.region);
            let url = endpoint.clone().unwrap_or_else(default);
            self.http.prepare(&url, &settings.build(), &config.sleep_impl());
            // The host's name will be looked up on a thread of the runtime, which keeps it for some seconds.
            drop(tokio::task::spawn_blocking(|| ()));
        };
        // The request for the credentials is sent first.
        tokio::join!(self.credentials.prepare(), connector);
    }

    /// Returns the SDK client, for operations that this library does not wrap.
    #[must_use]
    pub fn sdk(&self) -> &aws_sdk_signer::Client {
        &self.sdk
    }

    /// Returns the region.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Returns the endpoint, unless it is the default of the region.
    #[must_use]
    pub fn endpoint_url(&self) -> Option<&str> {
        self.endpoint.as_ref().ok().and_then(Option::as_deref)
    }

    /// Runs a call within the deadline.
    pub(super) async fn call<T, E>(
        &self,
        operation: &'static str,
        deadline: Deadline,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, CallError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        if let Err(why) = &self.endpoint {
            return Err(self.failed(operation, Failure::Configuration(why.clone())));
        }
        let began = Instant::now();
        let region = self.region.as_str();
        let answer = match deadline.run(call).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error)) => {
                Err(self.failed(operation, Failure::from_sdk(error).at_host(self.journal.service_host())))
            }
            None => {
                let waiting = Some(Box::new(self.journal.waiting()));
                Err(self.failed(operation, Failure::Timeout { budget: deadline.budget(), waiting }))
            }
        };
        let ms = began.elapsed().as_millis() as u64;
        match &answer {
            Ok(_) => tracing::debug!(operation, region, ms, "AWS Signer answered"),
            Err(why) => tracing::debug!(operation, region, ms, why = printable(&why.to_string()), "the call failed"),
        }
        answer
    }

    pub(super) fn failed(&self, operation: &'static str, failure: Failure) -> CallError {
        let endpoint = self.endpoint.clone().ok().flatten();
        let used = self.journal.used().map(Box::new);
        CallError { operation, region: self.region.clone(), profile: self.profile.clone(), endpoint, used, failure }
    }
}

/// Uses a configured endpoint unchanged. The SDK prepends `data-` to the host for `GetRevocationStatus`, even if the
/// user configured the endpoint and the host is an IP address.
#[derive(Debug)]
struct EndpointAsGiven;

impl Intercept for EndpointAsGiven {
    fn name(&self) -> &'static str {
        "EndpointAsGiven"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if bag.load::<EndpointUrl>().is_some() {
            bag.interceptor_state().unset::<EndpointPrefix>();
        }
        Ok(())
    }
}
