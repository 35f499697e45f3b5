//! `notation-aws-signer attach`: an envelope that exists, beside its artifact.

use std::path::PathBuf;

use notary::Descriptor;
use notary::manifest::SignatureForm;
use notation::attach::{Attached, MatchingEnvelope};
use serde::Serialize;

use crate::arguments::artifact_reference::{Opened, Place};
use crate::arguments::metadata::Pair;
use crate::arguments::registry::RegistryArgs;
use crate::arguments::{envelope_file, metadata};
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{DIM, GOOD, Output, SCHEMA_VERSION, paint};

/// Attach a signature envelope that exists to its artifact.
///
/// The envelope must be whole, made with a chain of certificates that may sign, and over this very artifact. Whether anybody trusts
/// its signer is not decided here: `verify` does that. What the artifact has already is not attached again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Sign in one step of a pipeline, and attach in one that may write:
    notation-aws-signer sign registry.example.com/app@sha256:... \\
      --profile ARN --detach app.sig
    notation-aws-signer attach registry.example.com/app@sha256:... \\
      --signature app.sig

  Attach with an annotation on the signature's manifest:
    notation-aws-signer attach oci:./image:v1 --signature app.sig \\
      --annotation pipeline=7

Exit codes: 0 attached, now or before; 1 it is not a signature of this artifact; 2 the file, the command line or a \
  permission is not right, or there is no such artifact; 3 the registry could not be asked.")]
pub struct Args {
    /// The artifact: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST or oci:FOLDER[:TAG|@DIGEST]
    #[arg(value_name = "REF")]
    reference: Place,

    /// The envelope, in its JWS form
    #[arg(long, value_name = "FILE")]
    signature: PathBuf,

    /// An annotation of the signature's manifest, not signed. May be given several times
    #[arg(long = "annotation", value_name = "KEY=VALUE", value_parser = metadata::pair)]
    annotations: Vec<Pair>,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// The results: docs/output/attach.schema.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    status: &'static str,
    reference: String,
    artifact: String,
    descriptor: Descriptor,
    outcome: &'static str,
    signature: SignatureReport,
}

#[derive(Debug, Serialize)]
struct SignatureReport {
    digest: String,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`] when the envelope is not attached.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let annotations = metadata::collect(args.annotations)?;
    let bytes = envelope_file::read(&args.signature)?;
    let Opened { store, target } = args.reference.open(&args.registry.client(output)?)?;
    let artifact = store.resolve(&target).await?;
    let pinned = args.reference.pinned(&artifact.digest);
    let envelope = MatchingEnvelope::check(bytes, artifact.clone())
        .map_err(|why| CliError::from(why).context(args.signature.display()))?;
    let attached = envelope.attach(&store, annotations, SignatureForm::default()).await?;
    let (outcome, words) = match attached {
        Attached::Now(_) => ("attached", "attached"),
        Attached::Before(_) => ("already-attached", "already attached"),
    };
    let digest = attached.manifest().digest.to_string();
    output.text(format!("{pinned} {}", paint(GOOD, words)))?;
    output.text(format!("  {} {digest}", paint(DIM, "signature")))?;
    output.json(&Report {
        schema_version: SCHEMA_VERSION,
        status: ExitStatus::Done.as_str(),
        reference: args.reference.to_string(),
        artifact: pinned,
        descriptor: artifact,
        outcome,
        signature: SignatureReport { digest },
    })?;
    Ok(ExitStatus::Done)
}
