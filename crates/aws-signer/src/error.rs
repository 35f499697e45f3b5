//! A failed call to AWS Signer: what happened, and what to do about it.

use std::error::Error;
use std::fmt;

use aws_names::Region;
use notary::{Advice, Disposition, ReasonCode};

use super::failure::Failure;

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
        let profile = self.profile.clone();
        let action = format!("signer:{}", self.operation);
        Some(match (&self.failure, self.code()) {
            (Failure::NoCredentials(_), _) => Advice::ProvideAwsCredentials { action, profile },
            (_, ReasonCode::Credentials) => match self.failure.aws_code() {
                Some("ExpiredToken" | "ExpiredTokenException") => Advice::RenewAwsCredentials { profile },
                _ => Advice::CheckAwsCredentials { profile },
            },
            (_, ReasonCode::Denied) => Advice::GrantPermission { action },
            (_, ReasonCode::Throttled) => Advice::SendFewerRequests,
            (_, ReasonCode::Deadline) => Advice::AllowMoreTime,
            (Failure::Connection(_), _) => match &self.endpoint {
                Some(url) => Advice::CheckEndpoint { url: url.clone() },
                None => Advice::CheckNetwork,
            },
            (Failure::Connect(why), _) => return why.advice(self.endpoint.as_deref()),
            (Failure::Configuration(_), _) => Advice::CorrectSetting,
            _ => return None,
        })
    }
}

impl Error for CallError {}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, region, profile, endpoint, failure } = self;
        write!(f, "{operation} in {region}")?;
        if let Some(profile) = profile {
            write!(f, " (AWS profile {profile})")?;
        }
        match failure {
            Failure::Refused { status, code, message, request_id } => {
                let code = code.as_deref().map_or_else(|| format!("HTTP status {status}"), str::to_owned);
                write!(f, " was refused: {code}")?;
                if let Some(message) = message {
                    write!(f, ": {message}")?;
                }
                if let Some(id) = request_id {
                    write!(f, " (request id {id})")?;
                }
                match self.code() {
                    ReasonCode::Throttled => f.write_str("; the account's quota of calls is used up"),
                    _ => Ok(()),
                }
            }
            Failure::NoCredentials(why) => {
                write!(f, " was not made: there are no AWS credentials: {}", why.trim_end_matches('.'))
            }
            Failure::Timeout(budget) => write!(f, " got no complete answer within {} s", budget.as_secs_f64()),
            Failure::Connection(why) => match endpoint {
                Some(url) => write!(f, " failed: the service at {url} could not be reached: {why}"),
                None => write!(f, " failed: the service could not be reached: {why}"),
            },
            Failure::Answer(why) => write!(f, " got an invalid answer: {why}"),
            Failure::Request(why) => write!(f, " could not be made: {why}"),
            Failure::Configuration(why) => write!(f, " was not made: {why}"),
            Failure::Connect(why) => write!(f, " failed: {why}"),
        }
    }
}
