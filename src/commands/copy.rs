//! `notation-aws-signer copy`: an artifact with all its signatures.

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
/// No digest changes, so that the signatures stay what they are. An index is copied with all its manifests and their signatures. The tag
/// is written last: until then nobody who goes by it sees half of the copy. Nothing is verified on the way.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  From one registry to another, under the same tag:
    notation-aws-signer copy build.example.com/app:v1 \\
      registry.example.com/app:v1

  Into a folder, for a place without a network, and from there to a registry:
    notation-aws-signer copy registry.example.com/app:v1 oci:./app
    notation-aws-signer copy oci:./app:v1 registry.internal/app:v1

Exit codes: 0 copied; 1 something is not what its digest says; 2 the command line, the configuration or a permission is \
  not right, or there is no such artifact; 3 a registry could not be reached or is in trouble.")]
pub struct Args {
    /// What to copy: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST or oci:FOLDER[:TAG|@DIGEST]
    #[arg(value_name = "SOURCE")]
    source: Place,

    /// Where to: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST, or oci:FOLDER[:TAG], which is made if it is not there. A layout
    /// without a tag takes that of the source
    #[arg(value_name = "TARGET")]
    target: Place,

    /// How many blobs to copy at once
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,

    /// The most signatures that a manifest may have
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_signatures: u32,

    /// How to speak with registries. A user name and a password are those for TARGET
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`] when the artifact was not copied whole.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let client = args.registry.client(output)?;
    let registry = |place: &Place| place.repository().map(|name| name.registry().to_owned());
    let target = registry(&args.target);
    let is_other = target.is_some() && target != registry(&args.source);
    let source = args.source.open(&args.registry.client_of_source(is_other))?;
    let (store, tag) = destination(&args, &client)?;
    let mut options = CopyOptions::default();
    (options.parallel, options.most_signatures) = (args.jobs.into(), args.max_signatures as usize);
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

/// Where to copy to, and the tag that the artifact gets there.
fn destination(args: &Args, client: &RegistryClient) -> Result<(Store, Option<Tag>), CliError> {
    let own_tag = |target: &Target| match target {
        Target::Tag(tag) => Some(tag.clone()),
        Target::Digest(_) => None,
    };
    // By a digest nothing else than that artifact can be written.
    if let Some(Target::Digest(wanted)) = args.target.target()
        && args.source.target() != Some(&Target::Digest(wanted.clone()))
    {
        let source = args.source.to_string();
        return Err(CliError::usage(format!(
            "TARGET names a digest, {wanted}, which SOURCE, {source}, does not name: give a tag"
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

/// How many blobs came how.
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

    /// Writes it for people.
    fn show(&self, output: &Output) -> Result<(), CliError> {
        let line =
            |name: &str, value: &dyn Display| output.text(format!("  {} {value}", paint(DIM, format!("{name:10}"))));
        output.text(format!("{} {}", self.target, paint(GOOD, "copied")))?;
        line("from", &self.source)?;
        line("manifests", &self.manifests)?;
        let Blobs { copied, mounted, were_there } = self.blobs;
        line("blobs", &format!("{copied} copied, {mounted} mounted, {were_there} were there"))?;
        line("signatures", &self.signatures.len())?;
        for layer in &self.left_out {
            output.note(format!(
                "{} layer {}: registries need not have it, and it was left out",
                paint(WARN, "note:"),
                layer.digest
            ));
        }
        for Unreadable { digest, reason } in &self.unreadable {
            output.note(format!(
                "{} {digest} is listed as a signature and was not copied: {reason}",
                paint(WARN, "warning:")
            ));
        }
        Ok(())
    }
}
