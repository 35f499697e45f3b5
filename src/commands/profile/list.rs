//! `notation-aws-signer profile list`.

use aws_signer::{ProfileFilter, SigningProfile, list_signing_profiles};
use clap::ValueEnum;
use serde::Serialize;

use super::report::ProfileReport;
use crate::management::list_args::ListArgs;
use crate::management::service::ServiceArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::table::Table;
use crate::output::{Output, SCHEMA_VERSION};

/// List the signing profiles of your account in a region.
///
/// Without filters, lists the active profiles. With --verbose, also shows their versions. Requires the permission
/// signer:ListSigningProfiles.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  List the active profiles:
    notation-aws-signer profile list

  List the profiles for container images, also canceled ones:
    notation-aws-signer profile list --include-canceled \\
      --platform Notation-OCI-SHA384-ECDSA

  Print the ARNs of the revoked profiles:
    notation-aws-signer profile list --status Revoked -o json \\
      | jq -r '.profiles[].profile'

Exit codes: 0 listed, also if there are no profiles; 2 an option or a permission is wrong; 3 AWS Signer did not answer.")]
pub(super) struct Args {
    /// List only profiles with this status. Repeat for several
    #[arg(long = "status", value_name = "STATUS", value_enum, ignore_case = true)]
    statuses: Vec<Status>,

    /// List canceled profiles, too
    #[arg(long)]
    include_canceled: bool,

    /// List only profiles of this signing platform
    #[arg(long, value_name = "ID")]
    platform: Option<String>,

    #[command(flatten)]
    list: ListArgs,

    #[command(flatten)]
    service: ServiceArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Status {
    /// Can sign
    #[value(name = "Active")]
    Active,
    /// Cannot sign any more; its signatures stay valid
    #[value(name = "Canceled", alias = "Cancelled")]
    Canceled,
    /// Cannot sign any more; its signatures are refused
    #[value(name = "Revoked")]
    Revoked,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Canceled => "Canceled",
            Self::Revoked => "Revoked",
        }
    }
}

/// docs/output/profile-list.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ListReport {
    schema_version: u32,
    status: &'static str,
    profiles: Vec<ProfileReport>,
    more: bool,
}

pub(super) async fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    let service = args.service.service(output)?;
    let filter = ProfileFilter {
        // AWS Signer leaves canceled profiles out unless they are asked for in this way, too.
        include_canceled: args.include_canceled || args.statuses.contains(&Status::Canceled),
        platform: args.platform.clone(),
        statuses: args.statuses.iter().map(|status| status.as_str().to_owned()).collect(),
    };
    let client = service.client().await?;
    let waiting = output.waiting(&format!("listing the signing profiles in {}", client.region()));
    let listed = list_signing_profiles(&client, &filter, service.extent(args.list.limit)).await?;
    drop(waiting);
    if listed.items.is_empty() {
        let which = if args.statuses.is_empty() && !args.include_canceled { "active " } else { "" };
        output.note(format!("no {which}signing profiles found in {}", client.region()));
    } else {
        // Without the version, most rows fit into 80 columns.
        let columns: &[_] = &["NAME", "STATUS", "PLATFORM", "VALIDITY", "VERSION"];
        let mut table = Table::new(if output.is_verbose() { columns } else { &columns[..4] });
        listed.items.iter().for_each(|profile| table.add(row(profile, output.is_verbose())));
        table.lines(output.columns()).iter().try_for_each(|line| output.text(line))?;
    }
    args.list.note_more(listed.more, output);
    let status = ExitStatus::DONE;
    output.json(&ListReport {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        profiles: listed.items.into_iter().map(ProfileReport::new).collect(),
        more: listed.more,
    })?;
    Ok(status)
}

fn row(profile: &SigningProfile, with_version: bool) -> Vec<String> {
    let validity = profile.validity.map_or_else(String::new, |validity| validity.to_string());
    let name = profile.version.profile().name().to_string();
    let mut row = vec![name, profile.status.clone(), profile.platform.clone(), validity];
    row.extend(with_version.then(|| profile.version.version().to_owned()));
    row
}
