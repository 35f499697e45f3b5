//! `notation-aws-signer tag remove`.

use aws_signer::remove_tags;

use super::{TagReport, Tagged};
use crate::arguments::signing_profile::SigningProfile;
use crate::management::profile_name::profile;
use crate::management::service::ServiceArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint};

/// Remove tags from a signing profile.
///
/// Keys that the profile does not have are ignored. Requires the permission signer:UntagResource; for a name also
/// signer:GetSigningProfile.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Remove two tags:
    notation-aws-signer tag remove pipeline team stage

Exit codes: 0 removed; 2 an option or a permission is wrong, or the profile does not exist or is canceled; 3 AWS Signer did \
  not answer.")]
pub(super) struct Args {
    /// The signing profile: its name, or arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME
    #[arg(value_name = "NAME|ARN", value_parser = profile)]
    profile: SigningProfile,

    /// The keys of the tags
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,

    #[command(flatten)]
    service: ServiceArgs,
}

pub(super) async fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    let service = args.service.service(output)?;
    let waiting = output.waiting("removing tags");
    let tagged = Tagged::new(&args.profile, &service).await?;
    let removed = remove_tags(tagged.client(), &tagged.arn, &args.keys, service.deadline()).await;
    tagged.checked(removed, &service).await?;
    drop(waiting);
    output.sentence(&format!("{} {} from {}", paint(GOOD, "removed"), args.keys.join(", "), tagged.arn))?;
    let status = ExitStatus::DONE;
    output.json(&TagReport {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        outcome: Some("removed"),
        profile: tagged.arn.to_string(),
        tags: None,
        tag_keys: Some(&args.keys),
    })?;
    Ok(status)
}
