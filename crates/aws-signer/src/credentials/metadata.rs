//! Credentials of the machine: the metadata of an EC2 instance. AWS SDKs and Tools Reference Guide, "IMDS credential
//! provider".

use std::error::Error;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::imds::client::error::ImdsError;
use aws_config::imds::client::{Client, ImdsResponseRetryClassifier};
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::retries::classifiers::SharedRetryClassifier;
use notary::CredentialsSource;

use super::error::{CredentialsFailure, Refusal};
use super::keys::{Names, usable};
use super::{Found, Inner};
use crate::config::check_endpoint;
use crate::failure::{error_chain, find};

/// The SDK's error if the instance has no role.
const NO_ROLE: &str = "received 404 from IMDS";
/// How long a connection may take: outside of EC2, no service answers at the address.
const CONNECT: Duration = Duration::from_secs(1);
/// The time limit for what the deadline of the command limits.
const BY_DEADLINE: Duration = Duration::from_secs(3600);
/// The number of attempts if the service answers with an error.
const ATTEMPTS: u32 = 4;

impl Inner {
    fn provider_config(&self) -> ProviderConfig {
        ProviderConfig::without_region()
            .with_behavior_version(Some(BehaviorVersion::latest()))
            .with_http_client(self.http.clone())
    }

    /// Asks the instance. The inner error says that there is no role, or no instance.
    pub(super) async fn instance(&self) -> Result<Result<Found, String>, CredentialsFailure> {
        let source = CredentialsSource::InstanceMetadata;
        let disabled = self.settings.environment().get("AWS_EC2_METADATA_DISABLED");
        if disabled.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Ok(Err("instance metadata is disabled (AWS_EC2_METADATA_DISABLED)".to_owned()));
        }
        self.journal.asking(&source);
        let provider = self.instance.get_or_try_init(async || self.instance_provider()).await?;
        match provider.provide_credentials().await {
            Ok(credentials) => Ok(Ok((usable(&credentials, &Names::within(&source))?, source))),
            Err(error) => self.no_role(&source, &error).map(Err),
        }
    }

    /// Returns why the instance gives no credentials, if that means that it has none.
    fn no_role(&self, source: &CredentialsSource, error: &CredentialsError) -> Result<String, CredentialsFailure> {
        let host = self.journal.source_host().unwrap_or_default();
        let is_not_loaded = matches!(error, CredentialsError::CredentialsNotLoaded(_));
        let why = cause(error);
        match find::<ImdsError>(error) {
            Some(ImdsError::FailedToLoadToken(_)) => Ok(format!("instance metadata at {host} gave no token: {why}")),
            // The SDK's answer to status 404.
            None if is_not_loaded && why == NO_ROLE => Ok(format!("the instance has no role (metadata at {host})")),
            _ if is_not_loaded => {
                // Outside of EC2, the connection fails. In a container, the connection stands and the answer is lost.
                let hint = if why.contains("read timeout") { "; in a container, its hop limit must be 2" } else { "" };
                Ok(format!("instance metadata at {host} did not answer: {why}{hint}"))
            }
            _ => Err(self.machine_failed(source, error)),
        }
    }

    fn instance_provider(&self) -> Result<ImdsCredentialsProvider, CredentialsFailure> {
        let endpoint = self.instance_endpoint()?;
        let timeout = self.number("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", 600.0)?;
        let timeout = timeout.map(Duration::from_secs_f64);
        let attempts = self.number("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", 100.0)?;
        // If attempts are asked for, a connection that fails is one of them.
        let classifier = ImdsResponseRetryClassifier::default().with_retry_connect_timeouts(attempts.is_some());
        let client = Client::builder()
            .configure(&self.provider_config())
            .endpoint(&endpoint)
            .map_err(|why| CredentialsFailure::Value { name: endpoint.clone(), why: format!("is not a URL: {why}") })?
            .connect_timeout(timeout.unwrap_or(CONNECT))
            .read_timeout(timeout.unwrap_or(BY_DEADLINE))
            .operation_attempt_timeout(BY_DEADLINE)
            .operation_timeout(BY_DEADLINE)
            .max_attempts(attempts.map_or(ATTEMPTS, |number| number.max(1.0) as u32))
            .retry_classifier(SharedRetryClassifier::new(classifier))
            .build();
        Ok(ImdsCredentialsProvider::builder().configure(&self.provider_config()).imds_client(client).build())
    }

    fn instance_endpoint(&self) -> Result<String, CredentialsFailure> {
        if let Some((key, url)) =
            self.settings.setting("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint")
        {
            check_endpoint(&key, &url)?;
            return Ok(url);
        }
        let mode =
            self.settings.setting("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
        match mode {
            Some((_, mode)) if mode.eq_ignore_ascii_case("ipv6") => Ok("http://[fd00:ec2::254]".to_owned()),
            Some((_, mode)) if mode.eq_ignore_ascii_case("ipv4") => Ok("http://169.254.169.254".to_owned()),
            None => Ok("http://169.254.169.254".to_owned()),
            Some((name, mode)) => {
                Err(CredentialsFailure::Value { name, why: format!("is {mode:?}; it must be IPv4 or IPv6") })
            }
        }
    }

    /// Returns a positive number of the settings.
    fn number(&self, variable: &str, key: &str, most: f64) -> Result<Option<f64>, CredentialsFailure> {
        let Some((name, text)) = self.settings.setting(variable, key) else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(number) if number > 0.0 && number <= most => Ok(Some(number)),
            _ => {
                let why = format!("is {text:?}; it must be a number above 0 and up to {most}");
                Err(CredentialsFailure::Value { name, why })
            }
        }
    }

    fn machine_failed(&self, source: &CredentialsSource, error: &CredentialsError) -> CredentialsFailure {
        let (asked, host) = (source.clone(), self.journal.source_host());
        if let CredentialsError::InvalidConfiguration(_) = error {
            return CredentialsFailure::Value {
                name: source.to_string(),
                why: format!("is not usable: {}", cause(error)),
            };
        }
        let why = cause(error);
        let status = match find::<ImdsError>(error) {
            Some(ImdsError::ErrorResponse(response)) => Some(response.response().status().as_u16()),
            _ => None,
        };
        match status {
            Some(status) => {
                let code = format!("HTTP status {status}");
                CredentialsFailure::Refused(Box::new(Refusal { asked, host, status, code, message: None }))
            }
            None if find::<ConnectorError>(error).is_some() || find::<ImdsError>(error).is_some() => {
                CredentialsFailure::Unreachable { asked, host, why }
            }
            None => CredentialsFailure::Answer { asked, host, why },
        }
    }
}

/// Returns the error without the SDK's introduction.
fn cause(error: &CredentialsError) -> String {
    let inner: &(dyn Error + 'static) = error;
    error_chain(inner.source().unwrap_or(inner))
}
