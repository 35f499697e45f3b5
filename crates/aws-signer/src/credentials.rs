//! The AWS SDK's standard credential sources, used if no profile is named.

use aws_config::Region;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};

/// The standard sources, starting with the environment. The SDK prepares all of them up front, including clients for
/// STS and instance metadata, which takes a tenth of the run time of a plugin command. Here the others are prepared
/// only if the environment has no credentials.
#[derive(Debug)]
pub struct StandardSources {
    region: Region,
    context: ProviderConfig,
}

impl StandardSources {
    /// Creates the sources for clients in a region. `context` has the HTTP client for those that make requests.
    #[must_use]
    pub fn new(region: Region, context: ProviderConfig) -> Self {
        Self { region, context }
    }

    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        match EnvironmentVariableCredentialsProvider::new().provide_credentials().await {
            Err(CredentialsError::CredentialsNotLoaded(_)) => {}
            found => return found,
        }
        let others = DefaultCredentialsChain::builder().region(self.region.clone()).configure(self.context.clone());
        others.build().await.provide_credentials().await
    }
}

impl ProvideCredentials for StandardSources {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}
