//! A failed call to AWS Signer: what happened, and what to do about it.

use std::error::Error;
use std::fmt;

use aws_names::Region;
use notary::{Advice, Disposition, ReasonCode};

use super::failure::Failure;
use super::journal::UsedCredentials;

/// A failed call to AWS Signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// The operation, such as `SignPayload`.
    pub operation: &'static str,
    /// The region of the call.
    pub region: Region,
    /// The profile of the shared AWS configuration for the credentials, if one was named.
    pub profile: Option<String>,
    /// The endpoint, if it is not AWS's default.
    pub endpoint: Option<String>,
    /// The credentials that the call was made with.
    pub used: Option<Box<UsedCredentials>>,
    /// The failure.
    pub failure: Failure,
}

impl CallError {
    /// Returns the kind of this failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        self.failure.code()
    }

    /// Returns what the failure means for the caller. It is never a refusal: the call judged no signature.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        self.code().disposition()
    }

    /// Returns what to do about the failure.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        match (&self.failure, &self.endpoint) {
            (Failure::Refused { .. }, _) if self.code() == ReasonCode::NotFound => Some(match self.operation {
                "DescribeSigningJob" | "RevokeSignature" => Advice::CorrectSigningJob,
                "GetSigningPlatform" | "PutSigningProfile" => Advice::CorrectSigningPlatform,
                _ => Advice::CorrectSigningProfile,
            }),
            (Failure::Connect(why), endpoint) => why.advice(endpoint.as_deref()),
            (Failure::Connection { .. }, Some(url)) => Some(Advice::CheckEndpoint { url: url.clone() }),
            (failure, _) => failure.advice(&format!("signer:{}", self.operation), self.used.as_deref()),
        }
    }
}

impl Error for CallError {}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, region, profile, failure, .. } = self;
        write!(f, "{operation} in {region}")?;
        if let Some(profile) = profile {
            write!(f, " (AWS profile {profile})")?;
        }
        write!(f, " {failure}")?;
        match (failure, self.code()) {
            (Failure::Refused { .. }, ReasonCode::Throttled) => {
                f.write_str("; the account's quota of calls is used up")
            }
            _ => Ok(()),
        }
    }
}
