//! The settings of AWS's tools that apply to every service: profile, endpoints, FIPS and dual stack. AWS SDKs and Tools
//! Reference Guide, "Settings reference".

use std::sync::Arc;
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_names::Region;
use aws_smithy_async::rt::sleep::default_async_sleep;
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::sdk_config::Builder;

use super::config::{ConfigError, check_endpoint};
use super::environment::Environment;
use super::http::BoundedHttpClient;
use super::shared_config::{NamedProfile, Profile, SharedConfig};

/// The maximum number of attempts. Throttling, server errors and broken connections are retried; refusals are not.
const ATTEMPTS: u32 = 4;

/// The variables that name a profile, in the order of precedence.
const PROFILE_VARIABLES: [&str; 2] = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"];

/// Environment, shared configuration and the profile in use.
#[derive(Debug, Clone)]
pub struct AwsSettings(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    environment: Environment,
    shared: SharedConfig,
    selected: NamedProfile,
    /// Whether the caller named the profile: its credentials precede all others.
    is_given: bool,
}

impl AwsSettings {
    /// Reads environment and shared configuration. `profile` is a profile that the caller names, with the key or option
    /// that names it.
    #[must_use]
    pub fn load(profile: Option<NamedProfile>) -> Self {
        let environment = Environment::of_process();
        let shared = SharedConfig::load(&environment);
        Self::new(environment, shared, profile)
    }

    /// Uses this environment and shared configuration.
    #[must_use]
    pub fn new(environment: Environment, shared: SharedConfig, profile: Option<NamedProfile>) -> Self {
        if let Some(error) = shared.unusable_file() {
            tracing::warn!(%error, "a file of the shared AWS configuration is left out");
        }
        let is_given = profile.is_some();
        let selected = profile.unwrap_or_else(|| match environment.first(&PROFILE_VARIABLES) {
            Some((variable, name)) => NamedProfile { name: name.to_owned(), named_by: Some(variable.to_owned()) },
            None => NamedProfile { name: "default".to_owned(), named_by: None },
        });
        Self(Arc::new(Inner { environment, shared, selected, is_given }))
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.0.environment
    }

    pub(crate) fn shared(&self) -> &SharedConfig {
        &self.0.shared
    }

    pub(crate) fn selected(&self) -> &NamedProfile {
        &self.0.selected
    }

    pub(crate) fn is_given(&self) -> bool {
        self.0.is_given
    }

    fn profile(&self) -> Option<Profile> {
        self.0.shared.profile(&self.0.selected.name)
    }

    /// Returns a setting with the variable or the place that sets it.
    pub(crate) fn setting(&self, variable: &str, key: &str) -> Option<(String, String)> {
        if let Some(value) = self.0.environment.get(variable) {
            return Some((variable.to_owned(), value.to_owned()));
        }
        let profile = self.profile()?;
        let value = profile.get(key)?;
        Some((format!("{key} in {}", profile.place(key)), value.to_owned()))
    }

    /// Lets connections trust the certificate authorities that `ca_bundle` of the profile names.
    pub fn trust_bundle(&self, http: &BoundedHttpClient) {
        let Some(profile) = self.profile() else { return };
        if let Some(path) = profile.get("ca_bundle") {
            http.trust_bundle(format!("ca_bundle in {}", profile.place("ca_bundle")), self.0.environment.path(path));
        }
    }

    /// Returns the configured endpoint of a service, such as `signer` or `sso oidc`. It is validated here, because the
    /// SDK accepts any value and shows the whole request when it fails.
    ///
    /// # Errors
    /// Returns [`ConfigError::Endpoint`] if it is invalid.
    pub fn endpoint(&self, service: &str) -> Result<Option<String>, ConfigError> {
        let ignore = self.switch("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")?;
        if ignore == Some(true) {
            return Ok(None);
        }
        let id = service.replace(' ', "_");
        let variable = format!("AWS_ENDPOINT_URL_{}", id.to_ascii_uppercase());
        for variable in [variable.as_str(), "AWS_ENDPOINT_URL"] {
            // An empty one is a mistake of a script: requests must not go to AWS in its place.
            if let Some(url) = self.0.environment.given(variable) {
                check_endpoint(variable, url)?;
                return Ok(Some(url.to_owned()));
            }
        }
        let Some(profile) = self.profile() else { return Ok(None) };
        let section = profile.get("services").and_then(|name| self.0.shared.section("services", name));
        let of_service = section.as_ref().and_then(|section| {
            Some((section.place(&id), section.nested(&id, "endpoint_url").filter(|url| !url.is_empty())?))
        });
        let of_all = || Some((profile.place("endpoint_url"), profile.get("endpoint_url")?));
        let Some((place, url)) = of_service.or_else(of_all) else { return Ok(None) };
        check_endpoint(&format!("endpoint_url in {place}"), url)?;
        Ok(Some(url.to_owned()))
    }

    fn switch(&self, variable: &str, key: &str) -> Result<Option<bool>, ConfigError> {
        match self.setting(variable, key) {
            None => Ok(None),
            Some((_, value)) if value.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some((_, value)) if value.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some((key, value)) => Err(ConfigError::Switch { key, value }),
        }
    }

    /// Returns the configuration of a client of a service in a region, without credentials.
    ///
    /// # Errors
    /// Returns [`ConfigError`] if the configured endpoint is invalid, or a switch is neither `true` nor `false`.
    pub fn client(&self, service: &str, region: &str, http: SharedHttpClient) -> Result<ClientSettings, ConfigError> {
        self.client_at(self.endpoint(service)?, region, http)
    }

    /// As [`Self::client`], with this endpoint. An endpoint of one's own is used as it is: FIPS and dual stack choose
    /// among AWS's endpoints.
    ///
    /// # Errors
    /// Returns [`ConfigError`] if a switch is neither `true` nor `false`.
    pub fn client_at(
        &self,
        endpoint: Option<String>,
        region: &str,
        http: SharedHttpClient,
    ) -> Result<ClientSettings, ConfigError> {
        let fips = self.switch("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?;
        let dual_stack = self.switch("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?;
        Ok(ClientSettings { builder: client_builder(region, http), endpoint, fips, dual_stack })
    }

    /// Returns the region in which STS is asked for credentials for `region`: that of the environment or the profile,
    /// if it is in the same partition. A private network reaches the STS of its own region.
    pub(crate) fn sts_region(&self, region: &Region) -> Region {
        let environment = &self.0.environment;
        let profile = self.profile();
        let named = environment.first(&["AWS_REGION", "AWS_DEFAULT_REGION"]).map(|(_, region)| region);
        let named = named.or_else(|| profile.as_ref()?.get("region"));
        let own = named.and_then(|name| name.parse::<Region>().ok());
        own.filter(|own| own.partition() == region.partition()).unwrap_or_else(|| region.clone())
    }
}

/// The configuration of a client of one service.
#[derive(Debug)]
pub struct ClientSettings {
    builder: Builder,
    endpoint: Option<String>,
    fips: Option<bool>,
    dual_stack: Option<bool>,
}

impl ClientSettings {
    /// Demands FIPS or dual-stack endpoints.
    #[must_use]
    pub fn demanding(mut self, fips: bool, dual_stack: bool) -> Self {
        if fips {
            self.fips = Some(true);
        }
        if dual_stack {
            self.dual_stack = Some(true);
        }
        self
    }

    /// Returns the endpoint, unless it is AWS's.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// Returns the configuration for the SDK, to which the credentials are added.
    #[must_use]
    pub fn into_builder(self) -> Builder {
        let mut builder = self.builder;
        match self.endpoint {
            Some(url) => {
                builder.set_endpoint_url(Some(url));
            }
            None => {
                builder.set_use_fips(self.fips).set_use_dual_stack(self.dual_stack);
            }
        }
        builder
    }
}

/// Returns what the clients of all services have in common.
pub(super) fn client_builder(region: &str, http: SharedHttpClient) -> Builder {
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(200))
        .with_max_backoff(Duration::from_secs(2));
    let mut builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(aws_config::Region::new(region.to_owned()))
        .time_source(SharedTimeSource::default())
        .retry_config(retries)
        .timeout_config(TimeoutConfig::builder().connect_timeout(Duration::from_secs(3)).build())
        // The deadline of the command covers slow credential sources and slow responses, with a clearer error.
        .identity_cache(IdentityCache::lazy().load_timeout(Duration::from_secs(3600)).build())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    builder.set_http_client(Some(http));
    builder.set_sleep_impl(default_async_sleep());
    builder.set_app_name(AppName::new("notation-aws-signer").ok());
    builder
}

#[cfg(test)]
mod tests;
