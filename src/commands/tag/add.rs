//! `notation-aws-signer tag add`.

use aws_signer::add_tags;

use super::{TagReport, Tagged};
use crate::arguments::metadata::{Pair, collect, pair};
use crate::arguments::signing_profile::SigningProfile;
use crate::management::profile_name::profile;
use crate::management::service::ServiceArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint};

/// Add tags to a signing profile, or change their values.
///
/// Requires the permission signer:TagResource; for a name also signer:GetSigningProfile.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Add two tags:
    notation-aws-signer tag add pipeline team=release stage=production

Exit codes: 0 added; 2 an option or a permission is wrong, or the profile does not exist or is canceled; 3 AWS Signer did \
  not answer.")]
pub(super) struct Args {
    /// The signing profile: its name, or arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME
    #[arg(value_name = "NAME|ARN", value_parser = profile)]
    profile: SigningProfile,

    /// The tags
    #[arg(value_name = "KEY=VALUE", required = true, value_parser = pair)]
    tags: Vec<Pair>,

    #[command(flatten)]
    service: ServiceArgs,
}

pub(super) async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let service = args.service.service(output)?;
    let tags = collect(args.tags)?;
    let waiting = output.waiting("adding tags");
    let tagged = Tagged::new(&args.profile, &service).await?;
    let added = add_tags(tagged.client(), &tagged.arn, &tags, service.deadline()).await;
    tagged.checked(added, &service).await?;
    drop(waiting);
    let shown: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    output.sentence(&format!("{} {} to {}", paint(GOOD, "added"), shown.join(", "), tagged.arn))?;
    let status = ExitStatus::DONE;
    output.json(&TagReport {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        outcome: Some("added"),
        profile: tagged.arn.to_string(),
        tags: Some(&tags),
        tag_keys: None,
    })?;
    Ok(status)
}
