//! `notation-aws-signer local-signer principal add`.

use std::path::{Path, PathBuf};

use aws_names::AccountId;
use local_signer::iam::Policy;
use local_signer::principals::{NewPrincipal, PrincipalName, PrincipalStore, PrincipalsError};
use notary::text::{parse_rfc3339, printable};
use serde::Serialize;
use time::OffsetDateTime;

use super::PrincipalReport;
use crate::arguments::input_file;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint};

/// Add a user or role with its own access keys and policies.
///
/// Writes the profile NAME to DIR/credentials; other profiles and comments are kept. A service that runs with this
/// directory accepts the new keys at once. Without a policy, the principal may do only what the permissions of signing
/// profiles allow.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Add a user who may do what a policy allows, and call as this user:
    notation-aws-signer local-signer principal add alice --dir ./signer \\
      --policy sign-only.json
    AWS_PROFILE=alice aws signer list-signing-profiles

  Add a role of another account, for cross-account signing:
    notation-aws-signer local-signer principal add Signing --dir ./signer \\
      --role --account 444455556666 --policy sign-only.json

Exit codes: 0 added; 2 nothing added, because the name is taken or a policy or an option is wrong.")]
pub(super) struct Args {
    /// The name: 1 to 64 letters, digits and the characters _+=,.@-
    #[arg(value_name = "NAME", value_parser = name_of)]
    name: PrincipalName,

    /// The directory of the service; it is created if it does not exist, readable only by you
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,

    /// The account; without this option that of the service
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,

    /// A file with an IAM policy (JSON) that says what the principal may do. Can be given several times
    #[arg(long = "policy", value_name = "FILE")]
    policies: Vec<PathBuf>,

    /// Add a session of an IAM role instead of a user: its keys have a session token
    #[arg(long)]
    role: bool,

    /// When the session token of a role expires (RFC 3339); without this option it does not
    #[arg(long, value_name = "TIME", requires = "role", value_parser = time_of)]
    expires: Option<OffsetDateTime>,
}

/// The results: docs/output/local-signer-principal-add.schema.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AddReport {
    schema_version: u32,
    status: &'static str,
    principal: PrincipalReport,
    credentials_file: String,
}

pub(super) fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let name = args.name.clone();
    let new = if args.role { NewPrincipal::role(args.name) } else { NewPrincipal::user(args.name) };
    let new = args.account.into_iter().fold(new, NewPrincipal::in_account);
    let mut new = args.expires.into_iter().fold(new, NewPrincipal::expiring);
    // Before the directory is created.
    for path in &args.policies {
        let document = read(path)?;
        let file = path.display();
        Policy::parse(&document).map_err(|why| CliError::configuration(format!("{file}: {why}")))?;
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        new = new.with_policy(&name, &document);
    }
    let store = PrincipalStore::open(&args.dir)?;
    store.add(new)?;
    let listed = store.list()?;
    let added = listed.iter().find(|listed| listed.identity.name() == name.as_str());
    let added = added.ok_or_else(|| PrincipalsError::NotFound(name.to_string()))?;
    let file = store.credentials_file();
    output.sentence(&format!("{} {}", paint(GOOD, "added"), added.arn))?;
    output.sentence(&format!("  its access keys are in {}, profile {name}", printable(&file.to_string_lossy())))?;
    if added.policies.is_empty() {
        output.note("it has no policy: it may do only what the permissions of signing profiles allow");
    }
    let status = ExitStatus::DONE;
    output.json(&AddReport {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        principal: added.into(),
        credentials_file: file.to_string_lossy().into_owned(),
    })?;
    Ok(status)
}

/// Reads a policy, which is refused later if it is too long.
fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    const MAX_SIZE: u64 = 1024 * 1024;
    files::read_up_to(path, MAX_SIZE).map_err(|why| input_file::unreadable(path, why))
}

fn name_of(text: &str) -> Result<PrincipalName, PrincipalsError> {
    text.parse()
}

fn time_of(text: &str) -> Result<OffsetDateTime, String> {
    parse_rfc3339(text).ok_or_else(|| "expected a time such as 2030-01-01T00:00:00Z".to_owned())
}
