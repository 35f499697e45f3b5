//! `notation-aws-signer attach`: attaches an existing envelope to its artifact.

use std::path::PathBuf;

use aws_signer::SignerAttributes;
use notary::ReasonCode;
use notary::envelope::Payload;
use notary::manifest::SignatureForm;
use notation::attach::{Attached, MatchingEnvelope};
use serde::Serialize;

use super::sign::show_new_signature;
use crate::arguments::artifact_reference::{ArtifactReference, OpenedArtifact};
use crate::arguments::metadata::Pair;
use crate::arguments::registry::RegistryArgs;
use crate::arguments::{envelope_file, metadata};
use crate::output::exit::{CliError, ExitStatus};
use crate::output::vocabulary::{NamedArtifact, SignatureReport, SignedContent};
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint};

/// Attach an existing signature to its artifact.
///
/// The signature is a file that `sign --detach` wrote: a signature envelope, which holds the signature, the signer's
/// certificates and the artifact's digest. Before attaching it, this command checks that the envelope is intact, that
/// its certificates may sign, and that it covers this artifact. It does not check whether the signer is trusted: use
/// `verify`. A signature that is already attached is not attached again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Sign in one step of a pipeline, and attach in a later step with push access:
    notation-aws-signer sign registry.example.com/app@sha256:... \\
      --profile ARN --detach app.sig
    notation-aws-signer attach registry.example.com/app@sha256:... \\
      --signature app.sig

  Add an annotation to the signature's manifest:
    notation-aws-signer attach oci:./image:v1 --signature app.sig \\
      --annotation pipeline=7

Exit codes: 0 attached now or earlier; 1 not a valid signature of this artifact; 2 the command line, the file or a \
  permission is wrong, or the artifact does not exist; 3 the registry could not be reached.")]
pub struct Args {
    /// The artifact: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST, or oci:FOLDER[:NAME|@DIGEST] for an OCI image
    /// layout
    #[arg(value_name = "REF")]
    reference: ArtifactReference,

    /// The file with the signature envelope, in the JWS or the COSE format
    #[arg(long, value_name = "FILE")]
    signature: PathBuf,

    /// Add this annotation to the signature's manifest. Annotations are not signed. Repeat for several
    #[arg(long = "annotation", value_name = "KEY=VALUE", value_parser = metadata::pair)]
    annotations: Vec<Pair>,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// The results: docs/output/attach.schema.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AttachReport {
    schema_version: u32,
    status: &'static str,
    #[serde(flatten)]
    artifact: NamedArtifact,
    outcome: AttachOutcome,
    signature: SignatureReport,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
enum AttachOutcome {
    Attached,
    AlreadyAttached,
}

/// Runs the command.
///
/// # Errors
/// Returns [`CliError`] if the envelope is not a valid signature of the artifact, or cannot be read or pushed.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let annotations = metadata::collect(args.annotations)?;
    let bytes = envelope_file::read(&args.signature)?;
    let waiting = output.waiting(&format!("attaching a signature to {}", args.reference));
    let OpenedArtifact { store, target } = args.reference.open(&args.registry.client(output)?)?;
    let artifact = store.resolve(&target).await?;
    let envelope = MatchingEnvelope::check(bytes, artifact.clone())
        .map_err(|why| CliError::from(why).context(args.signature.display()))?;
    let attached = envelope.attach(&store, annotations, SignatureForm::default()).await?;
    drop(waiting);
    let (outcome, words) = match attached {
        Attached::Now(_) => (AttachOutcome::Attached, "attached"),
        Attached::Before(_) => (AttachOutcome::AlreadyAttached, "already attached"),
    };
    let artifact = args.reference.named(Some(&artifact));
    let signature = SignatureReport::from_manifest(attached.manifest()).with_content(content(&envelope)?);
    output.text(format!("{} {}", artifact.artifact, paint(GOOD, words)))?;
    if output.is_verbose() {
        show_new_signature(&signature, output)?;
    }
    let status = ExitStatus::DONE;
    output.json(&AttachReport {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        artifact,
        outcome,
        signature,
    })?;
    Ok(status)
}

/// What the envelope says.
fn content(envelope: &MatchingEnvelope) -> Result<SignedContent, CliError> {
    let verified = envelope.verified();
    let payload = Payload::parse(verified.payload()).map_err(|why| CliError::new(ReasonCode::Integrity, why))?;
    let signer = SignerAttributes::from_signed(verified.attributes()).ok();
    let certificates = verified.chain().certificates();
    let metadata = payload.target_artifact.annotations;
    let attributes = verified.attributes();
    Ok(SignedContent::new(verified.format(), attributes, certificates, metadata, signer.as_ref()))
}
