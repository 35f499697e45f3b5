//! `notation-aws-signer platform list`.

use aws_signer::{PlatformFilter, SigningPlatform, list_signing_platforms};
use serde::Serialize;

use super::report::PlatformReport;
use crate::management::list_args::ListArgs;
use crate::management::service::ServiceArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::table::Table;
use crate::output::{Output, SCHEMA_VERSION};

/// List the signing platforms.
///
/// With --verbose, also shows the largest size that is signed and whether signatures can be revoked. Requires the
/// permission signer:ListSigningPlatforms.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  List all platforms:
    notation-aws-signer platform list

  Print the ids of the platforms for AWS IoT:
    notation-aws-signer platform list --category AWSIoT -o json \\
      | jq -r '.platforms[].platform'

Exit codes: 0 listed; 2 an option or a permission is wrong; 3 AWS Signer did not answer.")]
pub(super) struct Args {
    /// List only platforms of this category, such as AWSIoT
    #[arg(long, value_name = "NAME")]
    category: Option<String>,

    /// List only platforms of this partner, such as AmazonFreeRTOS
    #[arg(long, value_name = "NAME")]
    partner: Option<String>,

    /// List only platforms with this target, such as SHA384-ECDSA
    #[arg(long, value_name = "NAME")]
    target: Option<String>,

    #[command(flatten)]
    list: ListArgs,

    #[command(flatten)]
    service: ServiceArgs,
}

/// docs/output/platform-list.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ListReport {
    schema_version: u32,
    status: &'static str,
    platforms: Vec<PlatformReport>,
    more: bool,
}

pub(super) async fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    let service = args.service.service(output)?;
    let Args { category, partner, target, .. } = args;
    let filter = PlatformFilter { category: category.clone(), partner: partner.clone(), target: target.clone() };
    let client = service.client().await?;
    let waiting = output.waiting(&format!("listing the signing platforms in {}", client.region()));
    let listed = list_signing_platforms(&client, &filter, service.extent(args.list.limit)).await?;
    drop(waiting);
    if listed.items.is_empty() {
        output.note(format!("no signing platforms found in {}", client.region()));
    } else {
        let columns: &[_] = &["PLATFORM", "NAME", "SIZE", "REVOCATION"];
        let mut table = Table::new(if output.is_verbose() { columns } else { &columns[..2] });
        listed.items.iter().for_each(|platform| table.add(row(platform, output.is_verbose())));
        table.lines(output.columns()).iter().try_for_each(|line| output.text(line))?;
    }
    args.list.note_more(listed.more, output);
    let status = ExitStatus::DONE;
    output.json(&ListReport {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        platforms: listed.items.into_iter().map(PlatformReport::new).collect(),
        more: listed.more,
    })?;
    Ok(status)
}

fn row(platform: &SigningPlatform, with_details: bool) -> Vec<String> {
    let mut row = vec![platform.id.clone(), platform.name.clone().unwrap_or_default()];
    if !with_details {
        return row;
    }
    let size = if platform.max_size_mb > 0 { format!("{} MB", platform.max_size_mb) } else { String::new() };
    let revocation = if platform.revocation_supported { "yes" } else { "no" };
    row.extend([size, revocation.to_owned()]);
    row
}
