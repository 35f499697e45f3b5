//! Options of the commands that call AWS Signer: the same names as the plugin's configuration has.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_names::ProfileArn;
use aws_signer::{SignerClient, SignerConfig};
use limits::Deadline;

use crate::output::exit::CliError;

/// How to reach AWS Signer.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "AWS")]
pub struct SignerArgs {
    /// The profile of the shared AWS configuration to take credentials from; by default the AWS SDK's usual sources
    #[arg(long, value_name = "NAME")]
    aws_profile: Option<String>,

    /// The region to ask about revocations; by default that of the signing profile
    #[arg(long, value_name = "REGION")]
    aws_region: Option<String>,

    /// Call AWS Signer at this URL, exactly as given: the local signer, a VPC endpoint
    #[arg(long, visible_alias = "endpoint-url", value_name = "URL")]
    aws_signer_endpoint_url: Option<String>,

    /// How many seconds the calls for one artifact may take, from 0.1 to 600 [default: 10]
    #[arg(long, value_name = "SECONDS")]
    aws_signer_timeout: Option<String>,
}

impl SignerArgs {
    /// The region that was given on the command line.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.aws_region.as_deref()
    }

    /// The configuration, completed from the environment as the plugin does it.
    ///
    /// # Errors
    /// When a value cannot be used.
    pub fn config(&self) -> Result<SignerConfig, CliError> {
        self.config_beside(BTreeMap::new())
    }

    /// As [`Self::config`], with the plugin configuration that notation's users have in their scripts. An option counts before the
    /// same in there.
    ///
    /// # Errors
    /// When a value cannot be used.
    pub fn config_beside(&self, mut plugin_config: BTreeMap<String, String>) -> Result<SignerConfig, CliError> {
        let given = [
            ("aws-profile", &self.aws_profile),
            ("aws-region", &self.aws_region),
            ("aws-signer-endpoint-url", &self.aws_signer_endpoint_url),
            ("aws-signer-timeout", &self.aws_signer_timeout),
        ];
        plugin_config.retain(|key, _| !given.iter().any(|(option, value)| option == key && value.is_some()));
        let config = SignerConfig::new(&plugin_config, std::env::vars())?.with_keys_as_options();
        let given = given.into_iter().filter_map(|(key, value)| Some((key, value.as_deref()?)));
        Ok(given.into_iter().try_fold(config, |config, (key, value)| config.with_option(key, value))?)
    }
}

/// The time that the calls for one artifact may take.
#[must_use]
pub fn budget(config: &SignerConfig) -> Duration {
    config.timeout().unwrap_or(Deadline::DEFAULT_BUDGET)
}

/// A client for the region of a signing profile.
///
/// # Errors
/// When the configuration contradicts the profile's ARN.
pub async fn client_of(config: &SignerConfig, profile: &ProfileArn) -> Result<SignerClient, CliError> {
    let location = profile.location();
    let region = config.signing_region(&profile.to_string(), location)?;
    Ok(SignerClient::new(config, location.partition(), region).await)
}
