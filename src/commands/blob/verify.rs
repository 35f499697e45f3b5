//! `notation-aws-signer blob verify`.

use std::path::{Path, PathBuf};

use notary::Digest;
use notary::text::printable;
use notation::verify::{Verdict, verify_blob};
use notation::{NotationFolder, read_blob_trust_policy};
use serde::Serialize;

use super::sign::{open, signature_of};
use crate::arguments::envelope_file;
use crate::arguments::signer::SignerArgs;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::report::ErrorReport;
use crate::output::{DIM, Output, SCHEMA_VERSION, paint};
use crate::verification::{
    Outcome, SignatureReport, VerificationArgs, note_skipped, show_advice, show_signature, unreadable_stores,
};

/// Verify the signature of a file.
///
/// Choose the signers to trust with --trusted-profile, or with a trust policy file for blobs: --policy, or by default notation's
/// own trustpolicy.blob.json. The policy's global statement applies, or the statement that --policy-name names. The file is
/// verified if the signature covers its content and passes every check: integrity, authenticity (a trusted signer), expiry,
/// authenticTimestamp (certificates valid at signing time) and revocation.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Verify an archive with its signature in app.tar.gz.jws.sig:
    notation-aws-signer blob verify app.tar.gz \\
      --trusted-profile arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline

  Apply the statement \"releases\" of notation's blob trust policy:
    notation-aws-signer blob verify app.tar.gz --signature app.sig \\
      --policy-name releases

  Require a media type and metadata that were signed with the archive:
    notation-aws-signer blob verify app.tar.gz --trusted-profile ARN \\
      --media-type application/gzip --user-metadata version=1.4

Exit codes: 0 verified, or skipped because the trust policy says so (a note reports it); 1 refused; 2 the command line, a file, \
  the trust policy or a permission is wrong; 3 no verdict because of the network, throttling or an unknown revocation \
  status: a retry may succeed.")]
pub(super) struct Args {
    /// The file to verify
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// The signature file [default: FILE.jws.sig]
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,

    /// Require that the file was signed with this media type
    #[arg(long, value_name = "TYPE")]
    media_type: Option<String>,

    /// Apply the policy statement with this name [default: the statement with globalPolicy]
    #[arg(long, value_name = "NAME", conflicts_with = "trusted_profiles")]
    policy_name: Option<String>,

    #[command(flatten)]
    verification: VerificationArgs,

    #[command(flatten)]
    signer: SignerArgs,
}

/// The result: docs/output/blob-verify.schema.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    schema_version: u32,
    status: &'static str,
    file: &'a Path,
    signature: &'a Path,
    blob: BlobReport<'a>,
    outcome: Outcome,
    /// The name of the trust policy.
    policy: &'a str,
    /// The result for the signature; absent if the policy skips verification.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<SignatureReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorReport>,
}

/// The content of the file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BlobReport<'a> {
    /// The signed media type, present once integrity has passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<&'a str>,
    digest: &'a Digest,
    size: u64,
}

impl<'a> BlobReport<'a> {
    fn of(verdict: &'a Verdict) -> Self {
        let signed = verdict.signatures().first().and_then(|signature| signature.signature.as_ref());
        let blob = verdict.artifact();
        Self {
            media_type: signed.map(|signed| signed.payload.target_artifact.media_type.as_str()),
            digest: &blob.digest,
            size: blob.size,
        }
    }
}

pub(super) async fn run(mut args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    let file = file(&mut args)?;
    let signature = match args.signature {
        Some(signature) => signature,
        None => existing_signature_of(&file)?,
    };
    let name = args.policy_name.as_deref();
    let policies = args.verification.policies(read_blob_trust_policy, NotationFolder::blob_trust_policy)?;
    let policy = policies.policy(|document| Ok(document.applicable(name)?))?;
    let options = args.verification.options(&args.signer)?;
    let content = open(&file)?;
    let envelope = envelope_file::read(&signature)?;
    let verdict = verify_blob(content, &envelope, args.media_type.as_deref(), &policy, &options).await;
    let verdict = verdict.map_err(|why| CliError::usage(format!("{}: {why}", file.display())))?;
    let error = unreadable_stores(&policy, &verdict);
    let status = error.as_ref().map_or_else(|| verdict.conclusion().into(), |why| why.status);
    let report = Report {
        schema_version: SCHEMA_VERSION,
        status: status.as_str(),
        file: &file,
        signature: &signature,
        blob: BlobReport::of(&verdict),
        outcome: outcome(&verdict, error.as_ref()),
        policy: policy.name(),
        verdict: verdict.signatures().first().map(SignatureReport::of),
        advice: verdict.advice(),
        error: error.map(ErrorReport::from),
    };
    show(&report, output)?;
    output.json(&report)?;
    Ok(status)
}

fn outcome(verdict: &Verdict, error: Option<&CliError>) -> Outcome {
    error.map_or_else(|| verdict.conclusion().into(), |why| why.status.into())
}

/// The file to verify. `--trusted-profile ARN FILE` makes clap take FILE for another ARN.
fn file(args: &mut Args) -> Result<PathBuf, CliError> {
    let strays = args.verification.take_strays()?.into_iter().map(PathBuf::from);
    let mut files = args.file.take().into_iter().chain(strays);
    match (files.next(), files.next()) {
        (Some(file), None) => Ok(file),
        (Some(_), Some(_)) => Err(CliError::usage("several files are given: verify them one at a time")),
        (None, _) => Err(CliError::usage("no file is given: name the file to verify")),
    }
}

/// The file's default signature file, if it exists.
fn existing_signature_of(file: &Path) -> Result<PathBuf, CliError> {
    let signature = signature_of(file);
    match signature.try_exists() {
        Ok(true) => Ok(signature),
        _ => Err(CliError::usage(format!(
            "{} does not exist: name the signature file with --signature",
            signature.display()
        ))),
    }
}

fn show(report: &Report<'_>, output: &Output) -> Result<(), CliError> {
    let file = report.file.display().to_string();
    if let Some(error) = &report.error {
        output.error(format!("{file}: {}", error.message));
    }
    output.text(format!("{file} {}", report.outcome.word()))?;
    if let Some(media_type) = report.blob.media_type {
        output.text(format!("  {} {}", paint(DIM, "signed as"), printable(media_type)))?;
    }
    if let Some(signature) = &report.verdict {
        show_signature(&report.signature.display().to_string(), signature, output)?;
    }
    if report.outcome == Outcome::Skipped {
        note_skipped(&file, report.policy, output);
    }
    report.advice.map_or(Ok(()), |advice| show_advice(advice, output))
}
