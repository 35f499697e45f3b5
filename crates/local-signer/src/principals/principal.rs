//! One principal: who it is, how it signs requests, and what it may do.

use time::OffsetDateTime;

use crate::auth::SigningKeys;
use crate::credentials::Credentials;
use crate::iam::{AccessDenied, Identity, Policy, Request, authorize};

/// A principal with its credentials and policies.
#[derive(Debug)]
pub struct Principal {
    identity: Identity,
    credentials: Credentials,
    expires: Option<OffsetDateTime>,
    policies: Vec<Policy>,
    signing_keys: SigningKeys,
}

impl Principal {
    /// A principal that signs with `credentials` until they expire.
    #[must_use]
    pub fn new(
        identity: Identity,
        credentials: Credentials,
        expires: Option<OffsetDateTime>,
        policies: Vec<Policy>,
    ) -> Self {
        Self { identity, credentials, expires, policies, signing_keys: SigningKeys::default() }
    }

    /// Returns who it is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the credentials it signs with.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Whether its credentials are expired at the time.
    #[must_use]
    pub fn is_expired(&self, now: OffsetDateTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Decides whether it may make a request.
    ///
    /// # Errors
    /// Returns [`AccessDenied`] for the first resource of the request that it may not use.
    pub fn authorize(&self, request: &Request<'_>) -> Result<(), AccessDenied> {
        authorize(&self.identity, &self.policies, request)
    }

    pub(crate) fn signing_keys(&self) -> &SigningKeys {
        &self.signing_keys
    }
}
