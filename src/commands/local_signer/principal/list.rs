//! `notation-aws-signer local-signer principal list`.

use std::path::PathBuf;

use local_signer::principals::PrincipalStore;
use serde::Serialize;

use super::PrincipalReport;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::table::Table;
use crate::output::{Output, SCHEMA_VERSION};

/// List the users and roles of a local signer.
///
/// Secrets are not shown: they are in DIR/credentials.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  List the users and roles:
    notation-aws-signer local-signer principal list --dir ./signer

  Print their ARNs, to give them permissions for a signing profile:
    notation-aws-signer local-signer principal list --dir ./signer -o json \\
      | jq -r '.principals[].arn'

Exit codes: 0 listed, also if there are none; 2 the directory cannot be read.")]
pub(super) struct Args {
    /// The directory of the service
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
}

/// The results: docs/output/local-signer-principal-list.schema.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ListReport {
    schema_version: u32,
    status: &'static str,
    principals: Vec<PrincipalReport>,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    let listed = PrincipalStore::open_existing(&args.dir)?.list()?;
    let principals: Vec<PrincipalReport> = listed.iter().map(PrincipalReport::from).collect();
    let mut table = Table::new(&["NAME", "TYPE", "ARN", "ACCESS KEY", "EXPIRES", "POLICIES"]);
    for principal in &principals {
        let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
        table.add(vec![
            principal.name.clone(),
            principal.kind.to_owned(),
            principal.arn.clone(),
            principal.access_key_id.clone(),
            or_dash(principal.expires.clone().unwrap_or_default()),
            or_dash(principal.policies.join(", ")),
        ]);
    }
    if principals.is_empty() {
        output.note("no users and roles found; the root of the account is always there");
    } else {
        table.lines(output.columns()).iter().try_for_each(|line| output.text(line))?;
    }
    let status = ExitStatus::DONE;
    output.json(&ListReport { schema_version: SCHEMA_VERSION, status: status.as_str(), principals })?;
    Ok(status)
}
