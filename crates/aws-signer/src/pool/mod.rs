//! The clients of one configuration, each created on first use and kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_names::{Location, ProfileArn, Region};
use limits::Deadline;
use tokio::sync::OnceCell;

use super::client::SignerClient;
use super::config::{ConfigError, SignerConfig};
use super::failure::Failure;
use super::http::BoundedHttpClient;

/// The most clients that are kept. AWS has fewer regions, but a signature that is inspected can name any.
const MAX_CLIENTS: usize = 64;

/// The clients of AWS Signer for one configuration: one for each region, and so for each set of credentials, since the
/// partition of the region decides which are used. Each loads the AWS configuration once, keeps its credentials until
/// they are about to expire, and keeps its connections. Clones share the clients.
#[derive(Debug, Clone, Default)]
pub struct ClientPool {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    config: SignerConfig,
    http: BoundedHttpClient,
    clients: Mutex<HashMap<Region, Arc<OnceCell<SignerClient>>>>,
}

impl ClientPool {
    /// Creates a pool without clients.
    #[must_use]
    pub fn new(config: SignerConfig) -> Self {
        Self { shared: Arc::new(Shared { config, ..Shared::default() }) }
    }

    /// Returns the configuration of the clients.
    #[must_use]
    pub fn config(&self) -> &SignerConfig {
        &self.shared.config
    }

    /// Returns the client that signs with `profile`, in the region of its ARN.
    ///
    /// # Errors
    /// Returns [`ConfigError`] if another region is configured, or if region and partition of the ARN contradict each
    /// other.
    pub async fn for_signing(&self, profile: &ProfileArn) -> Result<SignerClient, ConfigError> {
        Ok(self.client(self.config().signing_region(profile)?).await)
    }

    /// Returns the client that answers which signatures made at `location` are revoked: in the configured region,
    /// otherwise in that of the location.
    ///
    /// # Errors
    /// Returns [`ConfigError`] if the configured region is in another partition, or if region and partition of the
    /// location contradict each other.
    pub async fn for_revocation(&self, location: &Location) -> Result<SignerClient, ConfigError> {
        Ok(self.client(self.config().revocation_region(location)?).await)
    }

    /// Creates the client for [`Self::for_revocation`] with its credentials, unless there is one: for a caller that
    /// waits for something else before it asks. What fails is said when it asks.
    pub async fn prepare_for_revocation(&self, location: &Location) {
        let Ok(region) = self.config().revocation_region(location) else { return };
        let cell = self.cell(&region);
        if !cell.initialized() {
            cell.get_or_init(|| SignerClient::with_http(&self.shared.http, self.config(), region))
                .await
                .prepare()
                .await;
        }
    }

    /// As [`Self::for_revocation`], but gives up at the deadline: another caller may be creating the client.
    pub(super) async fn for_revocation_within(
        &self,
        location: &Location,
        deadline: Deadline,
    ) -> Result<SignerClient, Failure> {
        match deadline.run(self.for_revocation(location)).await {
            Some(client) => client.map_err(Failure::Configuration),
            None => Err(Failure::Timeout { budget: deadline.budget(), waiting: None }),
        }
    }

    async fn client(&self, region: Region) -> SignerClient {
        // If the first caller gives up, the next one continues.
        let cell = self.cell(&region);
        cell.get_or_init(|| SignerClient::with_http(&self.shared.http, self.config(), region)).await.clone()
    }

    /// The place of the client of a region.
    fn cell(&self, region: &Region) -> Arc<OnceCell<SignerClient>> {
        // Ignores poisoning: a panic cannot leave the map half-changed.
        let mut clients = self.shared.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= MAX_CLIENTS && !clients.contains_key(region) {
            clients.clear();
        }
        Arc::clone(clients.entry(region.clone()).or_default())
    }
}

#[cfg(test)]
mod tests;
