//! `notation-aws-signer job list`.

use aws_signer::{JobFilter, list_signing_jobs};
use clap::ValueEnum;
use notary::text::parse_rfc3339;
use serde::Serialize;
use time::OffsetDateTime;

use super::report::JobReport;
use crate::management::list_args::ListArgs;
use crate::management::service::ServiceArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::table::Table;
use crate::output::{Output, SCHEMA_VERSION};

/// List the signing jobs of your account in a region.
///
/// With --verbose, also shows when the signatures expire. Requires the permission signer:ListSigningJobs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  List all jobs:
    notation-aws-signer job list

  List the jobs that failed, with their profiles:
    notation-aws-signer job list --status Failed

  List the signatures that expire before the end of the year:
    notation-aws-signer job list --revoked=false \\
      --expires-before 2027-01-01T00:00:00Z

  Print the ARNs of the ten jobs that AWS Signer lists first:
    notation-aws-signer job list --limit 10 -o json | jq -r '.jobs[].job'

Exit codes: 0 listed, also if there are no jobs; 2 an option or a permission is wrong; 3 AWS Signer did not answer.")]
pub(super) struct Args {
    /// List only jobs with this status
    #[arg(long, value_name = "STATUS", value_enum, ignore_case = true)]
    status: Option<Status>,

    /// List only jobs of this signing platform
    #[arg(long, value_name = "ID")]
    platform: Option<String>,

    /// List only jobs that this IAM principal requested
    #[arg(long, value_name = "ARN")]
    requested_by: Option<String>,

    /// List only jobs that this account started
    #[arg(long, value_name = "ACCOUNT")]
    job_invoker: Option<String>,

    /// List only jobs whose signature was revoked; with =false those whose signature was not
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    revoked: Option<bool>,

    /// List only jobs whose signature expires before this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    expires_before: Option<OffsetDateTime>,

    /// List only jobs whose signature expires after this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    expires_after: Option<OffsetDateTime>,

    #[command(flatten)]
    list: ListArgs,

    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Status {
    /// Has not ended
    #[value(name = "InProgress")]
    InProgress,
    /// Has signed
    #[value(name = "Succeeded")]
    Succeeded,
    /// Has not signed; `job get` shows the reason
    #[value(name = "Failed")]
    Failed,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }
}

fn time(text: &str) -> Result<OffsetDateTime, String> {
    parse_rfc3339(text).ok_or_else(|| "expected a time such as 2026-01-31T12:00:00Z".to_owned())
}

/// docs/output/job-list.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ListReport {
    schema_version: u32,
    status: &'static str,
    jobs: Vec<JobReport>,
    more: bool,
}

pub(super) async fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    let service = args.service.service(output)?;
    let filter = JobFilter {
        status: args.status.map(|status| status.as_str().to_owned()),
        platform: args.platform.clone(),
        requested_by: args.requested_by.clone(),
        invoker: args.job_invoker.clone(),
        is_revoked: args.revoked,
        expires_before: args.expires_before,
        expires_after: args.expires_after,
    };
    let client = service.client().await?;
    let waiting = output.waiting(&format!("listing the signing jobs in {}", client.region()));
    let listed = list_signing_jobs(&client, &filter, service.extent(args.list.limit)).await?;
    drop(waiting);
    let jobs: Vec<JobReport> = listed.items.into_iter().map(JobReport::new).collect();
    if jobs.is_empty() {
        output.note(format!("no signing jobs found in {}", client.region()));
    } else {
        let columns: &[_] = &["JOB", "STATUS", "STARTED", "PROFILE", "EXPIRES"];
        let mut table = Table::new(if output.is_verbose() { columns } else { &columns[..4] });
        jobs.iter().for_each(|job| table.add(job.row(output.is_verbose())));
        table.lines(output.columns()).iter().try_for_each(|line| output.text(line))?;
    }
    args.list.note_more(listed.more, output);
    let status = ExitStatus::DONE;
    output.json(&ListReport { schema_version: SCHEMA_VERSION, status: status.as_str(), jobs, more: listed.more })?;
    Ok(status)
}
