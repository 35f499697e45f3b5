//! `notation-aws-signer copy`: copies an artifact with all its signatures.

use std::fmt::Display;

use indicatif::ProgressBar;
use notary::Descriptor;
use notary::reference::{Tag, Target};
use notary::text::printable;
use notation::copy::{Copied, CopyError, CopyEvent, CopyOptions, Progress, copy_artifact};
use registry::{Layout, RegistryClient, Store, Transferred};
use serde::Serialize;

use crate::arguments::artifact_reference::{Opened, Place};
use crate::arguments::registry::RegistryArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{DIM, GOOD, Output, SCHEMA_VERSION, WARN, paint};

/// Copy an artifact with all its signatures, between registries and OCI image layouts.
///
/// Digests do not change, so the signatures stay valid. A multi-platform image (index) is copied with all its manifests and their
/// signatures. The tag is written last, so a tag never points to an incomplete copy. The signatures are not verified. --username and
/// its password are used for TARGET only.
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
    /// What to copy: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST, or oci:FOLDER[:TAG|@DIGEST] for an OCI image layout
    #[arg(value_name = "SOURCE")]
    source: Place,

    /// Where to copy it: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST, or oci:FOLDER[:TAG]. The folder is created if it does
    /// not exist; without a tag it takes the source's
    #[arg(value_name = "TARGET")]
    target: Place,

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
    let registry = |place: &Place| place.repository().map(|name| name.registry().to_owned());
    let target = registry(&args.target);
    let is_other = target.is_some() && target != registry(&args.source);
    let source = args.source.open(&args.registry.client_of_source(is_other))?;
    let (store, tag) = destination(&args, &client)?;
    let mut options = CopyOptions::default();
    options.parallel = args.jobs.into();
    options.most_signatures = args.max_signatures as usize;
    let bar = output.bytes("copying");
    let copied = copy(&source, &store, tag.as_ref(), &options, &bar).await;
    bar.finish_and_clear();
    let report = Report::new(&args, &copied?);
    report.show(output)?;
    output.json(&report)?;
    Ok(ExitStatus::Done)
}

async fn copy(
    source: &Opened,
    store: &Store,
    tag: Option<&Tag>,
    options: &CopyOptions,
    bar: &ProgressBar,
) -> Result<Copied, CliError> {
    let shown = bar.clone();
    let progress: Progress = std::sync::Arc::new(move |event| {
        if let CopyEvent::Bytes(bytes) = event {
            shown.inc(bytes);
        }
    });
    copy_artifact(&source.store, &source.target, store, tag, options, Some(progress)).await.map_err(|why| match why {
        CopyError::Store(why) => why.into(),
        other => CliError::undetermined(other),
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
        return Err(CliError::usage(format!(
            "TARGET has the digest {wanted}, which is not the digest in SOURCE {source}: give a tag for TARGET"
        )));
    }
    match &args.target {
        Place::Registry(reference) => {
            Ok((Store::Remote(client.repository(reference.repository())?), own_tag(reference.target())))
        }
        Place::Layout { path, target } => {
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
struct Report {
    schema_version: u32,
    status: &'static str,
    source: String,
    target: String,
    artifact: Descriptor,
    manifests: usize,
    signatures: Vec<Descriptor>,
    blobs: Blobs,
    left_out: Vec<Descriptor>,
    unreadable: Vec<Unreadable>,
}

/// How many blobs were transferred in which way.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Blobs {
    copied: usize,
    mounted: usize,
    were_there: usize,
}

#[derive(Debug, Serialize)]
struct Unreadable {
    digest: String,
    reason: String,
}

impl Report {
    fn new(args: &Args, copied: &Copied) -> Self {
        let mut blobs = Blobs::default();
        for (_, how) in &copied.blobs {
            *match how {
                Transferred::Copied => &mut blobs.copied,
                Transferred::Mounted => &mut blobs.mounted,
                Transferred::WasThere => &mut blobs.were_there,
            } += 1;
        }
        let unreadable = |(stored, why): &(Descriptor, _)| Unreadable {
            digest: stored.digest.to_string(),
            reason: printable(&ToString::to_string(why as &registry::StoreError)),
        };
        Self {
            schema_version: SCHEMA_VERSION,
            status: ExitStatus::Done.as_str(),
            source: args.source.to_string(),
            target: args.target.pinned(&copied.artifact.digest),
            artifact: copied.artifact.clone(),
            manifests: copied.manifests.len(),
            signatures: copied.signatures.clone(),
            blobs,
            left_out: copied.left_out.clone(),
            unreadable: copied.unreadable.iter().map(unreadable).collect(),
        }
    }

    /// Writes the report as text.
    fn show(&self, output: &Output) -> Result<(), CliError> {
        let line =
            |name: &str, value: &dyn Display| output.text(format!("  {} {value}", paint(DIM, format!("{name:10}"))));
        output.text(format!("{} {}", self.target, paint(GOOD, "copied")))?;
        line("from", &self.source)?;
        line("manifests", &self.manifests)?;
        let Blobs { copied, mounted, were_there } = self.blobs;
        line("blobs", &format!("{copied} copied, {mounted} mounted, {were_there} already present"))?;
        line("signatures", &self.signatures.len())?;
        for layer in &self.left_out {
            output.note(format!(
                "{} foreign layer {} was not copied: clients download it from the URLs in the manifest",
                paint(WARN, "note:"),
                layer.digest
            ));
        }
        for Unreadable { digest, reason } in &self.unreadable {
            output.note(format!(
                "{} {digest} is listed as a signature, but was not copied: {reason}",
                paint(WARN, "warning:")
            ));
        }
        Ok(())
    }
}
