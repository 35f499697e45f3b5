//! `notation-aws-signer list`: lists the signatures of an artifact.

use std::num::NonZeroUsize;

use notary::ReasonCode;
use notary::manifest::SIGNATURE_MEDIA_TYPE;
use notary::text::printable;
use registry::StoredSignature;
use serde::Serialize;

use crate::arguments::artifact_reference::{ArtifactReference, OpenedArtifact};
use crate::arguments::number::count;
use crate::arguments::registry::RegistryArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::failure::FailureReport;
use crate::output::tree::Tree;
use crate::output::vocabulary::{NamedArtifact, SignatureReport};
use crate::output::{BAD, Output, SCHEMA_VERSION, paint};

/// List the signatures of an artifact.
///
/// Shows their digests only. Use `inspect` to show what is in the signatures, and `verify` to check them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  List the signatures of an image in a registry:
    notation-aws-signer list registry.example.com/app:v1

  Print the digests only, for an image in an OCI image layout:
    notation-aws-signer list oci:./image:v1 --output json \\
      | jq -r '.signatures[].digest'

Exit codes: 0 listed, also if there are no signatures; 2 the command line or a permission is wrong, or the artifact does \
  not exist; 3 the registry could not be reached, or lists something invalid as a signature.")]
pub struct Args {
    /// The artifact: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST, or oci:FOLDER[:NAME|@DIGEST] for an OCI image
    /// layout
    #[arg(value_name = "REF")]
    reference: ArtifactReference,

    /// Fail if the artifact has more signatures than this
    #[arg(long, value_name = "N", default_value = "100", value_parser = count)]
    max_signatures: NonZeroUsize,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// The results: docs/output/list.schema.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ListReport {
    schema_version: u32,
    status: &'static str,
    #[serde(flatten)]
    artifact: NamedArtifact,
    signatures: Vec<ListedSignature>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ListedSignature {
    #[serde(flatten)]
    signature: SignatureReport,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    envelope_digest: Option<String>,
    /// Why the manifest cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureReport>,
}

/// Runs the command.
///
/// # Errors
/// Returns [`CliError`] if the artifact cannot be resolved, or its signatures cannot be listed.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let OpenedArtifact { store, target } = args.reference.open(&args.registry.client(output)?)?;
    let artifact = store.resolve(&target).await?;
    let mut listed = store.list_signatures(&artifact, args.max_signatures.get()).await?;
    let mut signatures = Vec::with_capacity(listed.left());
    while let Some(signature) = listed.next().await {
        signatures.push(ListedSignature::new(signature));
    }
    let errors = signatures.iter().filter_map(|signature| signature.error.as_ref());
    let status = ExitStatus::worst(errors.map(FailureReport::status));
    let report = ListReport {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        artifact: args.reference.named(Some(&artifact)),
        signatures,
    };
    output.text(report.text())?;
    output.json(&report)?;
    Ok(status)
}

impl ListedSignature {
    fn new(StoredSignature { descriptor, manifest }: StoredSignature) -> Self {
        let mut signature = SignatureReport::from_manifest(&descriptor);
        let envelope = manifest.map_err(CliError::from).and_then(|manifest| {
            let envelope = manifest.envelope().cloned();
            envelope.map_err(|why| CliError::new(ReasonCode::Protocol, why))
        });
        let (envelope_digest, error) = match envelope {
            Ok(envelope) => {
                signature.envelope_media_type = Some(envelope.media_type);
                (Some(envelope.digest.to_string()), None)
            }
            Err(why) => (None, Some(why.into())),
        };
        Self { signature, size: descriptor.size, envelope_digest, error }
    }
}

impl ListReport {
    fn text(&self) -> String {
        if self.signatures.is_empty() {
            return format!("{} has no associated signature", printable(&self.artifact.artifact));
        }
        let mut root = Tree::new(&self.artifact.artifact);
        let list = root.add(Tree::new(SIGNATURE_MEDIA_TYPE));
        for ListedSignature { signature, error, .. } in &self.signatures {
            list.add(match error {
                None => Tree::new(&signature.digest),
                Some(why) => {
                    let why = paint(BAD, format!("unreadable: {}", printable(&why.message)));
                    Tree::styled(format!("{} {why}", signature.digest))
                }
            });
        }
        root.to_string()
    }
}
