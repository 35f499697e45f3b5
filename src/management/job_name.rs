//! Signing jobs by id or ARN.

use std::str::FromStr;

use aws_names::{AccountId, ArnError, JobArn};
use aws_signer::{CallError, SignerClient, SigningJob};
use notary::ReasonCode;

use super::service::Service;
use crate::output::exit::CliError;

/// A signing job on the command line: its ARN, or its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobName {
    /// By its ARN.
    Arn(JobArn),
    /// By its id.
    Id(String),
}

impl FromStr for JobName {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        if text.contains(':') { text.parse().map(Self::Arn) } else { Ok(Self::Id(text.to_owned())) }
    }
}

impl JobName {
    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Arn(arn) => arn.id(),
            Self::Id(id) => id,
        }
    }

    /// Checks the job that AWS Signer answered with.
    ///
    /// # Errors
    /// Returns [`CliError`] if it is of another account than the ARN names.
    pub fn check(&self, job: &SigningJob) -> Result<(), CliError> {
        match (self, &job.arn) {
            (Self::Arn(named), Some(found)) if named != found => {
                let why = format!("the job {} belongs to the account {}", named.id(), found.location().account());
                Err(CliError::new(ReasonCode::NotFound, why).with_advice(format!("Correct the ARN to {found}.")))
            }
            _ => Ok(()),
        }
    }
}

/// Parses a job's ARN, or an id that can be part of one: it becomes part of a request's path.
///
/// # Errors
/// Returns what an id or an ARN looks like.
pub fn job(text: &str) -> Result<JobName, String> {
    let name: JobName = text.parse().map_err(|why: ArnError| why.to_string())?;
    if let JobName::Id(id) = &name {
        let arn = format!("arn:aws:signer:us-east-1:{}:/signing-jobs/{id}", AccountId::EXAMPLE);
        arn.parse::<JobArn>().map_err(|_| {
            format!("{id:?} is not the id of a signing job: it has letters, digits and hyphens; or pass the job's ARN")
        })?;
    }
    Ok(name)
}

/// The error of a call about the job with this id.
#[must_use]
pub fn failed(why: CallError, id: &str) -> CliError {
    match why.code() {
        // AWS Signer does not say what it has not found.
        ReasonCode::NotFound => CliError::from(why).context(format!("signing job {id}")),
        _ => why.into(),
    }
}

impl Service {
    /// The client for the region of this job.
    ///
    /// # Errors
    /// Returns [`CliError`] if the region is unknown, or contradicts the partition of the ARN.
    pub async fn client_of_job(&self, job: &JobName) -> Result<SignerClient, CliError> {
        match job {
            JobName::Id(_) => self.client().await,
            JobName::Arn(arn) => self.client_at(arn.location()).await,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn ids_and_arns_are_accepted_and_nothing_that_changes_the_path() {
        let arn = "arn:aws:signer:us-west-2:111122223333:/signing-jobs/cb64eef1-d060";
        assert_eq!(job(arn).unwrap().id(), "cb64eef1-d060");
        assert_eq!(job("cb64eef1-d060"), Ok(JobName::Id("cb64eef1-d060".to_owned())));
        for wrong in ["", "../signing-profiles/a", "a b", "a?b", "a%2fb", &"a".repeat(65), "arn:aws:s3:::bucket"] {
            assert!(job(wrong).is_err(), "{wrong}");
        }
    }
}
