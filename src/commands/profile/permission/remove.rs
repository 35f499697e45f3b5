//! `notation-aws-signer profile permission remove`.

use aws_signer::{Permission, remove_permission};
use notary::ReasonCode;

use super::report::{PermissionReport, PermissionsReport};
use super::revision;
use crate::arguments::signing_profile::SigningProfile;
use crate::management::nearest::did_you_mean;
use crate::management::profile_name::{NamedProfile, profile};
use crate::management::service::{Service, ServiceArgs};
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{BAD, GOOD, Output, SCHEMA_VERSION, paint};

/// Take permissions for a signing profile back.
///
/// `profile permission list` shows the ids of the statements. Signatures that were made stay valid. Requires the
/// permissions signer:RemoveProfilePermission and signer:ListProfilePermissions.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "notation-aws-signer profile permission remove [OPTIONS]
       --statement-id <ID> <NAME|ARN>",
    after_help = "Examples:
  Take a permission back:
    notation-aws-signer profile permission remove pipeline \\
      --statement-id SignPayload-0a1b2c3d4e5f

Exit codes: 0 removed; 2 an option or a permission is wrong, or the profile or the statement does not exist; 3 AWS Signer \
  did not answer, or the permissions were changed at the same time."
)]
pub(super) struct Args {
    /// The signing profile: its name, or arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME
    #[arg(value_name = "NAME|ARN", value_parser = profile)]
    profile: SigningProfile,

    /// The id of the statement to remove. Repeat for several
    #[arg(long = "statement-id", value_name = "ID", required = true)]
    statement_ids: Vec<String>,

    /// Fail unless this is the current revision of the permissions [default: the current one]
    #[arg(long, value_name = "ID")]
    revision_id: Option<String>,

    #[command(flatten)]
    service: ServiceArgs,
}

pub(super) async fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    let service = args.service.service(output)?;
    let named = service.changeable_profile(&args.profile).await?;
    let waiting = output.progress(args.statement_ids.len(), &format!("removing permissions from {}", named.name));
    let current = revision::current(&service, &named).await?;
    let selected = select(&current.permissions, &args.statement_ids, &named)?;
    let mut report = PermissionsReport {
        schema_version: SCHEMA_VERSION,
        status: "",
        profile_name: named.name.to_string(),
        permissions: Vec::new(),
        revision_id: None,
        policy_size_bytes: None,
        more: None,
    };
    let mut status = ExitStatus::DONE;
    // Each removal returns the revision for the next one.
    let mut revision = args.revision_id.clone().or(current.revision).unwrap_or_default();
    let is_only_one = selected.len() == 1;
    for permission in selected {
        let what = format!("{} ({} for {})", permission.statement_id, permission.action, permission.principal);
        let removed = remove(&service, &named, &permission.statement_id, &mut revision, args).await;
        let permission = match removed {
            Ok(()) => {
                output.sentence(&format!("{} {what} from {}", paint(GOOD, "removed"), named.name))?;
                report.revision_id = Some(revision.clone());
                PermissionReport::new(permission).with_outcome("removed")
            }
            Err(why) if is_only_one => return Err(why),
            Err(why) => {
                output.failure(format!("{what} {}: {}", paint(BAD, "not removed"), why.message), why.advice.as_deref());
                status = status.max(why.status());
                PermissionReport::new(permission).with_error(why)
            }
        };
        report.permissions.push(permission);
        waiting.add(1);
    }
    drop(waiting);
    report.status = status.as_str();
    output.json(&report)?;
    Ok(status)
}

/// The permissions with these ids.
///
/// # Errors
/// Returns [`CliError`] if one does not exist: nothing is removed then.
fn select(all: &[Permission], ids: &[String], profile: &NamedProfile) -> Result<Vec<Permission>, CliError> {
    let mut selected: Vec<Permission> = Vec::new();
    for id in ids {
        let Some(found) = all.iter().find(|permission| permission.statement_id == *id) else {
            let why = format!("{} has no permission with the statement id {id:?}; nothing was removed", profile.name);
            let similar = did_you_mean(id, all.iter().map(|permission| permission.statement_id.as_str()));
            let list = format!("`notation-aws-signer profile permission list {}` lists the ids.", profile.name);
            let advice = similar.map_or_else(|| list.clone(), |similar| format!("{similar} {list}"));
            return Err(CliError::new(ReasonCode::NotFound, why).with_advice(advice));
        };
        if !selected.contains(found) {
            selected.push(found.clone());
        }
    }
    Ok(selected)
}

/// Removes one, and leaves the new revision in `revision`.
async fn remove(
    service: &Service,
    profile: &NamedProfile,
    id: &str,
    revision: &mut String,
    args: &Args,
) -> Result<(), CliError> {
    let given = args.revision_id.as_deref();
    let mut attempts = 0;
    loop {
        attempts += 1;
        match remove_permission(&profile.client, &profile.name, id, revision, service.deadline()).await {
            Ok(new) => {
                *revision = new;
                return Ok(());
            }
            Err(why) if revision::is_outdated(&why, attempts, given) => {
                let current = revision::current(service, profile).await?;
                *revision = current.revision.unwrap_or_default();
                if !current.permissions.iter().any(|permission| permission.statement_id == id) {
                    // Someone else has removed it.
                    return Ok(());
                }
            }
            Err(why) => return Err(revision::failed(why, given, service, profile).await),
        }
    }
}
