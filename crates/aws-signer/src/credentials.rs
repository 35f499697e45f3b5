//! Where credentials come from when none are named: the AWS SDK's standard sources, in their order.

use aws_config::Region;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};

/// The standard sources, of which the environment is the first. The SDK prepares all of them (clients for STS and for instance
/// metadata among them) before it looks at the first, which is a tenth of the time of a plugin command: here the others are
/// prepared when the environment has none.
#[derive(Debug)]
pub struct StandardSources {
    region: Region,
    context: ProviderConfig,
}

impl StandardSources {
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
