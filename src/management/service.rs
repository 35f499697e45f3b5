//! AWS Signer in one region, as the options say.

use std::num::NonZeroUsize;

use aws_names::{Location, ProfileArn, Region};
use aws_signer::{Extent, SignerClient, SignerConfig, default_region};
use limits::Deadline;

use crate::arguments::signer::{SignerArgs, budget};
use crate::output::Output;
use crate::output::exit::CliError;

/// How to reach AWS Signer.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(
    mut_arg("aws_region", |arg| arg.help(
        "The region [default: that of the ARN, otherwise AWS_REGION or the region of the AWS profile]"
    )),
    mut_arg("aws_signer_timeout", |arg| arg.help(
        "The time limit for each call of AWS Signer, in seconds from 0.1 to 600 [default: 10]"
    ))
)]
pub struct ServiceArgs {
    #[command(flatten)]
    signer: SignerArgs,
}

impl ServiceArgs {
    /// The service, from these options and the environment.
    ///
    /// # Errors
    /// Returns [`CliError`] if a value is invalid.
    pub fn service(&self, output: &Output) -> Result<Service, CliError> {
        let config = self.signer.config()?.with_waits(output.waits());
        let region = self.signer.region().map(str::to_owned);
        let region = region.or_else(|| std::env::var("NOTATION_AWS_SIGNER_REGION").ok());
        Ok(Service { config, region: region.filter(|region| !region.is_empty()) })
    }
}

/// AWS Signer, in any region.
#[derive(Debug)]
pub struct Service {
    config: SignerConfig,
    /// The region that an option or a variable of this tool names.
    region: Option<String>,
}

impl Service {
    /// The deadline of a call that starts now.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        Deadline::new(budget(&self.config))
    }

    /// How much of a list to read: up to `limit` items.
    #[must_use]
    pub fn extent(&self, limit: Option<NonZeroUsize>) -> Extent {
        Extent { limit: limit.map_or(Extent::MAX_ITEMS, NonZeroUsize::get), budget: budget(&self.config) }
    }

    /// A client for the default region.
    ///
    /// # Errors
    /// Returns [`CliError`] if no region is configured.
    pub async fn client(&self) -> Result<SignerClient, CliError> {
        let region = default_region(&self.config, self.region.as_deref()).ok_or_else(|| {
            let why = CliError::configuration("the region of AWS Signer is not known");
            why.with_advice("Pass --aws-region REGION, or set AWS_REGION.")
        })?;
        Ok(self.client_in(region).await)
    }

    /// A client for the region of this profile.
    ///
    /// # Errors
    /// Returns [`CliError`] if another region is configured.
    pub async fn client_of(&self, profile: &ProfileArn) -> Result<SignerClient, CliError> {
        Ok(self.client_in(self.config.signing_region(profile)?).await)
    }

    /// A client for the region of an ARN.
    ///
    /// # Errors
    /// Returns [`CliError`] if region and partition of the ARN contradict each other.
    pub async fn client_at(&self, location: &Location) -> Result<SignerClient, CliError> {
        same_partition(location)?;
        Ok(self.client_in(location.region().clone()).await)
    }

    async fn client_in(&self, region: Region) -> SignerClient {
        SignerClient::new(&self.config, region).await
    }
}

/// Checks that an ARN's region is in the ARN's partition (such as aws or aws-us-gov).
///
/// # Errors
/// Returns [`CliError`] if it is not.
pub fn same_partition(location: &Location) -> Result<(), CliError> {
    let region = location.region();
    let partition = location.partition();
    match region.partition() {
        found if found == *partition => Ok(()),
        found => Err(CliError::configuration(format!(
            "the ARN's region {region} is in the partition {found}, but the ARN has the partition {partition}: correct the ARN"
        ))),
    }
}
