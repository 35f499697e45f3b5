//! `notation-aws-signer job wait`.

use serde::Serialize;

use super::report::JobReport;
use super::waiting::{WaitArgs, ended};
use crate::management::job_name::{JobName, job};
use crate::management::service::ServiceArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::failure::FailureReport;
use crate::output::{Output, SCHEMA_VERSION};

/// Wait until a signing job has ended, and show it.
///
/// Requires the permission signer:DescribeSigningJob.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Wait for a job:
    notation-aws-signer job wait cb64eef1-d060-4e94-ae13-0f9158098891

  Wait for at most a minute, and print where the signed object is:
    notation-aws-signer job wait ID --timeout 60 -o json \\
      | jq -r '.signedObject | \"s3://\\(.bucket)/\\(.key)\"'

Exit codes: 0 succeeded; 2 the job failed, an option or a permission is wrong, or the job does not exist; 3 the job has not \
  ended in time, or AWS Signer did not answer.")]
pub(super) struct Args {
    /// The signing job: its id or its ARN
    #[arg(value_name = "ID|ARN", value_parser = job)]
    job: JobName,

    #[command(flatten)]
    wait: WaitArgs,

    #[command(flatten)]
    service: ServiceArgs,
}

/// docs/output/job-wait.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WaitReport {
    schema_version: u32,
    status: &'static str,
    #[serde(flatten)]
    job: JobReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureReport>,
}

pub(super) async fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    let service = args.service.service(output)?;
    let client = service.client_of_job(&args.job).await?;
    let id = args.job.id();
    let waiting = output.waiting(&format!("waiting for the signing job {id}"));
    let waited = ended(&service, &client, id, false, args.wait.deadline()).await;
    drop(waiting);
    let Some(found) = &waited.job else {
        // Without a job there is nothing to report but the error.
        return waited.error.map_or(Ok(ExitStatus::DONE), Err);
    };
    args.job.check(found)?;
    let status = waited.error.as_ref().map_or(ExitStatus::DONE, CliError::status);
    let (Some(job), error) = waited.reported(output)? else { return Ok(status) };
    output.json(&WaitReport { schema_version: SCHEMA_VERSION, status: status.as_str(), job, error })?;
    Ok(status)
}
