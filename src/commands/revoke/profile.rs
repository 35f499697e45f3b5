//! `notation-aws-signer revoke profile`.

use aws_names::{ProfileArn, ProfileVersionArn};
use aws_signer::{SignerClient, revoke_signing_profile};
use limits::Deadline;
use notary::text::{parse_rfc3339, rfc3339};
use serde::Serialize;
use time::OffsetDateTime;

use super::reason;
use crate::arguments::signer::{SignerArgs, budget};
use crate::management::service::same_partition;
use crate::output::confirm::confirm;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint};

/// Revoke a version of a signing profile, and all its signatures since a time.
///
/// This cannot be undone; the time can only be moved earlier. The profile version can no longer sign: create a new
/// profile with `profile put`. Requires the permission signer:RevokeSigningProfile in the profile's
/// account.
#[derive(Debug, clap::Args)]
#[command(
    disable_version_flag = true,
    override_usage = "notation-aws-signer revoke profile [OPTIONS] --version <VERSION>
       --effective-time <TIME> --reason <TEXT> <ARN>",
    after_help = "Examples:
  Revoke all signatures since New Year, because credentials were stolen:
    notation-aws-signer revoke profile \\
      arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline \\
      --version Ab12Cd34Ef --effective-time 2026-01-01T00:00:00Z \\
      --reason \"credentials stolen\"

  Revoke without confirmation, in a pipeline:
    notation-aws-signer revoke profile ARN --version V --effective-time TIME \\
      --reason TEXT --yes

Exit codes: 0 revoked; 2 an option or a permission is wrong, the profile does not exist, or you did not confirm; 3 AWS \
  Signer did not answer, so the profile may or may not be revoked."
)]
pub(super) struct Args {
    /// The signing profile: arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME
    #[arg(value_name = "ARN")]
    profile: ProfileArn,

    /// The version to revoke: the last part of the signed attribute signingProfileVersion, which `inspect` shows
    #[arg(long, value_name = "VERSION")]
    version: String,

    /// Revoke signatures made at this time or later (RFC 3339). Must not be in the future
    #[arg(long, value_name = "TIME", value_parser = effective_time)]
    effective_time: OffsetDateTime,

    /// The reason, which AWS Signer stores with the revocation
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,

    /// Do not ask for confirmation
    #[arg(long, short)]
    yes: bool,

    #[command(flatten)]
    signer: SignerArgs,
}

/// docs/output/revoke-profile.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RevokeProfileReport {
    schema_version: u32,
    status: &'static str,
    profile: String,
    profile_version: String,
    outcome: &'static str,
    effective_time: String,
    reason: String,
}

pub(super) async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let version: ProfileVersionArn =
        args.profile.clone().with_version(&args.version).map_err(|why| CliError::from(why).context("--version"))?;
    if args.effective_time > OffsetDateTime::now_utc() {
        let why = format!("--effective-time {} is in the future", rfc3339(args.effective_time));
        return Err(CliError::configuration(why).with_advice("Give the current time or an earlier one."));
    }
    let config = args.signer.config()?.with_waits(output.waits());
    let location = version.location();
    // A profile is revoked in its own region, even if another region is configured for revocation checks.
    same_partition(location)?;
    let client = SignerClient::new(&config, location.region().clone()).await;
    let time = rfc3339(args.effective_time);
    output.note(format!(
        "All signatures that {version} made at {time} or later will be refused, and the profile version can no longer sign. This \
         cannot be undone."
    ));
    confirm(args.yes, &format!("revoke {version} as of {time}"))?;
    let waiting = output.waiting(&format!("revoking {version}"));
    let deadline = Deadline::new(budget(&config));
    revoke_signing_profile(&client, &version, args.effective_time, &args.reason, deadline).await?;
    drop(waiting);
    output.sentence(&format!("{} {version} as of {time}", paint(GOOD, "revoked")))?;
    let status = ExitStatus::DONE;
    output.json(&RevokeProfileReport {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        profile: version.profile().to_string(),
        profile_version: version.to_string(),
        outcome: "revoked",
        effective_time: time,
        reason: args.reason,
    })?;
    Ok(status)
}

fn effective_time(text: &str) -> Result<OffsetDateTime, String> {
    parse_rfc3339(text).ok_or_else(|| "expected a time such as 2026-01-31T12:00:00Z".to_owned())
}
