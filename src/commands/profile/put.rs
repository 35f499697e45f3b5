//! `notation-aws-signer profile put`.

use aws_names::{NOTATION_PLATFORM, ProfileArn, ProfileName};
use aws_signer::{NewProfile, Overrides, SignatureValidity, put_signing_profile};
use serde::Serialize;

use crate::arguments::metadata::{Pair, collect, pair};
use crate::management::facts::Facts;
use crate::management::service::ServiceArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint};

/// Create a signing profile.
///
/// With a name alone, creates a profile for container images. A name cannot be used again, not even after the profile
/// was canceled. Requires the permission signer:PutSigningProfile, with --tag also signer:TagResource.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Create a profile for container images:
    notation-aws-signer profile put pipeline

  Create one whose signatures are valid for a month, with a tag:
    notation-aws-signer profile put nightly --validity \"1 month\" \\
      --tag team=release

  Create a profile for AWS Lambda, and print its ARN:
    notation-aws-signer profile put functions -o json \\
      --platform AWSLambda-SHA384-ECDSA | jq -r .profile

  Create a profile for AWS IoT, which signs with your certificate:
    notation-aws-signer profile put devices \\
      --platform AWSIoTDeviceManagement-SHA256-ECDSA \\
      --signing-material arn:aws:acm:us-west-2:111122223333:certificate/ID

Exit codes: 0 created; 2 an option or a permission is wrong, or the name is taken; 3 AWS Signer did not answer, so the \
  profile may or may not exist.")]
pub(super) struct Args {
    /// The name: 2 to 64 letters, digits and underscores
    #[arg(value_name = "NAME", value_parser = new_name)]
    name: ProfileName,

    /// The signing platform; `platform list` lists them
    #[arg(long, value_name = "ID", default_value = NOTATION_PLATFORM)]
    platform: String,

    /// How long signatures are valid, from "1 day" to "135 months" [default: 135 months]
    #[arg(long, value_name = "TIME")]
    validity: Option<SignatureValidity>,

    /// The ARN of the certificate that signs (AWS Certificate Manager), for platforms that sign with yours
    #[arg(long, value_name = "ARN")]
    signing_material: Option<String>,

    /// A parameter of the signing jobs. Repeat for several
    #[arg(long = "signing-parameter", value_name = "KEY=VALUE", value_parser = pair)]
    signing_parameters: Vec<Pair>,

    /// A tag of the profile. Repeat for several
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = pair)]
    tags: Vec<Pair>,

    /// The format of signed images, if not the platform's: JSON, JSONEmbedded or JSONDetached
    #[arg(long, value_name = "FORMAT", help_heading = "Overrides of the platform")]
    image_format: Option<String>,

    /// The encryption algorithm, if not the platform's: RSA or ECDSA
    #[arg(long, value_name = "NAME", help_heading = "Overrides of the platform")]
    encryption_algorithm: Option<String>,

    /// The hash algorithm, if not the platform's: SHA1 or SHA256
    #[arg(long, value_name = "NAME", help_heading = "Overrides of the platform")]
    hash_algorithm: Option<String>,

    #[command(flatten)]
    service: ServiceArgs,
}

/// docs/output/profile-put.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PutReport {
    schema_version: u32,
    status: &'static str,
    outcome: &'static str,
    profile: String,
    profile_version: String,
    profile_name: String,
    platform: String,
}

pub(super) async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let service = args.service.service(output)?;
    let profile = NewProfile {
        name: args.name,
        platform: args.platform,
        validity: args.validity,
        signing_material: args.signing_material,
        overrides: Overrides {
            image_format: args.image_format,
            encryption_algorithm: args.encryption_algorithm,
            hash_algorithm: args.hash_algorithm,
        },
        signing_parameters: collect(args.signing_parameters).map_err(|why| why.context("--signing-parameter"))?,
        tags: collect(args.tags).map_err(|why| why.context("--tag"))?,
    };
    let client = service.client().await?;
    let waiting = output.waiting(&format!("creating the signing profile {}", profile.name));
    let version = put_signing_profile(&client, &profile, service.deadline()).await?;
    drop(waiting);
    let arn = version.profile();
    output.sentence(&format!("{} {arn}", paint(GOOD, "created")))?;
    let facts = Facts::new(output, 8);
    facts.say("version", version.version())?;
    facts.say("platform", &profile.platform)?;
    facts.say_known("validity", profile.validity)?;
    output.note(next_step(arn, profile.platform == NOTATION_PLATFORM));
    let status = ExitStatus::DONE;
    output.json(&PutReport {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        outcome: "created",
        profile: arn.to_string(),
        profile_version: version.to_string(),
        profile_name: arn.name().to_string(),
        platform: profile.platform,
    })?;
    Ok(status)
}

/// What to do with the new profile.
fn next_step(arn: &ProfileArn, is_notation: bool) -> String {
    match is_notation {
        true => format!("To sign an image with it: notation-aws-signer sign REF --profile {arn}"),
        false => format!(
            "To sign an object in Amazon S3 with it: notation-aws-signer job start --profile {} --source \
             's3://BUCKET/KEY?versionId=VERSION' --destination s3://BUCKET/PREFIX",
            arn.name()
        ),
    }
}

/// Parses the name of a profile to create, which has no ARN yet.
fn new_name(text: &str) -> Result<ProfileName, String> {
    match text.parse::<ProfileArn>() {
        Ok(arn) => Err(format!(
            "a new profile is created in the account of the credentials: pass the name {} and --aws-region {}",
            arn.name(),
            arn.location().region()
        )),
        Err(_) => text.parse().map_err(|why: aws_names::NameError| why.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::new_name;

    #[test]
    fn a_new_profile_has_a_name_and_no_arn() {
        assert!(new_name("pipeline").is_ok());
        assert!(new_name("my-pipeline").is_err_and(|why| why.contains("underscores")));
        let why = new_name("arn:aws:signer:eu-west-1:111122223333:/signing-profiles/pipeline").err();
        assert!(why.is_some_and(|why| why.contains("the name pipeline and --aws-region eu-west-1")));
    }
}
