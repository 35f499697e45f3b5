//! `notation-aws-signer job start`.

use aws_signer::{NewJob, S3Object, S3Prefix, start_signing_job};
use notary::Disposition;
use serde::Serialize;
use uuid::Uuid;

use super::report::JobReport;
use super::s3;
use super::waiting::{WaitArgs, ended};
use crate::arguments::signing_profile::SigningProfile;
use crate::management::profile_name::profile;
use crate::management::service::ServiceArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::failure::FailureReport;
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint};

/// Start a signing job, which signs an object in Amazon S3.
///
/// AWS Signer reads one version of the source, and writes the signed object to the destination: its key begins with the
/// prefix and the id of the job. Both buckets must be in the region of the profile, and the source's must have
/// versioning. Requires the permission signer:StartSigningJob and access to both buckets.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "notation-aws-signer job start [OPTIONS] --profile <NAME|ARN>
       --source <URI> --destination <URI>",
    after_help = "Examples:
  Sign a function of AWS Lambda, and wait until it is signed:
    notation-aws-signer job start --profile functions --wait \\
      --source 's3://unsigned/app.zip?versionId=3HL4kqtJlcpXroDTDmJ' \\
      --destination s3://signed/app-

  Sign with a profile of another account, which permits it:
    notation-aws-signer job start \\
      --profile arn:aws:signer:us-west-2:444455556666:/signing-profiles/shared \\
      --source s3://unsigned/app.zip --source-version 3HL4kqtJlcpXroDTDmJ \\
      --destination s3://signed

Exit codes: 0 started, with --wait succeeded; 2 an option or a permission is wrong, or with --wait the job failed; 3 AWS Signer \
  did not answer, or with --wait the job has not ended in time."
)]
pub(super) struct Args {
    /// The signing profile: its name, or arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME
    #[arg(long, value_name = "NAME|ARN", value_parser = profile)]
    profile: SigningProfile,

    /// The object to sign: s3://BUCKET/KEY?versionId=VERSION
    #[arg(long, value_name = "URI", value_parser = s3::object, required_unless_present = "source_bucket")]
    source: Option<S3Object>,

    /// The bucket of the object to sign, instead of --source
    #[arg(long, value_name = "BUCKET", requires = "source_key", conflicts_with = "source")]
    source_bucket: Option<String>,

    /// With --source-bucket: the key
    #[arg(long, value_name = "KEY", requires = "source_bucket", conflicts_with = "source")]
    source_key: Option<String>,

    /// The version of the object, if --source does not name it
    #[arg(long, value_name = "VERSION")]
    source_version: Option<String>,

    /// Where the signed object goes: s3://BUCKET/PREFIX. Its key begins with PREFIX and the id of the job
    #[arg(long, value_name = "URI", value_parser = s3::prefix)]
    destination: S3Prefix,

    /// All calls with the same token start one job [default: a new one]
    #[arg(long, value_name = "TOKEN")]
    client_request_token: Option<String>,

    /// Wait until the job has ended
    #[arg(long)]
    wait: bool,

    #[command(flatten)]
    waiting: WaitArgs,

    #[command(flatten)]
    service: ServiceArgs,
}

/// docs/output/job-start.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StartReport {
    schema_version: u32,
    status: &'static str,
    outcome: &'static str,
    client_request_token: String,
    #[serde(flatten)]
    job: Started,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureReport>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Started {
    /// The job was described.
    Seen(Box<JobReport>),
    #[serde(rename_all = "camelCase")]
    Named {
        #[serde(skip_serializing_if = "Option::is_none")]
        job: Option<String>,
        job_id: String,
    },
}

/// The object to sign, in one version.
fn source(args: &Args) -> Result<S3Object, CliError> {
    let object = match (&args.source, &args.source_bucket, &args.source_key) {
        (Some(object), _, _) => object.clone(),
        (None, Some(bucket), Some(key)) => S3Object { bucket: bucket.clone(), key: key.clone(), version: None },
        _ => return Err(CliError::configuration("there is no object to sign").with_advice("Pass --source.")),
    };
    match (&object.version, &args.source_version) {
        (Some(version), Some(other)) if version != other => {
            let why = format!("--source names the version {version}, and --source-version {other}");
            Err(CliError::configuration(why).with_advice("Remove one of them."))
        }
        (None, None) => {
            let why = CliError::configuration("the version of the object to sign is missing");
            Err(why.with_advice(format!(
                "Add ?versionId=VERSION to --source, or pass --source-version. `aws s3api head-object --bucket {} --key {} \
                 --query VersionId` shows the current one.",
                object.bucket, object.key
            )))
        }
        (version, other) => Ok(S3Object { version: version.clone().or_else(|| other.clone()), ..object }),
    }
}

pub(super) async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    if !args.wait {
        args.waiting.refuse_without_wait()?;
    }
    let source = source(&args)?;
    let service = args.service.service(output)?;
    let named = service.profile(&args.profile).await?;
    let token = args.client_request_token.unwrap_or_else(|| Uuid::new_v4().to_string());
    let job = NewJob {
        profile: named.name.clone(),
        profile_owner: named.arn.as_ref().map(|arn| arn.location().account().clone()),
        source,
        destination: args.destination,
        client_request_token: token.clone(),
    };
    let waiting = output.waiting(&format!("starting a signing job with {}", named.name));
    let (id, arn) = match start_signing_job(&named.client, &job, service.deadline()).await {
        Ok(started) => started,
        Err(why) if why.disposition() == Disposition::Undetermined => {
            return Err(CliError::from(why).with_advice(format!(
                "The job may have started. To try again without a second job, add --client-request-token {token}."
            )));
        }
        Err(why) => return Err(service.explained(why, &named).await),
    };
    drop(waiting);
    let name = arn.as_ref().map_or_else(|| id.clone(), ToString::to_string);
    output.sentence(&format!("{} the signing job {name}", paint(GOOD, "started")))?;
    let mut started = Started::Named { job: arn.map(|arn| arn.to_string()), job_id: id.clone() };
    let (mut status, mut error) = (ExitStatus::DONE, None);
    if args.wait {
        let waiting = output.waiting(&format!("waiting for the signing job {id}"));
        let waited = ended(&service, &named.client, &id, true, args.waiting.deadline()).await;
        drop(waiting);
        status = waited.error.as_ref().map_or(ExitStatus::DONE, CliError::status);
        let (job, failure) = waited.reported(output)?;
        error = failure;
        if let Some(job) = job {
            started = Started::Seen(Box::new(job));
        }
    } else {
        let region = named.client.region();
        output.note(format!("To wait until it has ended: notation-aws-signer job wait {id} --aws-region {region}"));
    }
    output.json(&StartReport {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        outcome: "started",
        client_request_token: token,
        job: started,
        error,
    })?;
    Ok(status)
}
