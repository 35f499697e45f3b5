//! `notation-aws-signer inspect`: what the signatures of an artifact say.

mod report;
mod text;

use std::num::NonZeroUsize;

use notation::verify::{CheckRevocation, VerifyOptions, inspect_signatures};
use time::OffsetDateTime;

use self::report::Report;
use crate::arguments::artifact_reference::{Opened, Place};
use crate::arguments::metadata;
use crate::arguments::metadata::Pair;
use crate::arguments::number::count;
use crate::arguments::registry::RegistryArgs;
use crate::arguments::signer::{SignerArgs, budget};
use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Show what the signatures of an artifact say.
///
/// Attributes, metadata, certificates, and whether each envelope is as its signer made it and over this artifact. Nobody's trust is
/// judged: anybody may have signed. `verify` decides.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Show the signatures of an image:
    notation-aws-signer inspect registry.example.com/app:v1

  Show also whether they were revoked:
    notation-aws-signer inspect registry.example.com/app@sha256:... \\
      --check-revocation

  The signing jobs, as `revoke signature --job-id` takes them:
    notation-aws-signer inspect registry.example.com/app:v1 -o json | jq -r \\
      '.signatures[].signedAttributes[\"com.amazonaws.signer.signingJob\"]'

Exit codes: 0 shown, also when there are no signatures or one was revoked; 1 a signature is malformed, altered or of \
  another artifact; 2 there is no such artifact, or the command line or a permission is not right; 3 the registry, or who \
  knows about revocation, could not be asked.")]
pub struct Args {
    /// The artifact: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST or oci:FOLDER[:TAG|@DIGEST]
    #[arg(value_name = "REF")]
    reference: Place,

    /// Ask whether the signatures were revoked: AWS Signer about its own, else whom the certificates name, trusted or not
    #[arg(long)]
    check_revocation: bool,

    /// How many signatures the artifact may have
    #[arg(long, value_name = "N", default_value = "100", value_parser = count)]
    max_signatures: NonZeroUsize,

    /// A setting of AWS Signer's plugin as notation takes it: aws-region=us-west-2. The options under "AWS" are the same
    #[arg(long, value_name = "KEY=VALUE", value_parser = metadata::pair)]
    plugin_config: Vec<Pair>,

    #[command(flatten)]
    signer: SignerArgs,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`] when the artifact or the list of its signatures cannot be read.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let config = args.signer.config_beside(metadata::collect(args.plugin_config)?)?;
    let options = VerifyOptions {
        budget: budget(&config),
        max_signatures: args.max_signatures.get(),
        ..VerifyOptions::new(config, OffsetDateTime::now_utc())
    };
    let check = if args.check_revocation { CheckRevocation::Yes } else { CheckRevocation::No };
    let Opened { store, target } = args.reference.open(&args.registry.client(output)?)?;
    let artifact = store.resolve(&target).await?;
    let signatures = inspect_signatures(&store, &artifact, &options, check).await.map_err(CliError::of_list)?;
    let report = Report::of(&args.reference, artifact, &signatures);
    output.text(text::of(&report))?;
    output.json(&report)?;
    Ok(report.exit)
}
