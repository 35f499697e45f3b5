//! `notation-aws-signer profile cancel`.

use aws_signer::cancel_signing_profile;
use serde::Serialize;

use super::report::ProfileReport;
use crate::arguments::signing_profile::SigningProfile;
use crate::management::profile_name::profile;
use crate::management::service::ServiceArgs;
use crate::output::confirm::confirm;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint};

/// Cancel a signing profile, so that it can no longer sign.
///
/// This cannot be undone, and the name cannot be used again. The signatures of the profile stay valid: use `revoke
/// profile` to have them refused. Requires the permissions signer:GetSigningProfile and signer:CancelSigningProfile.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Cancel a profile that is no longer needed:
    notation-aws-signer profile cancel pipeline

  Cancel without confirmation, in a script:
    notation-aws-signer profile cancel pipeline --yes

Exit codes: 0 canceled, also if it was canceled before; 2 an option or a permission is wrong, the profile does not exist, \
  or you did not confirm; 3 AWS Signer did not answer, so the profile may or may not be canceled.")]
pub(super) struct Args {
    /// The signing profile: its name, or arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME
    #[arg(value_name = "NAME|ARN", value_parser = profile)]
    profile: SigningProfile,

    /// Do not ask for confirmation
    #[arg(long, short)]
    yes: bool,

    #[command(flatten)]
    service: ServiceArgs,
}

/// docs/output/profile-cancel.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CancelReport {
    schema_version: u32,
    status: &'static str,
    outcome: &'static str,
    profile: String,
    profile_version: String,
    profile_name: String,
}

pub(super) async fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    let service = args.service.service(output)?;
    let named = service.profile(&args.profile).await?;
    let waiting = output.waiting(&format!("reading the signing profile {}", named.name));
    let found = service.own(&named).await?;
    drop(waiting);
    let version = found.version.clone();
    let arn = version.profile().clone();
    let outcome = if found.status == "Canceled" {
        output.sentence(&format!("{arn} is already canceled"))?;
        "already-canceled"
    } else {
        let validity = found.validity;
        ProfileReport::new(found).show(validity, &output.with_text_on_stderr())?;
        output.note(
            "The profile can no longer sign, and its name cannot be used again. This cannot be undone. Its signatures stay valid.",
        );
        confirm(args.yes, &format!("cancel {arn}"))?;
        let waiting = output.waiting(&format!("canceling {arn}"));
        if let Err(why) = cancel_signing_profile(&named.client, &named.name, service.deadline()).await {
            return Err(service.explained(why, &named).await);
        }
        drop(waiting);
        output.sentence(&format!("{} {arn}", paint(GOOD, "canceled")))?;
        "canceled"
    };
    let status = ExitStatus::DONE;
    output.json(&CancelReport {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        outcome,
        profile: arn.to_string(),
        profile_version: version.to_string(),
        profile_name: arn.name().to_string(),
    })?;
    Ok(status)
}
