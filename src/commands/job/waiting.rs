//! Waiting until a signing job has ended, as AWS's waiter `SuccessfulSigningJob` does: by describing it again and
//! again. The waiter of the AWS SDKs pauses 20 seconds. This one begins with short pauses, because jobs of the local
//! signer and small jobs of AWS Signer end within a second.

use std::time::Duration;

use aws_signer::{CallError, SignerClient, SigningJob, signing_job};
use clap::builder::RangedU64ValueParser;
use limits::Deadline;
use notary::{Disposition, ReasonCode};

use super::report::JobReport;
use crate::management::job_name;
use crate::management::service::Service;
use crate::output::Output;
use crate::output::exit::CliError;
use crate::output::failure::FailureReport;

/// The time limit of AWS's waiter: 25 attempts with pauses of 20 seconds.
const DEFAULT_LIMIT: u64 = 500;
/// The pause after the first answer.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long to wait for a job.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct WaitArgs {
    /// Stop waiting after this many seconds. The job goes on [default: 500]
    #[arg(long, value_name = "SECONDS", value_parser = RangedU64ValueParser::<u64>::new().range(1..=86_400))]
    timeout: Option<u64>,
}

impl WaitArgs {
    /// Refuses a limit for a wait that was not asked for.
    pub(super) fn refuse_without_wait(&self) -> Result<(), CliError> {
        match self.timeout {
            Some(_) => Err(CliError::configuration("--timeout limits the wait, and needs --wait")
                .with_advice("Add --wait, or remove --timeout.")),
            None => Ok(()),
        }
    }

    /// The deadline, from now on.
    pub(super) fn deadline(&self) -> Deadline {
        Deadline::new(Duration::from_secs(self.timeout.unwrap_or(DEFAULT_LIMIT)))
    }
}

/// How a job ended, as far as is known.
#[derive(Debug)]
pub(super) struct Waited {
    /// The job as it was last seen.
    pub job: Option<SigningJob>,
    /// Why the job did not succeed, or why that is not known.
    pub error: Option<CliError>,
}

impl Waited {
    /// The members of the results, and what to write to standard error.
    pub(super) fn reported(self, output: &Output) -> Result<(Option<JobReport>, Option<FailureReport>), CliError> {
        let job = self.job.map(JobReport::new);
        if let Some(job) = &job {
            job.show(output)?;
        }
        if let Some(why) = &self.error {
            output.error(why);
        }
        Ok((job, self.error.map(FailureReport::from)))
    }
}

/// Waits for the job. `is_known` says that AWS Signer has started it: then a call may fail for a while.
pub(super) async fn ended(
    service: &Service,
    client: &SignerClient,
    id: &str,
    is_known: bool,
    deadline: Deadline,
) -> Waited {
    let mut last: Option<SigningJob> = None;
    let mut pause = FIRST_PAUSE;
    loop {
        // A call has its own limit, and no more time than is left.
        let budget = service.deadline().budget().min(deadline.remaining());
        let trouble = match signing_job(client, id, Deadline::new(budget)).await {
            Ok(job) => {
                let error = match job.status.as_str() {
                    "InProgress" => None,
                    "Succeeded" => return Waited { job: Some(job), error: None },
                    _ => Some(failed(&job)),
                };
                if error.is_some() {
                    return Waited { job: Some(job), error };
                }
                last = Some(job);
                None
            }
            Err(why) if why.disposition() == Disposition::Undetermined && (is_known || last.is_some()) => {
                tracing::info!(%why, "the job is described again");
                Some(why)
            }
            Err(why) => return Waited { job: last, error: Some(job_name::failed(why, id)) },
        };
        if deadline.remaining() <= pause {
            return Waited { job: last, error: Some(not_ended(id, trouble, deadline)) };
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}

/// The error of a job that failed.
fn failed(job: &SigningJob) -> CliError {
    let id = &job.id;
    match (job.status.as_str(), &job.status_reason) {
        ("Failed", Some(reason)) => {
            CliError::new(ReasonCode::JobFailed, format!("the signing job {id} failed: {reason}"))
        }
        ("Failed", None) => CliError::new(ReasonCode::JobFailed, format!("the signing job {id} failed")),
        (other, _) => {
            CliError::new(ReasonCode::Protocol, format!("the signing job {id} has the unknown status {other:?}"))
        }
    }
}

/// The error of a job whose end was not seen.
fn not_ended(id: &str, trouble: Option<CallError>, deadline: Deadline) -> CliError {
    let seconds = deadline.budget().as_secs();
    let trouble = trouble.map(|why| format!("; the last call failed: {why}")).unwrap_or_default();
    let why = format!("the signing job {id} has not ended within {seconds} s{trouble}");
    CliError::new(ReasonCode::Deadline, why)
        .with_advice("The job goes on. Wait again with `notation-aws-signer job wait`, or longer with --timeout.")
}
