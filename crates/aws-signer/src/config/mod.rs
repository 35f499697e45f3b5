//! How AWS Signer is reached: the plugin configuration that users have in their scripts, and the same as environment variables.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_names::{Location, partition_of_region};

/// A configuration value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// An endpoint that is no `http://` or `https://` URL.
    #[error("{key} is {value:?}, which is not an http:// or https:// URL without user, query and fragment")]
    Endpoint {
        /// Where it was set.
        key: String,
        /// The value.
        value: String,
    },
    /// A region that no region can be named.
    #[error("{key} is {value:?}, which is not the name of a region such as us-west-2")]
    Region {
        /// Where it was set.
        key: String,
        /// The value.
        value: String,
    },
    /// A time budget that is no number of seconds, or out of bounds.
    #[error("{key} is {value:?}; it must be a number of seconds from 0.1 to 600")]
    Timeout {
        /// Where it was set.
        key: String,
        /// The value.
        value: String,
    },
    /// The configured region is another than that of the signing profile.
    #[error(
        "{key} is {region:?}, but the signing profile {profile} is in {profile_region:?}: \
         remove {key}, or name a profile of that region"
    )]
    RegionMismatch {
        /// Where the region was set.
        key: String,
        /// The configured region.
        region: String,
        /// The profile's ARN.
        profile: String,
        /// The profile's region.
        profile_region: String,
    },
    /// An ARN names a partition and a region of another one.
    #[error(
        "the ARN's region {region:?} is in the partition {region_partition}, but the ARN says {partition}: correct the ARN"
    )]
    ArnContradiction {
        /// The ARN's region.
        region: String,
        /// That region's partition.
        region_partition: String,
        /// The ARN's partition.
        partition: String,
    },
    /// The region to ask belongs to another partition than the signature.
    #[error(
        "{key} is {region:?}, which is in the partition {region_partition}, but the signature is of the partition \
         {partition}; signatures do not cross partitions: {}",
        region_advice(key, partition)
    )]
    RegionOfOtherPartition {
        /// Where the region was set.
        key: String,
        /// The region.
        region: String,
        /// Its partition.
        region_partition: String,
        /// The partition of the signing profile.
        partition: String,
    },
}

/// The keys of the plugin configuration, each with the environment variable of the same meaning. The first two may be
/// followed by a partition: `aws-profile.aws-us-gov`, `NOTATION_AWS_SIGNER_PROFILE_AWS_US_GOV`.
const PROFILE: (&str, &str) = ("aws-profile", "NOTATION_AWS_SIGNER_PROFILE");
const REGION: (&str, &str) = ("aws-region", "NOTATION_AWS_SIGNER_REGION");
const ENDPOINT: (&str, &str) = ("aws-signer-endpoint-url", "NOTATION_AWS_SIGNER_ENDPOINT_URL");
const TIMEOUT: (&str, &str) = ("aws-signer-timeout", TIMEOUT_VARIABLE);

/// The environment variable of the time budget, which also holds before the plugin configuration has been read.
pub const TIMEOUT_VARIABLE: &str = "NOTATION_AWS_SIGNER_TIMEOUT";

/// A time budget in seconds, from 0.1 to 600.
#[must_use]
pub fn timeout_of(text: &str) -> Option<Duration> {
    text.parse().ok().filter(|seconds| (0.1..=600.0).contains(seconds)).map(Duration::from_secs_f64)
}

/// How to reach AWS Signer. Every value is optional: without any, the ARN's region and the standard sources of credentials
/// are used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignerConfig {
    profiles: Scoped,
    regions: Scoped,
    endpoint_url: Option<String>,
    timeout: Option<Duration>,
    credentials: Option<Credentials>,
    keys: Keys,
}

/// As what users know the keys of the configuration, for the text of errors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keys {
    /// Plugin configuration: `aws-profile`.
    #[default]
    PluginConfig,
    /// Options of a command line tool: `--aws-profile`.
    Options,
}

impl Keys {
    /// What stands before a key.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::PluginConfig => "",
            Self::Options => "--",
        }
    }
}

/// A value with its key, for all partitions and for single ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Scoped {
    general: Option<(String, String)>,
    by_partition: BTreeMap<String, (String, String)>,
}

impl Scoped {
    /// The value for a partition and the key that set it.
    fn for_partition(&self, partition: &str) -> Option<(&str, &str)> {
        let found = self.by_partition.get(partition).or(self.general.as_ref())?;
        Some((&found.0, &found.1))
    }

    fn insert(&mut self, partition: Option<String>, key: String, value: String) {
        match partition {
            None => self.general = Some((key, value)),
            Some(partition) => {
                self.by_partition.insert(partition, (key, value));
            }
        }
    }
}

impl SignerConfig {
    /// Reads the plugin configuration; what it does not set is taken from the environment. An empty value is as good as
    /// none. Keys that are not known are reported in the log.
    ///
    /// # Errors
    /// [`ConfigError`] for a value that cannot be used.
    pub fn new(
        plugin_config: &BTreeMap<String, String>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        for (name, value) in environment {
            if let Some((key, partition)) = key_of_variable(&name) {
                config.set(key, partition, &name, value)?;
            }
        }
        for (key, value) in plugin_config {
            let (base, partition) = match key.split_once('.') {
                Some((base, partition)) => (base, Some(partition.to_owned())),
                None => (key.as_str(), None),
            };
            config.set(base, partition, key, value.clone())?;
        }
        Ok(config)
    }

    fn set(&mut self, base: &str, partition: Option<String>, key: &str, value: String) -> Result<(), ConfigError> {
        let key = key.to_owned();
        if value.is_empty() {
            return Ok(());
        }
        match (base, partition) {
            (base, partition) if base == PROFILE.0 => self.profiles.insert(partition, key, value),
            (base, partition) if base == REGION.0 => {
                if Location::new("aws", &value, "000000000000").is_err() {
                    return Err(ConfigError::Region { key, value });
                }
                self.regions.insert(partition, key, value);
            }
            (base, None) if base == ENDPOINT.0 => {
                check_endpoint(&key, &value)?;
                self.endpoint_url = Some(value);
            }
            (base, None) if base == TIMEOUT.0 => {
                self.timeout = Some(timeout_of(&value).ok_or(ConfigError::Timeout { key, value })?);
            }
            _ => tracing::warn!(key, "this plugin configuration key is not known and was ignored"),
        }
        Ok(())
    }

    /// The same, where the values are options of a tool that have the keys as names.
    #[must_use]
    pub fn with_keys_as_options(mut self) -> Self {
        self.keys = Keys::Options;
        self
    }

    /// Sets a key to the value that the option of this name has.
    ///
    /// # Errors
    /// [`ConfigError`] for a value that cannot be used.
    pub fn with_option(mut self, key: &str, value: impl Into<String>) -> Result<Self, ConfigError> {
        self.set(key, None, &format!("--{key}"), value.into())?;
        Ok(self)
    }

    pub(super) fn keys(&self) -> Keys {
        self.keys
    }

    /// The time budget of a command, where one is set.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The endpoint to use exactly as given, where one is set.
    #[must_use]
    pub fn endpoint_url(&self) -> Option<&str> {
        self.endpoint_url.as_deref()
    }

    /// Uses this endpoint, exactly as given.
    #[must_use]
    pub fn with_endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.endpoint_url = Some(url.into());
        self
    }

    /// Uses these credentials in place of the standard sources.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    pub(super) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// The profile of the shared AWS configuration to take credentials from, for a partition.
    #[must_use]
    pub fn profile(&self, partition: &str) -> Option<&str> {
        self.profiles.for_partition(partition).map(|(_, profile)| profile)
    }

    /// The region in which a profile signs: the ARN's own.
    ///
    /// # Errors
    /// [`ConfigError::RegionMismatch`] when another is configured, [`ConfigError::ArnContradiction`].
    pub fn signing_region(&self, profile_arn: &str, location: &Location) -> Result<String, ConfigError> {
        match self.regions.for_partition(location.partition()) {
            Some((key, region)) if region != location.region() => Err(ConfigError::RegionMismatch {
                key: key.to_owned(),
                region: region.to_owned(),
                profile: profile_arn.to_owned(),
                profile_region: location.region().to_owned(),
            }),
            _ => same_partition(None, location.region(), location.partition()),
        }
    }

    /// The region in which to ask about revocation: a configured one, else that of the profile version. Revocations hold in
    /// all regions of a partition, and never beyond it.
    ///
    /// # Errors
    /// [`ConfigError::RegionOfOtherPartition`], [`ConfigError::ArnContradiction`].
    pub fn revocation_region(&self, location: &Location) -> Result<String, ConfigError> {
        match self.regions.for_partition(location.partition()) {
            Some((key, region)) => same_partition(Some(key), region, location.partition()),
            None => same_partition(None, location.region(), location.partition()),
        }
    }
}

/// What to do about a region of another partition than the signature's. Only plugin configuration has a key for each partition.
fn region_advice(key: &str, partition: &str) -> String {
    match key.starts_with("--") {
        true => format!("give {key} a region of that partition, or leave it out"),
        false => format!("set aws-region.{partition} to a region of that partition"),
    }
}

/// The plugin configuration key, and the partition if there is one, that an environment variable stands for.
fn key_of_variable(name: &str) -> Option<(&'static str, Option<String>)> {
    if let Some((key, _)) = [PROFILE, REGION, ENDPOINT, TIMEOUT].iter().find(|(_, variable)| *variable == name) {
        return Some((key, None));
    }
    [PROFILE, REGION].iter().find_map(|(key, variable)| {
        let partition = name.strip_prefix(variable)?.strip_prefix('_')?;
        Some((*key, Some(partition.to_ascii_lowercase().replace('_', "-"))))
    })
}

/// The region, where it is in the partition. `key` says where it was set; None stands for the ARN itself.
fn same_partition(key: Option<&str>, region: &str, partition: &str) -> Result<String, ConfigError> {
    let region_partition = partition_of_region(region);
    if region_partition == partition {
        return Ok(region.to_owned());
    }
    let (region, region_partition) = (region.to_owned(), region_partition.to_owned());
    let partition = partition.to_owned();
    Err(match key {
        None => ConfigError::ArnContradiction { region, region_partition, partition },
        Some(key) => ConfigError::RegionOfOtherPartition { key: key.to_owned(), region, region_partition, partition },
    })
}

/// Whether a text can be an endpoint. User names and passwords would end in logs, queries and fragments would be lost, and a
/// port that is none would be taken for port 80.
fn is_endpoint(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => (address.parse::<Ipv6Addr>().is_ok(), port),
        None => {
            let (name, _) = authority.split_once(':').unwrap_or((authority, ""));
            let letter = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
            (!name.is_empty() && name.bytes().all(letter), &authority[name.len()..])
        }
    };
    let port = port.is_empty() || port.strip_prefix(':').is_some_and(|p| p.parse::<u16>().is_ok_and(|p| p > 0));
    host && port && !rest.contains(['@', '?', '#']) && rest.bytes().all(|b| b.is_ascii_graphic())
}

/// Checks an endpoint that `key` gave.
///
/// # Errors
/// [`ConfigError::Endpoint`] when it is none.
pub(super) fn check_endpoint(key: &str, value: &str) -> Result<(), ConfigError> {
    if is_endpoint(value) {
        return Ok(());
    }
    // A user name means a password beside it, which must not be repeated.
    let value = if value.contains('@') { "(not shown: it has an @)" } else { value };
    Err(ConfigError::Endpoint { key: key.to_owned(), value: value.to_owned() })
}

#[cfg(test)]
mod tests;
