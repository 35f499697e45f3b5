//! Options of the commands that call AWS Signer, with the names of the plugin's configuration keys.

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
    /// The profile in the AWS configuration files with the credentials to use [default: the AWS SDK's usual credential
    /// sources]
    #[arg(long, value_name = "NAME")]
    aws_profile: Option<String>,

    /// The region for revocation checks [default: the region of the signing profile]
    #[arg(long, value_name = "REGION")]
    aws_region: Option<String>,

    /// Call AWS Signer at this URL, for example the local signer or a VPC endpoint
    #[arg(long, visible_alias = "endpoint-url", value_name = "URL")]
    aws_signer_endpoint_url: Option<String>,

    /// The time limit for the AWS Signer calls of one artifact, in seconds from 0.1 to 600 [default: 10]
    #[arg(long, value_name = "SECONDS")]
    aws_signer_timeout: Option<String>,
}

impl SignerArgs {
    /// The region given on the command line.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.aws_region.as_deref()
    }

    /// The configuration from these options and the environment, with the plugin's rules.
    ///
    /// # Errors
    /// Returns [`CliError`] if a value is invalid.
    pub fn config(&self) -> Result<SignerConfig, CliError> {
        self.config_beside(BTreeMap::new())
    }

    /// As [`Self::config`], with plugin configuration in notation's form. Options take precedence over its keys.
    ///
    /// # Errors
    /// Returns [`CliError`] if a value is invalid.
    pub fn config_beside(&self, mut plugin_config: BTreeMap<String, String>) -> Result<SignerConfig, CliError> {
        let given = [
            ("aws-profile", &self.aws_profile),
            ("aws-region", &self.aws_region),
            ("aws-signer-endpoint-url", &self.aws_signer_endpoint_url),
            ("aws-signer-timeout", &self.aws_signer_timeout),
        ];
        plugin_config.retain(|key, _| !given.iter().any(|(option, value)| option == key && value.is_some()));
        let config = SignerConfig::of_process(&plugin_config)?;
        let given = given.into_iter().filter_map(|(key, value)| Some((key, value.as_deref()?)));
        Ok(given.into_iter().try_fold(config, |config, (key, value)| config.with_option(key, value))?)
    }
}

/// The time budget for the calls of one artifact.
#[must_use]
pub fn budget(config: &SignerConfig) -> Duration {
    config.timeout().unwrap_or(Deadline::DEFAULT_BUDGET)
}

/// A client for the region of a signing profile.
///
/// # Errors
/// Returns [`CliError`] if the configured region is not the profile's.
pub async fn client_of(config: &SignerConfig, profile: &ProfileArn) -> Result<SignerClient, CliError> {
    Ok(SignerClient::new(config, config.signing_region(profile)?).await)
}
