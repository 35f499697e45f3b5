//! `notation-aws-signer inspect`: shows the content of an artifact's signatures.

mod report;
mod text;

use std::num::NonZeroUsize;

use aws_signer::ClientPool;
use notation::verify::{CheckRevocation, Limits, Verifier};
use time::OffsetDateTime;

use self::report::InspectReport;
use crate::arguments::artifact_reference::{ArtifactReference, OpenedArtifact};
use crate::arguments::metadata;
use crate::arguments::metadata::Pair;
use crate::arguments::number::count;
use crate::arguments::registry::RegistryArgs;
use crate::arguments::signer::{SignerArgs, budget};
use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Show what is in the signatures of an artifact.
///
/// Shows the attributes, metadata and certificates of each signature, and whether its envelope (the signed file) is
/// intact and covers this artifact. Does not check whether the signers are trusted: use `verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Show the signatures of an image:
    notation-aws-signer inspect registry.example.com/app:v1

  Show whether they were revoked, too:
    notation-aws-signer inspect registry.example.com/app@sha256:... \\
      --check-revocation

  Print the signing jobs, for `revoke signature --job-id`:
    notation-aws-signer inspect registry.example.com/app:v1 -o json | jq -r \\
      '.signatures[].job'

Exit codes: 0 shown, also if there are no signatures or one was revoked; 1 a signature is malformed, altered or for \
  another artifact; 2 the command line or a permission is wrong, or the artifact does not exist; 3 the registry, or the \
  service for the revocation check, could not be reached.")]
pub struct Args {
    /// The artifact: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST, or oci:FOLDER[:NAME|@DIGEST] for an OCI image
    /// layout
    #[arg(value_name = "REF")]
    reference: ArtifactReference,

    /// Check whether the signatures were revoked. Asks AWS Signer, or the servers that the certificates name, trusted
    /// or not
    #[arg(long)]
    check_revocation: bool,

    /// Fail if the artifact has more signatures than this
    #[arg(long, value_name = "N", default_value = "100", value_parser = count)]
    max_signatures: NonZeroUsize,

    /// A setting in notation's form, such as aws-region=us-west-2. Same as the options under "AWS"
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
/// Returns [`CliError`] if the artifact cannot be resolved, or its signatures cannot be listed.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let config = args.signer.config_beside(metadata::collect(args.plugin_config)?)?.with_waits(output.waits());
    let limits = Limits { time: budget(&config), signatures: args.max_signatures.get() };
    let verifier = Verifier::new(ClientPool::new(config)).with_limits(limits);
    let check = if args.check_revocation { CheckRevocation::Yes } else { CheckRevocation::No };
    let waiting = output.waiting(&format!("inspecting the signatures of {}", args.reference));
    let OpenedArtifact { store, target } = args.reference.open(&args.registry.client(output)?)?;
    let artifact = store.resolve(&target).await?;
    let signatures = verifier.inspect(&store, &artifact, check, OffsetDateTime::now_utc()).await?;
    drop(waiting);
    let report = InspectReport::new(&args.reference, &artifact, &signatures);
    output.text(text::render(&report, output.columns()))?;
    for signature in &report.signatures {
        for failure in signature.failures() {
            let message = format!("{}: {}", signature.signature.digest, failure.message);
            output.failure_beside_text(message, failure.advice.as_deref());
        }
    }
    output.json(&report)?;
    Ok(report.exit)
}
