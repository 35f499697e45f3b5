//! `notation-aws-signer list`: lists the signatures of an artifact.

use std::num::NonZeroUsize;

use notary::Descriptor;
use notary::manifest::SIGNATURE_MEDIA_TYPE;
use notary::text::printable;
use registry::StoredSignature;
use serde::Serialize;

use crate::arguments::artifact_reference::{Opened, Place};
use crate::arguments::number::count;
use crate::arguments::registry::RegistryArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::tree::Tree;
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

Exit codes: 0 listed, also if there are no signatures; 1 a manifest that is listed as a signature is invalid; 2 the \
  command line or a permission is wrong, or the artifact does not exist; 3 the registry could not be reached.")]
pub struct Args {
    /// The artifact: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST, or oci:FOLDER[:TAG|@DIGEST] for an OCI image layout
    #[arg(value_name = "REF")]
    reference: Place,

    /// Fail if the artifact has more signatures than this
    #[arg(long, value_name = "N", default_value = "100", value_parser = count)]
    max_signatures: NonZeroUsize,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// The results: docs/output/list.schema.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    status: &'static str,
    reference: String,
    artifact: String,
    descriptor: Descriptor,
    signatures: Vec<SignatureReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SignatureReport {
    digest: String,
    media_type: String,
    size: u64,
    /// The digest of the envelope.
    #[serde(skip_serializing_if = "Option::is_none")]
    envelope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip)]
    status: ExitStatus,
}

/// Runs the command.
///
/// # Errors
/// Returns [`CliError`] if the artifact cannot be resolved, or its signatures cannot be listed.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let Opened { store, target } = args.reference.open(&args.registry.client(output)?)?;
    let artifact = store.resolve(&target).await?;
    let most = args.max_signatures.get();
    let mut listed = store.list_signatures(&artifact, most).await.map_err(CliError::of_list)?;
    let mut signatures = Vec::with_capacity(listed.left());
    while let Some(signature) = listed.next().await {
        signatures.push(SignatureReport::of(signature));
    }
    let status = signatures.iter().map(|signature| signature.status).max().unwrap_or(ExitStatus::Done);
    let report = Report {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        reference: args.reference.to_string(),
        artifact: args.reference.pinned(&artifact.digest),
        descriptor: artifact,
        signatures,
    };
    output.text(report.text())?;
    output.json(&report)?;
    Ok(status)
}

impl SignatureReport {
    fn of(StoredSignature { descriptor, manifest }: StoredSignature) -> Self {
        let envelope = manifest.map_err(CliError::from).and_then(|manifest| {
            manifest.envelope().map(|envelope| envelope.digest.to_string()).map_err(CliError::refused)
        });
        let (envelope, error) = match envelope {
            Ok(envelope) => (Some(envelope), None),
            Err(why) => (None, Some(why)),
        };
        Self {
            digest: descriptor.digest.to_string(),
            media_type: descriptor.media_type,
            size: descriptor.size,
            envelope,
            status: error.as_ref().map_or(ExitStatus::Done, |why| why.status),
            error: error.map(|why| printable(&why.message)),
        }
    }
}

impl Report {
    fn text(&self) -> String {
        if self.signatures.is_empty() {
            return format!("{} has no associated signature", printable(&self.artifact));
        }
        let mut root = Tree::new(&self.artifact);
        let list = root.add(Tree::new(SIGNATURE_MEDIA_TYPE));
        for SignatureReport { digest, error, .. } in &self.signatures {
            list.add(match error {
                None => Tree::new(digest),
                Some(why) => Tree::styled(format!("{digest} {}", paint(BAD, format!("unreadable: {why}")))),
            });
        }
        root.to_string()
    }
}
