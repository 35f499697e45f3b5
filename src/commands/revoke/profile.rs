//! `notation-aws-signer revoke profile`.

use aws_names::{ProfileArn, ProfileVersionArn, partition_of_region};
use aws_signer::{SignerClient, revoke_signing_profile};
use limits::Deadline;
use notary::text::{parse_rfc3339, rfc3339};
use serde::Serialize;
use time::OffsetDateTime;

use super::reason;
use crate::arguments::signer::{SignerArgs, budget};
use crate::output::confirm::confirm;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint};

/// Revoke what a version of a signing profile signed since a time, and end signing with it.
///
/// A revocation cannot be undone; it can only be moved to an earlier time. The profile signs no more; another is made with
/// PutSigningProfile. The permission needed is signer:RevokeSigningProfile, in the account of the profile.
#[derive(Debug, clap::Args)]
#[command(
    disable_version_flag = true,
    after_help = "Examples:
  Whoever stole the credentials has had them since New Year:
    notation-aws-signer revoke profile \\
      arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline \\
      --version Ab12Cd34Ef --effective-time 2026-01-01T00:00:00Z \\
      --reason \"credentials stolen\"

  In a pipeline, where nobody can be asked:
    notation-aws-signer revoke profile ARN --version V --effective-time TIME \\
      --reason TEXT --yes

Exit codes: 0 revoked; 2 an option or a permission is not right, there is no such profile, or it was not confirmed; 3 AWS \
  Signer gave no certain answer: it may have been revoked or not."
)]
pub(super) struct Args {
    /// The signing profile: arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME
    #[arg(value_name = "ARN")]
    profile: ProfileArn,

    /// The version to revoke; it is the last part of the signed attribute signingProfileVersion
    #[arg(long, value_name = "VERSION")]
    version: String,

    /// Revoke what was signed at this time and later (RFC 3339); not in the future
    #[arg(long, value_name = "TIME", value_parser = effective_time)]
    effective_time: OffsetDateTime,

    /// Why, for AWS's record
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,

    /// Do not ask
    #[arg(long, short)]
    yes: bool,

    #[command(flatten)]
    signer: SignerArgs,
}

/// docs/output/revoke-profile.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    status: &'static str,
    profile_version: String,
    effective_time: String,
    reason: String,
}

pub(super) async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let version: ProfileVersionArn =
        args.profile.clone().with_version(&args.version).map_err(|why| CliError::usage(format!("--version: {why}")))?;
    if args.effective_time > OffsetDateTime::now_utc() {
        return Err(CliError::usage(format!(
            "--effective-time {} is in the future, which AWS Signer does not take: give a time that has passed",
            rfc3339(args.effective_time)
        )));
    }
    let config = args.signer.config()?;
    let location = version.location();
    // A revocation is made where the profile is, whatever region is configured for questions about revocations.
    same_partition(location.region(), location.partition())?;
    let client = SignerClient::new(&config, location.partition(), location.region().to_owned()).await;
    let time = rfc3339(args.effective_time);
    output.note(format!(
        "Every signature that {version}\nmade at {time} or later will be refused, and the profile version signs no more. This cannot \
         be undone."
    ));
    confirm(args.yes, &format!("revoke {version} from {time} on"))?;
    let deadline = Deadline::new(budget(&config));
    revoke_signing_profile(&client, &version, args.effective_time, &args.reason, deadline).await?;
    output.text(format!("{} {version} from {time} on", paint(GOOD, "revoked")))?;
    let status = ExitStatus::Done;
    output.json(&Report {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        profile_version: version.to_string(),
        effective_time: time,
        reason: args.reason,
    })?;
    Ok(status)
}

fn effective_time(text: &str) -> Result<OffsetDateTime, String> {
    parse_rfc3339(text).ok_or_else(|| "write it as 2026-01-31T12:00:00Z".to_owned())
}

/// An ARN whose region is of another partition than it says names nothing.
pub(super) fn same_partition(region: &str, partition: &str) -> Result<(), CliError> {
    match partition_of_region(region) {
        found if found == partition => Ok(()),
        found => Err(CliError::usage(format!(
            "the ARN's region {region:?} is in the partition {found}, but the ARN says {partition}: correct the ARN"
        ))),
    }
}
