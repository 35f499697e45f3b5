//! `notation-aws-signer tag list`.

use aws_signer::list_tags;

use super::{TagReport, Tagged};
use crate::arguments::signing_profile::SigningProfile;
use crate::management::profile_name::profile;
use crate::management::service::ServiceArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::table::Table;
use crate::output::{Output, SCHEMA_VERSION};

/// List the tags of a signing profile.
///
/// Requires the permission signer:ListTagsForResource; for a name also signer:GetSigningProfile.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  List the tags of a profile:
    notation-aws-signer tag list pipeline

  Print the value of one tag:
    notation-aws-signer tag list pipeline -o json | jq -r .tags.team

Exit codes: 0 listed, also if there are no tags; 2 an option or a permission is wrong, or the profile does not exist or is \
  canceled; 3 AWS Signer did not answer.")]
pub(super) struct Args {
    /// The signing profile: its name, or arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME
    #[arg(value_name = "NAME|ARN", value_parser = profile)]
    profile: SigningProfile,

    #[command(flatten)]
    service: ServiceArgs,
}

pub(super) async fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    let service = args.service.service(output)?;
    let waiting = output.waiting("listing the tags");
    let tagged = Tagged::new(&args.profile, &service).await?;
    let tags = list_tags(tagged.client(), &tagged.arn, service.deadline()).await;
    let tags = tagged.checked(tags, &service).await?;
    drop(waiting);
    if tags.is_empty() {
        output.note(format!("{} has no tags", tagged.arn));
    } else {
        let mut table = Table::new(&["KEY", "VALUE"]);
        tags.iter().for_each(|(key, value)| table.add(vec![key.clone(), value.clone()]));
        table.lines(output.columns()).iter().try_for_each(|line| output.text(line))?;
    }
    let status = ExitStatus::DONE;
    output.json(&TagReport {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        outcome: None,
        profile: tagged.arn.to_string(),
        tags: Some(&tags),
        tag_keys: None,
    })?;
    Ok(status)
}
