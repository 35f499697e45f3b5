//! `notation-aws-signer profile permission list`.

use super::report::{PermissionReport, PermissionsReport};
use super::revision;
use crate::arguments::signing_profile::SigningProfile;
use crate::management::facts::Facts;
use crate::management::profile_name::profile;
use crate::management::service::ServiceArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::table::Table;
use crate::output::{Output, SCHEMA_VERSION};

/// List who may use a signing profile.
///
/// With --verbose, also shows the revision and the size of the permissions. Requires the permission
/// signer:ListProfilePermissions, and signer:GetSigningProfile for an ARN and for a profile without permissions.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  List the permissions of a profile:
    notation-aws-signer profile permission list pipeline

  Print the accounts and roles that may use it:
    notation-aws-signer profile permission list pipeline -o json \\
      | jq -r '.permissions[].principal' | sort -u

Exit codes: 0 listed, also if there are no permissions; 2 an option or a permission is wrong, or the profile does not \
  exist; 3 AWS Signer did not answer.")]
pub(super) struct Args {
    /// The signing profile: its name, or arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME
    #[arg(value_name = "NAME|ARN", value_parser = profile)]
    profile: SigningProfile,

    #[command(flatten)]
    service: ServiceArgs,
}

pub(super) async fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    let service = args.service.service(output)?;
    let waiting = output.waiting("listing the permissions");
    let named = service.changeable_profile(&args.profile).await?;
    let listed = revision::current(&service, &named).await?;
    drop(waiting);
    if listed.permissions.is_empty() {
        output.note(format!("{} has no permissions: only its own account may use it", named.name));
    } else {
        let columns: &[_] = &["STATEMENT", "ACTION", "PRINCIPAL", "VERSION"];
        let is_limited = listed.permissions.iter().any(|permission| permission.profile_version.is_some());
        let mut table = Table::new(if is_limited { columns } else { &columns[..3] });
        for permission in &listed.permissions {
            let version = permission.profile_version.clone().unwrap_or_else(|| "all".to_owned());
            let (id, action) = (permission.statement_id.clone(), permission.action.clone());
            let mut row = vec![id, action, permission.principal.clone()];
            row.extend(is_limited.then_some(version));
            table.add(row);
        }
        table.lines(output.columns()).iter().try_for_each(|line| output.text(line))?;
    }
    if output.is_verbose() {
        let facts = Facts::new(output, 11);
        facts.say_known("revision", listed.revision.as_ref())?;
        facts.say("policy size", format!("{} bytes", listed.size))?;
    }
    let status = ExitStatus::DONE;
    output.json(&PermissionsReport {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        profile_name: named.name.to_string(),
        permissions: listed.permissions.into_iter().map(PermissionReport::new).collect(),
        revision_id: listed.revision,
        policy_size_bytes: Some(listed.size),
        more: Some(listed.more),
    })?;
    Ok(status)
}
