//! ARNs of signing jobs.

use std::fmt;
use std::str::FromStr;

use super::arn::{JOBS, split, wrong_resource};
use super::{ArnError, Location, NameError};

/// `arn:PARTITION:signer:REGION:ACCOUNT:/signing-jobs/ID`
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JobArn {
    location: Location,
    id: String,
}

impl JobArn {
    /// Creates the ARN of the job `id` at `location`.
    ///
    /// # Errors
    /// Returns [`ArnError::Part`] if `id` is not 1 to 64 letters, digits and hyphens.
    pub fn new(location: Location, id: &str) -> Result<Self, ArnError> {
        let arn = Self { location, id: id.to_owned() };
        if (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Ok(arn);
        }
        let why = NameError::new("job id", id, "a job id has letters, digits and hyphens");
        Err(ArnError::Part { arn: arn.to_string(), why })
    }

    /// Returns the job id. AWS issues UUIDs.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns partition, region and the account that owns the job.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }
}

impl fmt::Display for JobArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{JOBS}{}", self.location, self.id)
    }
}

impl FromStr for JobArn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        const EXPECTED: &str = "a signing job ARN (arn:PARTITION:signer:REGION:ACCOUNT:/signing-jobs/ID)";
        let (location, resource) = split(text)?;
        match resource.strip_prefix(JOBS) {
            Some(id) => Self::new(location, id),
            None => Err(wrong_resource(text, &location, resource, EXPECTED)),
        }
    }
}
