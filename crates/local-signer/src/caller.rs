//! The authenticated caller of an operation and the region of its request.

use aws_names::{AccountId, Location, Region};

/// An authenticated caller and the region it signed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    location: Location,
}

impl Caller {
    /// Creates the caller of `account` that signed its request for `region`.
    #[must_use]
    pub fn new(region: Region, account: AccountId) -> Self {
        Self { location: Location::new(region, account) }
    }

    /// The partition and region of the request and the caller's account.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The ARN recorded as the principal: the account's root user, the only user of the local signer.
    #[must_use]
    pub fn principal(&self) -> String {
        format!("arn:{}:iam::{}:root", self.location.partition(), self.location.account())
    }
}
