//! `notation-aws-signer profile permission add`.

use aws_signer::{Permission, add_permission};
use notary::ReasonCode;
use uuid::Uuid;

use super::report::{PermissionReport, PermissionsReport};
use super::revision;
use crate::arguments::signing_profile::SigningProfile;
use crate::management::profile_name::{NamedProfile, profile};
use crate::management::service::{Service, ServiceArgs};
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{BAD, GOOD, Output, SCHEMA_VERSION, paint};

/// Permit an account or a role to use a signing profile.
///
/// Of a profile for container images, other accounts need signer:SignPayload to sign; of other profiles,
/// signer:StartSigningJob. signer:GetSigningProfile and signer:RevokeSignature can be permitted, too. Requires the
/// permissions signer:AddProfilePermission and signer:ListProfilePermissions.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "notation-aws-signer profile permission add [OPTIONS]
       --action <ACTION> --principal <ACCOUNT|ARN> <NAME|ARN>",
    after_help = "Examples:
  Let another account sign images with a profile, and read it:
    notation-aws-signer profile permission add pipeline \\
      --principal 444455556666 \\
      --action signer:SignPayload --action signer:GetSigningProfile

  Let a role use one version of a profile only:
    notation-aws-signer profile permission add functions \\
      --principal arn:aws:iam::444455556666:role/deploy \\
      --action signer:StartSigningJob --profile-version Ab12Cd34Ef

Exit codes: 0 added, also if it was permitted before; 2 an option or a permission is wrong, or the profile does not exist; \
  3 AWS Signer did not answer, or the permissions were changed at the same time."
)]
pub(super) struct Args {
    /// The signing profile: its name, or arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME
    #[arg(value_name = "NAME|ARN", value_parser = profile)]
    profile: SigningProfile,

    /// The action, such as signer:SignPayload. Repeat for several
    #[arg(long = "action", value_name = "ACTION", required = true, value_parser = action)]
    actions: Vec<String>,

    /// The account (12 digits), or the ARN of a role
    #[arg(long, value_name = "ACCOUNT|ARN")]
    principal: String,

    /// Permit this version of the profile only [default: all versions]
    #[arg(long, value_name = "VERSION")]
    profile_version: Option<String>,

    /// The id of the statement [default: made from the action]
    #[arg(long, value_name = "ID")]
    statement_id: Option<String>,

    /// Fail unless this is the current revision of the permissions [default: the current one]
    #[arg(long, value_name = "ID")]
    revision_id: Option<String>,

    #[command(flatten)]
    service: ServiceArgs,
}

/// An action with the prefix of AWS Signer.
fn action(text: &str) -> Result<String, String> {
    match text {
        "" => Err("expected an action such as signer:SignPayload".to_owned()),
        _ if text.contains(':') => Ok(text.to_owned()),
        _ => Ok(format!("signer:{text}")),
    }
}

pub(super) async fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    if args.actions.len() > 1 && (args.statement_id.is_some() || args.revision_id.is_some()) {
        let why = CliError::configuration("--statement-id and --revision-id are for one --action");
        return Err(why.with_advice("Run the command once for each action, or omit these options."));
    }
    let service = args.service.service(output)?;
    let named = service.changeable_profile(&args.profile).await?;
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
    let waiting = output.progress(args.actions.len(), &format!("adding permissions to {}", named.name));
    for action in &args.actions {
        let wanted = Permission {
            statement_id: args.statement_id.clone().unwrap_or_else(|| made_up_id(action)),
            action: action.clone(),
            principal: args.principal.clone(),
            profile_version: args.profile_version.clone(),
        };
        let what = format!("{action} for {}", args.principal);
        let permission = match add(&service, &named, wanted.clone(), args).await {
            Ok(Added::New { revision }) => {
                let id = &wanted.statement_id;
                output.sentence(&format!("{} {what} to {} as {id}", paint(GOOD, "added"), named.name))?;
                report.revision_id = Some(revision);
                PermissionReport::new(wanted).with_outcome("added")
            }
            Ok(Added::Present(present)) => {
                output.sentence(&format!("{} already permits {what} as {}", named.name, present.statement_id))?;
                PermissionReport::new(present).with_outcome("already-present")
            }
            Err(why) if args.actions.len() == 1 => return Err(why),
            Err(why) => {
                output.failure(format!("{what} {}: {}", paint(BAD, "not added"), why.message), why.advice.as_deref());
                status = status.max(why.status());
                PermissionReport::new(wanted).with_error(why)
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

/// What became of a permission.
enum Added {
    New { revision: String },
    Present(Permission),
}

async fn add(service: &Service, profile: &NamedProfile, wanted: Permission, args: &Args) -> Result<Added, CliError> {
    let given = args.revision_id.as_deref();
    let mut attempts = 0;
    loop {
        attempts += 1;
        let mut revision = given.map(str::to_owned);
        if given.is_none() {
            let current = revision::current(service, profile).await?;
            if let Some(present) = present(&current.permissions, &wanted, args.statement_id.is_some())? {
                return Ok(Added::Present(present));
            }
            revision = current.revision;
        }
        let deadline = service.deadline();
        match add_permission(&profile.client, &profile.name, &wanted, revision.as_deref(), deadline).await {
            Ok(revision) => return Ok(Added::New { revision }),
            Err(why) if revision::is_outdated(&why, attempts, given) => {}
            Err(why) => return Err(revision::failed(why, given, service, profile).await),
        }
    }
}

/// The permission among these that permits the same.
///
/// # Errors
/// Returns [`CliError`] if the id was given, and belongs to another permission.
fn present(all: &[Permission], wanted: &Permission, is_id_given: bool) -> Result<Option<Permission>, CliError> {
    let is_same = |other: &&Permission| {
        (&other.action, &other.principal, &other.profile_version)
            == (&wanted.action, &wanted.principal, &wanted.profile_version)
    };
    if !is_id_given {
        return Ok(all.iter().find(is_same).cloned());
    }
    match all.iter().find(|other| other.statement_id == wanted.statement_id) {
        Some(other) if !is_same(&other) => {
            let why = format!(
                "the statement {} exists: it permits {} for {}",
                other.statement_id, other.action, other.principal
            );
            Err(CliError::new(ReasonCode::Exists, why).with_advice("Choose another --statement-id, or omit it."))
        }
        other => Ok(other.cloned()),
    }
}

/// The id of a new statement: the action, which people recognize, and random digits.
fn made_up_id(action: &str) -> String {
    let action: String =
        action.rsplit(':').next().unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).collect();
    let random = Uuid::new_v4().simple().to_string();
    format!("{action}-{}", &random[..12])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn permission(id: &str, action: &str, version: Option<&str>) -> Permission {
        Permission {
            statement_id: id.to_owned(),
            action: action.to_owned(),
            principal: "444455556666".to_owned(),
            profile_version: version.map(str::to_owned),
        }
    }

    #[test]
    fn the_same_permission_is_not_added_twice() {
        let all =
            [permission("a", "signer:SignPayload", None), permission("b", "signer:SignPayload", Some("Ab12Cd34Ef"))];
        let found = |id: &str, version, is_id_given| {
            let found = present(&all, &permission(id, "signer:SignPayload", version), is_id_given);
            found.map(|found| found.map(|found| found.statement_id))
        };
        assert_eq!(found("new", None, false), Ok(Some("a".to_owned())));
        assert_eq!(found("new", Some("Ab12Cd34Ef"), false), Ok(Some("b".to_owned())));
        assert_eq!(found("new", Some("other"), false), Ok(None));
        // With another id, the caller wants another statement.
        assert_eq!(found("c", None, true), Ok(None));
        assert_eq!(found("a", None, true), Ok(Some("a".to_owned())));
        assert_eq!(found("b", None, true).unwrap_err().code, ReasonCode::Exists);
    }

    #[test]
    fn ids_and_actions_are_completed() {
        assert_eq!(action("SignPayload").unwrap(), "signer:SignPayload");
        assert_eq!(action("signer:*").unwrap(), "signer:*");
        assert!(action("").is_err());
        let id = made_up_id("signer:SignPayload");
        assert!(id.starts_with("SignPayload-") && id != made_up_id("signer:SignPayload"), "{id}");
    }
}
