//! `notation-aws-signer job get`.

use aws_signer::signing_job;
use serde::Serialize;

use super::report::JobReport;
use crate::management::job_name::{JobName, failed, job};
use crate::management::service::ServiceArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{Output, SCHEMA_VERSION};

/// Show a signing job.
///
/// Shows the status with its reason, the profile, who requested the job, and where the signed object is. Requires the
/// permission signer:DescribeSigningJob.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Show a job:
    notation-aws-signer job get cb64eef1-d060-4e94-ae13-0f9158098891

  Show the job of an image's signature, which `inspect` prints:
    notation-aws-signer job get \\
      arn:aws:signer:us-west-2:111122223333:/signing-jobs/ID

Exit codes: 0 shown, whatever the status of the job; 2 an option or a permission is wrong, or the job does not exist; 3 AWS \
  Signer did not answer.")]
pub(super) struct Args {
    /// The signing job: its id or its ARN
    #[arg(value_name = "ID|ARN", value_parser = job)]
    job: JobName,

    #[command(flatten)]
    service: ServiceArgs,
}

/// docs/output/job-get.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GetReport {
    schema_version: u32,
    status: &'static str,
    #[serde(flatten)]
    job: JobReport,
}

pub(super) async fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    let service = args.service.service(output)?;
    let client = service.client_of_job(&args.job).await?;
    let id = args.job.id();
    let waiting = output.waiting(&format!("reading the signing job {id}"));
    let found = signing_job(&client, id, service.deadline()).await.map_err(|why| failed(why, id))?;
    drop(waiting);
    args.job.check(&found)?;
    let status = ExitStatus::DONE;
    let report = GetReport { schema_version: SCHEMA_VERSION, status: status.as_str(), job: JobReport::new(found) };
    report.job.show(output)?;
    output.json(&report)?;
    Ok(status)
}
