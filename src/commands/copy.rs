//! `notation-aws-signer copy`: copies an artifact with all its signatures.

use std::fmt::Display;

use notary::reference::{Tag, Target};
use notary::text::printable;
use notary::{Descriptor, ReasonCode};
use notation::copy::{Copied, CopyError, CopyEvent, CopyOptions, Progress, copy_artifact};
use registry::{Layout, RegistryClient, Store, StoreError, Transferred};
use serde::Serialize;

use crate::arguments::artifact_reference::{ArtifactReference, OpenedArtifact};
use crate::arguments::registry::RegistryArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::failure::FailureReport;
use crate::output::progress::Progress as Shown;
use crate::output::vocabulary::{NamedArtifact, SignatureReport};
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint, show_fact};

/// Copy an artifact with all its signatures, between registries and OCI image layouts.
///
/// Digests do not change, so the signatures stay valid. A multi-platform image (index) is copied with all its manifests
/// and their signatures. The tag is written last, so a tag never points to an incomplete copy. The signatures are not
/// verified. --username and its password are used for TARGET only.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Copy from one registry to another, with the same tag:
    notation-aws-signer copy build.example.com/app:v1 \\
      registry.example.com/app:v1

  Copy to a folder, carry it to a place without network, and copy from there:
    notation-aws-signer copy registry.example.com/app:v1 oci:./app
    notation-aws-signer copy oci:./app:v1 registry.internal/app:v1

Exit codes: 0 copied; 2 the command line, the configuration or a permission is wrong, a limit is exceeded, or the artifact \
  does not exist; 3 a registry could not be reached, failed, or returned content that does not match its digest: a retry may \
  succeed.")]
pub struct Args {
    /// What to copy: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST, or oci:FOLDER[:TAG|@DIGEST] for an OCI image
    /// layout
    #[arg(value_name = "SOURCE")]
    source: ArtifactReference,

    /// Where to copy it: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST, or oci:FOLDER[:TAG]. The folder is
    /// created if it does not exist; without a tag it takes the source's
    #[arg(value_name = "TARGET")]
    target: ArtifactReference,

    /// The number of blobs to copy in parallel
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,

    /// Fail if a manifest has more signatures than this
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_signatures: u32,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// Runs the command.
///
/// # Errors
/// Returns [`CliError`] if the artifact was not copied completely.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let client = args.registry.client(output)?;
    let registry = |reference: &ArtifactReference| reference.repository().map(|name| name.registry().to_owned());
    let target = registry(&args.target);
    let is_other = target.is_some() && target != registry(&args.source);
    let source = args.source.open(&args.registry.client_of_source(is_other, output))?;
    let (store, tag) = destination(&args, &client)?;
    let mut options = CopyOptions::default();
    options.parallel = args.jobs.into();
    options.most_signatures = args.max_signatures as usize;
    let shown = output.bytes(&format!("copying {}", args.source));
    let copied = copy(&source, &store, tag.as_ref(), &options, &shown).await;
    drop(shown);
    let report = CopyReport::new(&args, copied?);
    report.show(output)?;
    output.json(&report)?;
    Ok(ExitStatus::DONE)
}

async fn copy(
    source: &OpenedArtifact,
    store: &Store,
    tag: Option<&Tag>,
    options: &CopyOptions,
    shown: &Shown,
) -> Result<Copied, CliError> {
    let count = shown.counter();
    let progress: Progress = std::sync::Arc::new(move |event| {
        if let CopyEvent::Bytes(bytes) = event {
            count(bytes);
        }
    });
    copy_artifact(&source.store, &source.target, store, tag, options, Some(progress)).await.map_err(|why| match why {
        CopyError::Store(why) => why.into(),
        other @ CopyError::Interrupted(_) => CliError::new(ReasonCode::Internal, other),
    })
}

/// The store to copy to, and the tag to write there.
fn destination(args: &Args, client: &RegistryClient) -> Result<(Store, Option<Tag>), CliError> {
    let own_tag = |target: &Target| match target {
        Target::Tag(tag) => Some(tag.clone()),
        Target::Digest(_) => None,
    };
    // A digest as the target can only name the source artifact itself.
    if let Some(Target::Digest(wanted)) = args.target.target()
        && args.source.target() != Some(&Target::Digest(wanted.clone()))
    {
        let source = args.source.to_string();
        let why = format!("TARGET has the digest {wanted}, which is not the digest in SOURCE {source}");
        return Err(CliError::configuration(why).with_advice("Give a tag for TARGET."));
    }
    match &args.target {
        ArtifactReference::Registry(reference) => {
            Ok((Store::Remote(client.repository(reference.repository())?), own_tag(reference.target())))
        }
        ArtifactReference::Layout { path, target } => {
            let tag = match target {
                Some(target) => own_tag(target),
                None => args.source.target().and_then(own_tag),
            };
            Ok((Store::Layout(Layout::create(path)?), tag))
        }
    }
}

/// The result: docs/output/copy.schema.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CopyReport {
    schema_version: u32,
    status: &'static str,
    /// The copy.
    #[serde(flatten)]
    target: NamedArtifact,
    outcome: &'static str,
    source: SourceReport,
    manifests: usize,
    signatures: Vec<SignatureReport>,
    blobs: BlobCounts,
    foreign_layers: Vec<Descriptor>,
    skipped: Vec<SkippedSignatureReport>,
}

/// The artifact that was copied.
#[derive(Debug, Serialize)]
struct SourceReport {
    reference: String,
    artifact: String,
}

/// How many blobs were transferred in which way.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct BlobCounts {
    copied: usize,
    mounted: usize,
    already_present: usize,
}

/// A listed signature that was not copied.
#[derive(Debug, Serialize)]
struct SkippedSignatureReport {
    signature: SignatureReport,
    error: FailureReport,
}

impl CopyReport {
    fn new(args: &Args, copied: Copied) -> Self {
        let mut blobs = BlobCounts::default();
        for (_, how) in &copied.blobs {
            *match how {
                Transferred::Copied => &mut blobs.copied,
                Transferred::Mounted => &mut blobs.mounted,
                Transferred::WasThere => &mut blobs.already_present,
            } += 1;
        }
        let skipped = |(stored, why): (Descriptor, StoreError)| SkippedSignatureReport {
            signature: SignatureReport::from_manifest(&stored),
            error: CliError::from(why).into(),
        };
        Self {
            schema_version: SCHEMA_VERSION,
            status: ExitStatus::DONE.as_str(),
            target: args.target.named(Some(&copied.artifact)),
            outcome: "copied",
            source: SourceReport {
                reference: args.source.to_string(),
                artifact: args.source.pinned(&copied.artifact.digest),
            },
            manifests: copied.manifests.len(),
            signatures: copied.signatures.iter().map(SignatureReport::from_manifest).collect(),
            blobs,
            foreign_layers: copied.left_out,
            skipped: copied.unreadable.into_iter().map(skipped).collect(),
        }
    }

    /// Writes the report as text.
    fn show(&self, output: &Output) -> Result<(), CliError> {
        let signatures = match self.signatures.len() {
            1 => "1 signature".to_owned(),
            number => format!("{number} signatures"),
        };
        let name = printable(&self.target.artifact);
        output.text(format!("{name} {} with {signatures}", paint(GOOD, self.outcome)))?;
        if output.is_verbose() {
            let line = |name: &str, value: &dyn Display| show_fact(name, 9, value, output);
            line("from", &printable(&self.source.reference))?;
            line("manifests", &self.manifests)?;
            let BlobCounts { copied, mounted, already_present } = self.blobs;
            line("blobs", &format!("{copied} copied, {mounted} mounted, {already_present} already present"))?;
            self.signatures.iter().try_for_each(|signature| line("signature", &signature.digest))?;
        }
        for layer in &self.foreign_layers {
            output.note(format!(
                "note: foreign layer {} was not copied: clients download it from the URLs in the manifest",
                layer.digest
            ));
        }
        for SkippedSignatureReport { signature, error } in &self.skipped {
            output.warning(format!(
                "{} is listed as a signature, but was not copied: {}",
                signature.digest, error.message
            ));
        }
        Ok(())
    }
}
