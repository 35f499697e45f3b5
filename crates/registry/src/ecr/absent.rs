//! The stand-in without the feature `ecr`: registries of Amazon ECR get no tokens.

use std::convert::Infallible;

use aws_names::RoleArn;
use notary::{Advice, ReasonCode};

/// No tokens.
#[derive(Debug, Default)]
pub struct EcrTokens;

/// The user name and password for an ECR registry.
#[derive(Debug)]
pub struct EcrToken {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: String,
}

/// An error that does not occur.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct EcrError(Infallible);

impl EcrError {
    /// The kind of the failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self.0 {}
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        match self.0 {}
    }
}

impl EcrTokens {
    /// No tokens.
    #[must_use]
    pub fn new(_role: Option<RoleArn>) -> Self {
        Self
    }

    /// Returns no token.
    ///
    /// # Errors
    /// It does not fail.
    pub async fn token_for_host(&self, _host: &str) -> Result<Option<EcrToken>, EcrError> {
        Ok(None)
    }
}
