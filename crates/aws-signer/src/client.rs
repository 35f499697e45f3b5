//! A client for AWS Signer, for one region and one set of credentials.

use std::future::Future;
use std::time::{Duration, Instant};

use aws_config::identity::IdentityCache;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, ConfigLoader};
use aws_names::Region;
use aws_sdk_signer::config::Intercept;
use aws_sdk_signer::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::endpoint::EndpointPrefix;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use aws_types::endpoint_config::EndpointUrl;
use aws_types::service_config::ServiceConfigKey;
use limits::Deadline;
use notary::text::printable;

use super::config::{ConfigError, SignerConfig, check_endpoint};
use super::credentials::StandardSources;
use super::error::CallError;
use super::failure::Failure;
use super::http::{Answers, BoundedHttpClient};
use super::retry::{Repeats, TooManyRequests};

/// The maximum number of attempts. Throttling, server errors and broken connections are retried; refusals are not.
const ATTEMPTS: u32 = 4;

/// A client of AWS Signer.
#[derive(Debug, Clone)]
pub struct SignerClient {
    sdk: aws_sdk_signer::Client,
    region: Region,
    profile: Option<String>,
    endpoint: Result<Option<String>, ConfigError>,
}

impl SignerClient {
    /// Creates a client for a region, with the credentials that are configured for its partition. This does not
    /// connect.
    pub async fn new(config: &SignerConfig, region: Region) -> Self {
        Self::with_http(&BoundedHttpClient::default(), config, region).await
    }

    /// Creates a client that shares the connections of `http`.
    pub(super) async fn with_http(http: &BoundedHttpClient, config: &SignerConfig, region: Region) -> Self {
        let profile = config.profile(&region.partition()).map(str::to_owned);
        let (mut loader, context) = loader(http, region.as_str());
        if let Some(credentials) = config.credentials() {
            loader = loader.credentials_provider(credentials.clone());
        } else if let Some(profile) = &profile {
            // The standard sources prefer the environment, but an explicitly named profile must win.
            let provider = ProfileFileCredentialsProvider::builder().profile_name(profile).configure(&context).build();
            loader = loader.profile_name(profile).credentials_provider(provider);
        } else {
            loader =
                loader.credentials_provider(StandardSources::new(aws_config::Region::new(region.to_string()), context));
        }
        let shared = loader.load().await;
        let endpoint = match config.endpoint_url() {
            Some(url) => Ok(Some(url.to_owned())),
            None => endpoint_of_aws(&shared, "signer"),
        };
        let mut builder = aws_sdk_signer::config::Builder::from(&shared)
            .http_client(http.answering(Answers::AwsSigner))
            .interceptor(EndpointAsGiven)
            .interceptor(Repeats(config.waits().clone()))
            .retry_classifier(TooManyRequests);
        builder.set_endpoint_url(endpoint.clone().ok().flatten());
        Self { sdk: aws_sdk_signer::Client::from_conf(builder.build()), region, profile, endpoint }
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
            Some(Err(error)) => Err(self.failed(operation, Failure::from_sdk(error))),
            None => Err(self.failed(operation, Failure::Timeout(deadline.budget()))),
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
        CallError { operation, region: self.region.clone(), profile: self.profile.clone(), endpoint, failure }
    }
}

/// Returns the common configuration of all services without credentials, and the context for a credentials provider.
pub fn loader(http: &BoundedHttpClient, region: &str) -> (ConfigLoader, ProviderConfig) {
    let region = aws_config::Region::new(region.to_owned());
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(200))
        .with_max_backoff(Duration::from_secs(2));
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(region.clone())
        .http_client(http.answering(Answers::Any))
        .retry_config(retries)
        .timeout_config(TimeoutConfig::builder().connect_timeout(Duration::from_secs(3)).build())
        // The deadline of the command covers slow credential sources and slow responses, with a clearer error.
        .identity_cache(IdentityCache::lazy().load_timeout(Duration::from_secs(3600)).build())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Ok(name) = AppName::new("notation-aws-signer") {
        loader = loader.app_name(name);
    }
    let context = ProviderConfig::default().with_region(Some(region)).with_http_client(http.answering(Answers::Any));
    (loader, context)
}

/// Returns the endpoint of a service from AWS's own configuration, with the SDK's precedence. It is validated here,
/// because the SDK accepts any value and shows the whole request when it fails.
pub fn endpoint_of_aws(shared: &SdkConfig, service: &str) -> Result<Option<String>, ConfigError> {
    let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let of_service = shared.service_config().zip(key.ok()).and_then(|(config, key)| config.load_config(key));
    let Some(url) = of_service.or_else(|| shared.endpoint_url().map(str::to_owned)) else { return Ok(None) };
    let variable = format!("AWS_ENDPOINT_URL_{}", service.to_ascii_uppercase().replace(' ', "_"));
    check_endpoint(&format!("{variable}, AWS_ENDPOINT_URL or endpoint_url of the shared AWS configuration"), &url)?;
    Ok(Some(url))
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
