//! `notation-aws-signer profile get`.

use aws_signer::{own_signing_profile, signing_profile};
use serde::Serialize;

use super::report::ProfileReport;
use crate::arguments::signing_profile::SigningProfile;
use crate::management::profile_name::profile;
use crate::management::service::ServiceArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{Output, SCHEMA_VERSION};

/// Show a signing profile.
///
/// Shows the status, the current version, the platform, how long signatures are valid, and the tags. Requires the
/// permission signer:GetSigningProfile.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Show a profile of your account:
    notation-aws-signer profile get pipeline

  Show a profile of another account, which permits it:
    notation-aws-signer profile get \\
      arn:aws:signer:us-west-2:444455556666:/signing-profiles/shared

Exit codes: 0 shown; 2 an option or a permission is wrong, or the profile does not exist; 3 AWS Signer did not answer.")]
pub(super) struct Args {
    /// The signing profile: its name, or arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME
    #[arg(value_name = "NAME|ARN", value_parser = profile)]
    profile: SigningProfile,

    #[command(flatten)]
    service: ServiceArgs,
}

/// docs/output/profile-get.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GetReport {
    schema_version: u32,
    status: &'static str,
    #[serde(flatten)]
    profile: ProfileReport,
}

pub(super) async fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    let service = args.service.service(output)?;
    let named = service.profile(&args.profile).await?;
    let waiting = output.waiting(&format!("reading the signing profile {}", named.name));
    let found = match &named.arn {
        Some(arn) => signing_profile(&named.client, arn, service.deadline()).await,
        None => own_signing_profile(&named.client, &named.name, service.deadline()).await,
    };
    let found = match found {
        Ok(found) => found,
        Err(why) => return Err(service.explained(why, &named).await),
    };
    drop(waiting);
    let status = ExitStatus::DONE;
    let validity = found.validity;
    let report =
        GetReport { schema_version: SCHEMA_VERSION, status: status.as_str(), profile: ProfileReport::new(found) };
    report.profile.show(validity, output)?;
    output.json(&report)?;
    Ok(status)
}
