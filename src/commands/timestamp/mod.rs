//! `notation-aws-signer timestamp`: adds timestamps to existing signatures.

mod report;
mod signature;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use aws_signer::ClientPool;
use limits::Deadline;
use notary::{Digest, ReasonCode};
use notation::revocation::RevocationSources;
use time::OffsetDateTime;

use self::report::TimestampReport;
use self::signature::{Found, Stamping, find};
use crate::arguments::artifact_reference::{ArtifactReference, OpenedArtifact};
use crate::arguments::number::count;
use crate::arguments::registry::RegistryArgs;
use crate::arguments::signer::SignerArgs;
use crate::arguments::timestamping;
use crate::output::Output;
use crate::output::exit::{CliError, ExitStatus};

/// Add timestamps to the signatures of an artifact.
///
/// A timestamp is the statement of a timestamping authority (RFC 3161) that a signature existed at a time. With it, a
/// signature stays valid when its certificates have expired. The signature itself does not change: it is attached once
/// more, with the timestamp. The timestamp and the certificates of the authority are checked before. Signatures of AWS
/// Signer need none, because AWS Signer signs the time.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Add timestamps to all signatures of an image that have none:
    notation-aws-signer timestamp registry.example.com/app:v1 \\
      --timestamp-url http://tsa.example.com --timestamp-root tsa-root.pem

  Replace one signature by the same one with a timestamp:
    notation-aws-signer timestamp registry.example.com/app:v1 --replace \\
      --signature sha256:... \\
      --timestamp-url http://tsa.example.com --timestamp-root tsa-root.pem

Exit codes: 0 all signatures have timestamps or need none; 1 the artifact has no signature, or one is not valid; 2 the \
  command line, a file or a permission is wrong, or the artifact does not exist; 3 the registry or the authority could \
  not be reached or failed: a retry may succeed.")]
pub struct Args {
    /// The artifact: REGISTRY/REPOSITORY:TAG, REGISTRY/REPOSITORY@DIGEST, or oci:FOLDER[:NAME|@DIGEST] for an OCI image
    /// layout
    #[arg(value_name = "REF")]
    reference: ArtifactReference,

    /// The URL of the timestamping authority
    #[arg(long, value_name = "URL", value_parser = timestamping::url)]
    timestamp_url: String,

    /// The root certificate of the authority (PEM or DER)
    #[arg(long, value_name = "FILE", required = true)]
    timestamp_root: Vec<PathBuf>,

    /// The time limit for the timestamp of one signature, with the revocation check of the authority's certificates, in
    /// seconds from 0.1 to 600
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = timestamping::seconds)]
    timestamp_timeout: Duration,

    /// Only the signature whose manifest has this digest, as `list` prints it
    #[arg(long, value_name = "DIGEST")]
    signature: Option<Digest>,

    /// Delete each signature once the same one with a timestamp is attached
    #[arg(long)]
    replace: bool,

    /// Fail if the artifact has more signatures than this
    #[arg(long, value_name = "N", default_value = "100", value_parser = count)]
    max_signatures: NonZeroUsize,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// Runs the command.
///
/// # Errors
/// Returns [`CliError`] if an option is invalid, or the signatures cannot be listed. Failures of single signatures are
/// in the results.
pub async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let authority = timestamping::authority(&args.timestamp_url, &args.timestamp_root)?;
    let config = SignerArgs::default().config()?;
    let waiting = output.waiting(&format!("adding timestamps to the signatures of {}", args.reference));
    let OpenedArtifact { store, target } = args.reference.open(&args.registry.client(output)?)?;
    let artifact = store.resolve(&target).await?;
    let found = find(&store, &artifact, &authority, args.max_signatures.get(), args.signature.as_ref()).await?;
    if found.is_empty() {
        let name = &args.reference;
        return Err(match &args.signature {
            Some(digest) => {
                CliError::new(ReasonCode::NotFound, format!("{name} has no signature with the digest {digest}"))
                    .with_advice(format!("`notation-aws-signer list {name}` lists the signatures."))
            }
            None => CliError::new(ReasonCode::Unsigned, format!("{name} has no signature")),
        });
    }
    let stamping = Stamping {
        store,
        artifact,
        authority,
        revocation: Box::new(RevocationSources::new(ClientPool::new(config))),
        replace: args.replace,
        most: args.max_signatures.get(),
        is_selected: args.signature.is_some(),
    };
    let mut signatures = Vec::with_capacity(found.len());
    for signature in found {
        let Found { descriptor, content } = signature;
        let now = OffsetDateTime::now_utc();
        signatures.push(stamping.stamp(&descriptor, content, now, Deadline::new(args.timestamp_timeout)).await);
    }
    drop(waiting);
    let report = TimestampReport::new(args.reference.named(Some(&stamping.artifact)), signatures);
    report.show(output)?;
    output.json(&report)?;
    Ok(report.exit())
}
