//! `notation-aws-signer copy`: copies an artifact with all its signatures.

use std::fmt::Display;
use std::time::Duration;

use notary::links::UnknownEntry;
use notary::reference::EntryName;
use notary::text::printable;
use notary::{Descriptor, Digest, ReasonCode};
use notation::copy::{Copied, CopyError, CopyEvent, CopyOptions, Progress, copy_resolved};
use registry::{Layout, RegistryClient, Store, StoreError, Transferred};
use serde::Serialize;

use crate::arguments::artifact_reference::{ArtifactReference, OpenedArtifact};
use crate::arguments::number::seconds;
use crate::arguments::registry::RegistryArgs;
use crate::arguments::size::size;
use crate::output::artifacts::unknown;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::failure::FailureReport;
use crate::output::progress::Progress as Shown;
use crate::output::vocabulary::{NamedArtifact, SignatureReport};
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint, show_fact};
use crate::signals::interrupted;

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
    /// What to copy: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST, or oci:FOLDER[:NAME|@DIGEST] for an OCI image
    /// layout
    #[arg(value_name = "SOURCE")]
    source: ArtifactReference,

    /// Where to copy it: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST, or oci:FOLDER[:NAME]. The folder is
    /// created if it does not exist; without a name the artifact keeps that of the source
    #[arg(value_name = "TARGET")]
    target: ArtifactReference,

    /// The number of blobs to copy in parallel
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,

    /// Fail if a manifest has more signatures than this
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_signatures: u32,

    /// Fail if the artifact and its signatures have more bytes than this: a number with KB, MB, GB or TB (powers of
    /// 1000), or KiB, MiB, GiB or TiB (powers of 1024)
    #[arg(long, value_name = "SIZE", default_value = "256GiB", value_parser = size)]
    max_size: u64,

    /// Fail if the copy takes longer than this, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "43200", value_parser = seconds)]
    max_time: u64,

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
    let (store, name) = destination(&args, &client)?;
    let mut options = CopyOptions::default();
    options.parallel = args.jobs.into();
    options.most_signatures = args.max_signatures as usize;
    options.most_bytes = args.max_size;
    options.time = Duration::from_secs(args.max_time);
    let shown = output.bytes(&format!("copying {}", args.source));
    let copied = tokio::select! {
        copied = copy(&source, &store, name.as_ref(), &options, &shown) => copied,
        // Dropping the copy removes its temporary files, at the latest when the runtime ends.
        ended = interrupted() => {
            let ended = ended.map_err(|why| CliError::new(ReasonCode::Internal, why))?;
            drop(shown);
            output.warning("interrupted; what was copied so far has no tag");
            return Ok(ended);
        }
    };
    drop(shown);
    let report = CopyReport::new(&args, copied?);
    report.show(output)?;
    output.json(&report)?;
    Ok(ExitStatus::DONE)
}

async fn copy(
    source: &OpenedArtifact,
    store: &Store,
    name: Option<&EntryName>,
    options: &CopyOptions,
    shown: &Shown,
) -> Result<Copied, CliError> {
    let count = shown.counter();
    let progress: Progress = std::sync::Arc::new(move |event| {
        if let CopyEvent::Bytes(bytes) = event {
            count(bytes);
        }
    });
    let artifact = source.store.resolve(&source.target).await?;
    let tag = name.and_then(EntryName::to_tag);
    let copied = copy_resolved(&source.store, artifact, store, tag.as_ref(), options, Some(progress)).await;
    let copied = copied.map_err(|why| match why {
        CopyError::Store(why) => why.into(),
        CopyError::Deadline(_) => CliError::new(why.code(), why).with_advice("Try again, or raise --max-time."),
        CopyError::SignatureOfOther { .. } => {
            CliError::new(why.code(), why).with_advice("Copy the signed artifact: its signatures are copied with it.")
        }
        why => {
            let advice = why.advice();
            CliError::new(why.code(), why).with_library_advice(advice)
        }
    })?;
    // A name that is no tag, which only layouts have.
    if let (Store::Layout(layout), Some(name), None) = (store, name, &tag) {
        layout.put_name(&copied.artifact, name).await?;
    }
    Ok(copied)
}

/// The store to copy to, and the tag or name to write there.
fn destination(args: &Args, client: &RegistryClient) -> Result<(Store, Option<EntryName>), CliError> {
    // A digest as the target can only name the source artifact itself.
    if let Some(wanted) = args.target.digest()
        && args.source.digest() != Some(wanted)
    {
        let source = args.source.to_string();
        let why = format!("TARGET has the digest {wanted}, which is not the digest in SOURCE {source}");
        return Err(CliError::configuration(why).with_advice("Give a tag for TARGET."));
    }
    match &args.target {
        ArtifactReference::Registry(reference) => {
            Ok((Store::Remote(client.repository(reference.repository())?), args.target.entry_name()))
        }
        ArtifactReference::Layout { path, entry } => {
            let of = if entry.is_some() { &args.target } else { &args.source };
            Ok((Store::Layout(Layout::create_waiting(path, client.timeout())?), of.entry_name()))
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
    referrers_of_others: Vec<LeftOutReport>,
    unreadable_entries: Vec<UnreadableReport>,
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

/// A manifest of an index that refers to an artifact outside of the copy.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LeftOutReport {
    manifest: Descriptor,
    subject: Digest,
}

/// An entry of an index that cannot be read.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UnreadableReport {
    media_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    message: String,
    #[serde(skip)]
    line: String,
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
        let unreadable = |entry: UnknownEntry| UnreadableReport {
            line: unknown(&entry),
            message: entry.why.to_string(),
            media_type: entry.media_type,
            digest: entry.digest,
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
            referrers_of_others: copied
                .referrers_of_others
                .into_iter()
                .map(|(manifest, subject)| LeftOutReport { manifest, subject })
                .collect(),
            unreadable_entries: copied.unknown.into_iter().map(unreadable).collect(),
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
        for LeftOutReport { manifest, subject } in &self.referrers_of_others {
            output.warning(format!(
                "{} was not copied: the index lists it, but it refers to {subject}, which is not part of the index",
                manifest.digest
            ));
        }
        for UnreadableReport { line, .. } in &self.unreadable_entries {
            output.warning(format!("not copied: {line}"));
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
