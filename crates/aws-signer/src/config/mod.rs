//! Configuration of calls to AWS Signer: plugin configuration and equivalent environment variables.

mod endpoint;
mod error;
mod scoped;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_names::{Location, Partition, ProfileArn, Region, RoleArn};
use limits::Waits;

pub(super) use self::endpoint::check_endpoint;
pub use self::error::ConfigError;
use self::scoped::{Scope, Scoped};
use super::shared_config::NamedProfile;

/// The keys of the plugin configuration with their equivalent environment variables. The first two accept a partition
/// as suffix: `aws-profile.aws-us-gov`, `NOTATION_AWS_SIGNER_PROFILE_AWS_US_GOV`.
const PROFILE: (&str, &str) = ("aws-profile", "NOTATION_AWS_SIGNER_PROFILE");
const REGION: (&str, &str) = ("aws-region", "NOTATION_AWS_SIGNER_REGION");
const ENDPOINT: (&str, &str) = ("aws-signer-endpoint-url", "NOTATION_AWS_SIGNER_ENDPOINT_URL");
const TIMEOUT: (&str, &str) = ("aws-signer-timeout", TIMEOUT_VARIABLE);

/// The environment variable for the timeout, which also applies before the plugin configuration has been read.
pub const TIMEOUT_VARIABLE: &str = "NOTATION_AWS_SIGNER_TIMEOUT";

/// Parses a timeout in seconds, from 0.1 to 600.
#[must_use]
pub fn timeout_of(text: &str) -> Option<Duration> {
    text.parse().ok().filter(|seconds| (0.1..=600.0).contains(seconds)).map(Duration::from_secs_f64)
}

/// The configuration of calls to AWS Signer. By default, the region of the ARN and the standard credential sources are
/// used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignerConfig {
    profiles: Scoped<String>,
    regions: Scoped<Region>,
    roles: Scoped<RoleArn>,
    endpoint_url: Option<String>,
    timeout: Option<Duration>,
    credentials: Option<Credentials>,
    waits: Waits,
}

impl SignerConfig {
    /// Reads the plugin configuration, which overrides the environment. Empty values count as unset, and unknown keys
    /// are logged.
    ///
    /// # Errors
    /// Returns [`ConfigError`] if a value is invalid.
    pub fn new(
        plugin_config: &BTreeMap<String, String>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        for (name, value) in environment {
            if let Some((key, scope)) = key_of_variable(&name) {
                config.set(key, scope, &name, value)?;
            }
        }
        for (key, value) in plugin_config {
            let (base, scope) = match key.split_once('.') {
                Some((base, partition)) => (base, partition.parse().ok().map(Scope::Partition)),
                None => (key.as_str(), Some(Scope::General)),
            };
            config.set(base, scope, key, value.clone())?;
        }
        Ok(config)
    }

    /// Reads the plugin configuration and the environment of this process. Variables that are not UTF-8 cannot be
    /// settings, and are ignored.
    ///
    /// # Errors
    /// Returns [`ConfigError`] if a value is invalid.
    pub fn of_process(plugin_config: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let text = |value: std::ffi::OsString| value.into_string().ok();
        Self::new(plugin_config, std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))))
    }

    /// Sets a value. A `scope` of `None` is a partition that cannot exist.
    fn set(&mut self, base: &str, scope: Option<Scope>, key: &str, value: String) -> Result<(), ConfigError> {
        let key = key.to_owned();
        if value.is_empty() {
            return Ok(());
        }
        match (base, scope) {
            (base, Some(scope)) if base == PROFILE.0 => self.profiles.insert(scope, key, value),
            (base, Some(scope)) if base == REGION.0 => match value.parse() {
                Ok(region) => self.regions.insert(scope, key, region),
                Err(_) => return Err(ConfigError::Region { key, value }),
            },
            (base, Some(Scope::General)) if base == ENDPOINT.0 => {
                check_endpoint(&key, &value)?;
                self.endpoint_url = Some(value);
            }
            (base, Some(Scope::General)) if base == TIMEOUT.0 => {
                self.timeout = Some(timeout_of(&value).ok_or(ConfigError::Timeout { key, value })?);
            }
            _ => tracing::warn!(key, "ignoring an unknown plugin configuration key"),
        }
        Ok(())
    }

    /// Sets a key to the value of the command line option with the same name.
    ///
    /// # Errors
    /// Returns [`ConfigError`] if the value is invalid.
    pub fn with_option(mut self, key: &str, value: impl Into<String>) -> Result<Self, ConfigError> {
        self.set(key, Some(Scope::General), &format!("--{key}"), value.into())?;
        Ok(self)
    }

    /// Returns the timeout of a command, if set.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Returns the endpoint, if set. It is used exactly as given.
    #[must_use]
    pub fn endpoint_url(&self) -> Option<&str> {
        self.endpoint_url.as_deref()
    }

    /// Sets the endpoint, which is used exactly as given.
    #[must_use]
    pub fn with_endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.endpoint_url = Some(url.into());
        self
    }

    /// Uses these credentials instead of the standard sources.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Calls AWS in a partition in this region, where the ARN of a signature may name another one. `key` is what sets
    /// it, for errors.
    ///
    /// # Errors
    /// Returns [`ConfigError::RegionOfOtherPartition`] if the region is in another partition.
    pub fn with_region(
        mut self,
        partition: &Partition,
        key: impl Into<String>,
        region: &Region,
    ) -> Result<Self, ConfigError> {
        let key = key.into();
        let region = same_partition(Some(&key), region, partition)?;
        self.regions.insert(Scope::Partition(partition.clone()), key, region);
        Ok(self)
    }

    /// Assumes this role for all calls in a partition: with the credentials that are used without it, or, if these come
    /// from a web identity of the environment and cannot be used in that partition, with the web identity itself. `key`
    /// is what sets it, for errors.
    ///
    /// # Errors
    /// Returns [`ConfigError::RoleOfOtherPartition`] if the role is in another partition.
    pub fn with_role(
        mut self,
        partition: &Partition,
        key: impl Into<String>,
        role: RoleArn,
    ) -> Result<Self, ConfigError> {
        let key = key.into();
        if role.partition() != partition {
            return Err(ConfigError::RoleOfOtherPartition { key, role, partition: partition.clone() });
        }
        self.roles.insert(Scope::Partition(partition.clone()), key, role);
        Ok(self)
    }

    /// Tells these of each request that is repeated.
    #[must_use]
    pub fn with_waits(mut self, waits: Waits) -> Self {
        self.waits = waits;
        self
    }

    pub(super) fn waits(&self) -> &Waits {
        &self.waits
    }

    pub(super) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Returns the role that is assumed for calls in a partition.
    #[must_use]
    pub fn role(&self, partition: &Partition) -> Option<&RoleArn> {
        self.roles.for_partition(partition).map(|(_, role)| role)
    }

    /// Returns the profile of the shared AWS configuration that provides the credentials for a partition.
    #[must_use]
    pub fn profile(&self, partition: &Partition) -> Option<&str> {
        self.profiles.for_partition(partition).map(|(_, profile)| profile.as_str())
    }

    /// Returns this profile with the key that names it.
    pub(super) fn named_profile(&self, partition: &Partition) -> Option<NamedProfile> {
        let (key, name) = self.profiles.for_partition(partition)?;
        Some(NamedProfile { name: name.clone(), named_by: Some(key.to_owned()) })
    }

    /// Returns the region in which a profile signs, which is that of its ARN.
    ///
    /// # Errors
    /// Returns [`ConfigError::RegionMismatch`] if another region is configured, and [`ConfigError::ArnContradiction`]
    /// if region and partition of the ARN contradict each other.
    pub fn signing_region(&self, profile: &ProfileArn) -> Result<Region, ConfigError> {
        let location = profile.location();
        match self.regions.for_partition(location.partition()) {
            Some((key, region)) if region != location.region() => Err(ConfigError::RegionMismatch {
                key: key.to_owned(),
                region: region.clone(),
                profile: profile.to_string(),
                profile_region: location.region().clone(),
            }),
            _ => same_partition(None, location.region(), location.partition()),
        }
    }

    /// Returns the region for revocation checks: the configured one, otherwise that of the profile version. Revocations
    /// apply to all regions of a partition, and only to these.
    ///
    /// # Errors
    /// Returns [`ConfigError::RegionOfOtherPartition`] if the configured region is in another partition, and
    /// [`ConfigError::ArnContradiction`] if region and partition of the ARN contradict each other.
    pub fn revocation_region(&self, location: &Location) -> Result<Region, ConfigError> {
        match self.regions.for_partition(location.partition()) {
            Some((key, region)) => same_partition(Some(key), region, location.partition()),
            None => same_partition(None, location.region(), location.partition()),
        }
    }
}

/// Returns the plugin configuration key of an environment variable, and where it applies.
fn key_of_variable(name: &str) -> Option<(&'static str, Option<Scope>)> {
    if let Some((key, _)) = [PROFILE, REGION, ENDPOINT, TIMEOUT].iter().find(|(_, variable)| *variable == name) {
        return Some((key, Some(Scope::General)));
    }
    [PROFILE, REGION].iter().find_map(|(key, variable)| {
        let partition = name.strip_prefix(variable)?.strip_prefix('_')?;
        Some((*key, partition.to_ascii_lowercase().replace('_', "-").parse().ok().map(Scope::Partition)))
    })
}

/// Returns the region if it is in the partition. `key` is the key that sets it, or `None` if it comes from the ARN.
fn same_partition(key: Option<&str>, region: &Region, partition: &Partition) -> Result<Region, ConfigError> {
    let region = region.clone();
    let region_partition = region.partition();
    if region_partition == *partition {
        return Ok(region);
    }
    let partition = partition.clone();
    Err(match key {
        None => ConfigError::ArnContradiction { region, region_partition, partition },
        Some(key) => ConfigError::RegionOfOtherPartition { key: key.to_owned(), region, region_partition, partition },
    })
}

#[cfg(test)]
mod tests;
