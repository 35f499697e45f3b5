//! `notation-aws-signer blob verify`.

use std::path::{Path, PathBuf};

use notary::envelope::EnvelopeFormat;
use notary::text::printable;
use notation::blob::DetachedEnvelope;
use notation::verify::{Demands, Verdict, VerificationPolicy};
use notation::{NotationFolder, read_blob_trust_policy};
use serde::Serialize;
use time::OffsetDateTime;

use super::sign::signature_of;
use crate::arguments::signer::SignerArgs;
use crate::arguments::{envelope_file, input_file};
use crate::output::exit::{CliError, ExitStatus};
use crate::output::failure::FailureReport;
use crate::output::vocabulary::SignatureReport;
use crate::output::wrap::fact;
use crate::output::{BAD, Output, SCHEMA_VERSION, paint};
use crate::verification::{
    CheckedSignature, TRUSTED, VerificationArgs, VerificationOutcome, details, failures, file_verdict_error,
    note_skipped,
};

/// Verify the signature of a file.
///
/// Choose the signers to trust with --trusted-profile, or with a trust policy file for blobs: --policy, or by default
/// notation's own trustpolicy.blob.json. The policy's global statement applies, or the statement that --policy-name
/// names. The file is verified if the signature covers its content and passes every check: integrity, authenticity (a
/// trusted signer), expiry, authenticTimestamp (certificates valid at signing time) and revocation.
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

    /// The signature file, in the JWS or the COSE format [default: FILE.jws.sig or FILE.cose.sig, whichever exists]
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,

    /// Require that the file was signed with this media type
    #[arg(long, value_name = "TYPE")]
    media_type: Option<String>,

    /// Apply the policy statement with this name [default: the statement with globalPolicy]
    #[arg(long, value_name = "NAME", conflicts_with_all = TRUSTED)]
    policy_name: Option<String>,

    #[command(flatten)]
    verification: VerificationArgs,

    #[command(flatten)]
    signer: SignerArgs,
}

/// The result: docs/output/blob-verify.schema.json.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BlobVerifyReport {
    schema_version: u32,
    status: &'static str,
    file: String,
    digest: String,
    /// The signed media type, present once integrity has passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    size: u64,
    outcome: VerificationOutcome,
    /// The name of the trust policy.
    policy: String,
    signature: DetachedSignature,
    /// Why it is not verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureReport>,
}

/// The signature: with its checks, unless the policy skips verification.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum DetachedSignature {
    Checked(Box<CheckedSignature>),
    Unchecked(Box<SignatureReport>),
}

impl BlobVerifyReport {
    fn new(file: &Path, signature: SignatureReport, policy: &VerificationPolicy, verdict: &Verdict) -> Self {
        let first = verdict.signatures.first();
        let signed = first.and_then(|signature| signature.signed.as_ref());
        let blob = &verdict.artifact;
        let outcome = verdict.conclusion().into();
        Self {
            schema_version: SCHEMA_VERSION,
            status: ExitStatus::from(outcome).as_str(),
            file: file.display().to_string(),
            digest: blob.digest.to_string(),
            media_type: signed.map(|signed| signed.content_media_type.clone()),
            size: blob.size,
            outcome,
            policy: policy.name().to_owned(),
            signature: match first {
                Some(checked) => {
                    let checked = CheckedSignature::of_file(checked);
                    let signature = SignatureReport { content: checked.signature.content, ..signature };
                    DetachedSignature::Checked(Box::new(CheckedSignature { signature, ..checked }))
                }
                None => DetachedSignature::Unchecked(Box::new(signature)),
            },
            error: file_verdict_error(verdict).map(FailureReport::from),
        }
    }

    /// Writes the report as text: a verified file on standard output, all others as errors on standard error.
    fn show(&self, output: &Output) -> Result<(), CliError> {
        let file = &printable(&self.file);
        match self.outcome {
            VerificationOutcome::Verified => {
                output.text(format!("{file} {}", self.outcome.word()))?;
                self.lines(output, output.columns()).iter().try_for_each(|line| output.text(line))
            }
            VerificationOutcome::Skipped => {
                output.text(format!("{file} {}", self.outcome.word()))?;
                note_skipped(file, &self.policy, output);
                Ok(())
            }
            _ => {
                output.error_line(format!("{} {file} {}", paint(BAD, "error:"), self.outcome.word()));
                for line in self.lines(output, Output::error_columns()) {
                    output.error_line(line);
                }
                if let Some(advice) = self.error.as_ref().and_then(|error| error.advice.as_ref()) {
                    output.error_advice(advice);
                }
                Ok(())
            }
        }
    }

    /// The lines below the file's: with `--verbose` every check, otherwise those that did not pass.
    fn lines(&self, output: &Output, columns: Option<usize>) -> Vec<String> {
        let DetachedSignature::Checked(checked) = &self.signature else { return Vec::new() };
        // The digest of the file was not printed.
        if !output.is_verbose() {
            return failures(checked, 2, "", columns);
        }
        let media_type = self.media_type.as_ref().map(|text| fact(2, "signed as", 9, &printable(text), columns));
        let name = checked.signature.file.as_deref().unwrap_or_default();
        media_type.into_iter().chain(details(name, checked, "", columns)).collect()
    }
}

pub(super) async fn run(args: Args, output: &Output) -> Result<ExitStatus, CliError> {
    // `--trusted-profile ARN FILE` makes clap take FILE for another ARN.
    let (intent, beyond) = args.verification.into_intent()?;
    let mut files = args.file.into_iter().chain(beyond.into_iter().map(PathBuf::from));
    let file = match (files.next(), files.next()) {
        (Some(file), None) => file,
        (Some(_), Some(_)) => {
            let why = CliError::configuration("several files are given");
            return Err(why.with_advice("Verify them one at a time."));
        }
        (None, _) => return Err(CliError::configuration("no file is given").with_advice("Name the file to verify.")),
    };
    let signature = match args.signature {
        Some(signature) => signature,
        None => existing_signature_of(&file)?,
    };
    let name = args.policy_name.as_deref();
    let policies = intent.policies(read_blob_trust_policy, NotationFolder::blob_trust_policy)?;
    let policy = policies.policy(|document| Ok(document.applicable(name)?))?;
    // A blob has one signature.
    let verifier = intent.verifier(&args.signer, 1, output)?;
    let demands = Demands { user_metadata: intent.user_metadata()?, ..Demands::default() };
    let content = input_file::open(&file)?;
    let envelope = envelope_file::read(&signature)?;
    let media_type = args.media_type.as_deref();
    let now = OffsetDateTime::now_utc();
    let waiting = output.waiting(&format!("verifying {}", file.display()));
    let detached = DetachedEnvelope::of_file(&envelope);
    let verdict = verifier.verify_blob(content, detached, media_type, &policy, &demands, now).await;
    drop(waiting);
    let verdict = verdict.map_err(|why| CliError::file(format!("{}: {why}", file.display())))?;
    let signature = SignatureReport::from_file(&signature, &envelope);
    let report = BlobVerifyReport::new(&file, signature, &policy, &verdict);
    report.show(output)?;
    output.json(&report)?;
    Ok(report.outcome.into())
}

/// The file's default signature file. If it has one in each format, the caller must choose: they may be by different
/// signers.
fn existing_signature_of(file: &Path) -> Result<PathBuf, CliError> {
    let [jws, cose] = EnvelopeFormat::ALL.map(|format| signature_of(file, format));
    let exists = |signature: &PathBuf| signature.try_exists().is_ok_and(|exists| exists);
    let why = match (exists(&jws), exists(&cose)) {
        (true, false) => return Ok(jws),
        (false, true) => return Ok(cose),
        (false, false) => format!("neither {} nor {} exists", jws.display(), cose.display()),
        (true, true) => format!("both {} and {} exist", jws.display(), cose.display()),
    };
    Err(CliError::file(why).with_advice("Name the signature file with --signature."))
}
