//! `notation-aws-signer platform get`.

use std::time::Duration;

use aws_signer::{CallError, Extent, PlatformFilter, SignerClient, list_signing_platforms, signing_platform};
use notary::ReasonCode;
use serde::Serialize;

use super::report::PlatformReport;
use crate::management::nearest::did_you_mean;
use crate::management::service::ServiceArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{Output, SCHEMA_VERSION};

/// How much of the list of platforms is read to find a similar id.
const SIMILAR: Extent = Extent { limit: 200, budget: Duration::from_secs(3) };

/// Show a signing platform.
///
/// Requires the permission signer:GetSigningPlatform.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Show the algorithms and formats of a platform:
    notation-aws-signer platform get AWSIoTDeviceManagement-SHA256-ECDSA

Exit codes: 0 shown; 2 an option or a permission is wrong, or the platform does not exist; 3 AWS Signer did not answer.")]
pub(super) struct Args {
    /// The id of the platform, such as Notation-OCI-SHA384-ECDSA
    #[arg(value_name = "ID", value_parser = id)]
    platform: String,

    #[command(flatten)]
    service: ServiceArgs,
}

/// docs/output/platform-get.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GetReport {
    schema_version: u32,
    status: &'static str,
    #[serde(flatten)]
    platform: PlatformReport,
}

/// Parses an id. It becomes a part of the request's path: an empty one would ask for the list, and `..` for something
/// else.
fn id(text: &str) -> Result<String, String> {
    match text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        true => Ok(text.to_owned()),
        false => Err("an id begins with a letter or a digit; `platform list` lists the ids".to_owned()),
    }
}

pub(super) async fn run(args: &Args, output: &Output) -> Result<ExitStatus, CliError> {
    let service = args.service.service(output)?;
    let client = service.client().await?;
    let waiting = output.waiting(&format!("reading the signing platform {}", args.platform));
    let found = match signing_platform(&client, &args.platform, service.deadline()).await {
        Ok(found) => found,
        Err(why) => return Err(explained(why, &client, &args.platform).await),
    };
    drop(waiting);
    let status = ExitStatus::DONE;
    let platform = PlatformReport::new(found);
    let report = GetReport { schema_version: SCHEMA_VERSION, status: status.as_str(), platform };
    report.platform.show(output)?;
    output.json(&report)?;
    Ok(status)
}

/// The error of the call. If there is no such platform, it names similar ones.
async fn explained(why: CallError, client: &SignerClient, id: &str) -> CliError {
    if why.code() != ReasonCode::NotFound {
        return why.into();
    }
    let error = CliError::from(why).context(format!("signing platform {id}"));
    // The error stands without the list, too, which may not be permitted.
    let listed = list_signing_platforms(client, &PlatformFilter::default(), SIMILAR).await;
    let Ok(listed) = listed else { return error };
    match did_you_mean(id, listed.items.iter().map(|platform| platform.id.as_str())) {
        Some(similar) => {
            error.with_advice(format!("{similar} `notation-aws-signer platform list` lists the platforms."))
        }
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::id;

    #[test]
    fn rejects_ids_that_would_change_the_path() {
        assert!(id("Notation-OCI-SHA384-ECDSA").is_ok());
        assert!(["", "..", "/", "?a"].into_iter().all(|wrong| id(wrong).is_err()));
    }
}
