//! The result of `job verify`: docs/output/job-verify.schema.json.

use std::path::Path;

use code_signing::image::ImageLocation;
use code_signing::lambda::Difference;
use notary::ReasonCode;
use notary::text::printable;
use notary::x509::Certificate;
use notation::verify::Verdict;
use serde::Serialize;

use crate::output::exit::{CliError, ExitStatus};
use crate::output::failure::FailureReport;
use crate::output::vocabulary::{CertificateReport, SignatureReport};
use crate::output::wrap::fact;
use crate::output::{BAD, Output, SCHEMA_VERSION, paint};
use crate::verification::{CheckedSignature, VerificationOutcome, details, failures, note_skipped};

/// The differences that are shown as text. All are in the JSON.
const MOST_SHOWN: usize = 20;

/// A file that was verified.
pub(super) enum SignedFile<'a> {
    /// A zip file.
    Zip {
        /// The number of its entries without those of the signature.
        entries: usize,
        /// The name of the trust policy.
        policy: String,
        /// What came of its signature.
        verdict: Box<Verdict>,
        /// The signature envelope.
        envelope: &'a [u8],
        /// What differs from what was signed; `None` if the signature is not verified.
        differences: Option<Vec<Difference>>,
    },
    /// An image.
    Image {
        /// The algorithm of the signature.
        algorithm: &'static str,
        /// The size of the image in bytes, as signed.
        size: u64,
        /// The trusted certificate.
        certificate: Box<Certificate>,
        /// Where the image is, if it is not in the file.
        location: Option<ImageLocation>,
    },
}

/// The result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobVerifyReport {
    schema_version: u32,
    status: &'static str,
    file: String,
    kind: &'static str,
    outcome: VerificationOutcome,
    #[serde(flatten)]
    content: Content,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureReport>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Content {
    Zip(Box<ZipContent>),
    Image(Box<ImageContent>),
}

#[derive(Debug, Serialize)]
struct ZipContent {
    entries: usize,
    policy: String,
    signature: ZipSignature,
    #[serde(skip_serializing_if = "Option::is_none")]
    differences: Option<Vec<DifferenceReport>>,
}

/// The signature: with its checks, unless the policy skips verification.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum ZipSignature {
    Checked(Box<CheckedSignature>),
    Unchecked(Box<SignatureReport>),
}

#[derive(Debug, Serialize)]
struct DifferenceReport {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<String>,
    message: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageContent {
    signature_algorithm: &'static str,
    size: u64,
    certificate: CertificateReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_location: Option<ImageLocation>,
}

impl JobVerifyReport {
    /// The report of a file; `error` is why it is not verified, if its signature is the reason.
    pub(super) fn new(file: &Path, signed: SignedFile<'_>, error: Option<CliError>) -> Self {
        let mut error = error;
        let (kind, judged, content) = match signed {
            SignedFile::Zip { entries, policy, verdict, envelope, differences } => {
                let number = differences.as_ref().map_or(0, Vec::len);
                if number > 0 {
                    let what = if number == 1 { "1 difference".to_owned() } else { format!("{number} differences") };
                    let why = format!("the file was changed after it was signed: {what}");
                    error = Some(CliError::new(ReasonCode::Integrity, why));
                }
                let in_file = SignatureReport::from_file(file, envelope);
                let signature = match verdict.signatures.first() {
                    Some(checked) => {
                        let checked = CheckedSignature::new(checked);
                        let signature = SignatureReport { content: checked.signature.content, ..in_file };
                        ZipSignature::Checked(Box::new(CheckedSignature { signature, ..checked }))
                    }
                    None => ZipSignature::Unchecked(Box::new(in_file)),
                };
                let differences = differences.map(|found| found.iter().map(DifferenceReport::from).collect());
                let judged = VerificationOutcome::from(verdict.conclusion());
                ("zip", judged, Content::Zip(Box::new(ZipContent { entries, policy, signature, differences })))
            }
            SignedFile::Image { algorithm, size, certificate, location } => {
                let content = ImageContent {
                    signature_algorithm: algorithm,
                    size,
                    certificate: CertificateReport::new(&certificate),
                    payload_location: location,
                };
                ("image", VerificationOutcome::Verified, Content::Image(Box::new(content)))
            }
        };
        let outcome = match &error {
            Some(error) => error.code.disposition().into(),
            None => judged,
        };
        Self {
            schema_version: SCHEMA_VERSION,
            status: ExitStatus::from(outcome).as_str(),
            file: file.display().to_string(),
            kind,
            outcome,
            content,
            error: error.map(FailureReport::from),
        }
    }

    /// Writes the report: a verified file on standard output, all others as errors on standard error. Returns the
    /// command's exit status.
    pub(super) fn show(self, output: &Output) -> Result<ExitStatus, CliError> {
        let file = &printable(&self.file);
        match self.outcome {
            VerificationOutcome::Verified => {
                output.text(format!("{file} {}", self.outcome.word()))?;
                self.lines(output, output.columns()).iter().try_for_each(|line| output.text(line))?;
            }
            VerificationOutcome::Skipped => {
                output.text(format!("{file} {}", self.outcome.word()))?;
                if let Content::Zip(zip) = &self.content {
                    note_skipped(file, &zip.policy, output);
                }
            }
            _ => {
                output.error_line(format!("{} {file} {}", paint(BAD, "error:"), self.outcome.word()));
                for line in self.lines(output, Output::error_columns()) {
                    output.error_line(line);
                }
                if let Some(advice) = self.error.as_ref().and_then(|error| error.advice.as_ref()) {
                    output.error_advice(advice);
                }
            }
        }
        output.json(&self)?;
        Ok(self.outcome.into())
    }

    /// The lines below the file's: why it is not verified, and with `--verbose` every check.
    fn lines(&self, output: &Output, columns: Option<usize>) -> Vec<String> {
        match &self.content {
            Content::Zip(zip) => {
                let mut lines = match &zip.signature {
                    ZipSignature::Checked(checked) if output.is_verbose() => details(&self.file, checked, "", columns),
                    ZipSignature::Checked(checked) => failures(checked, 2, "", columns),
                    ZipSignature::Unchecked(_) => Vec::new(),
                };
                if output.is_verbose() {
                    lines.insert(0, fact(2, "entries", 9, &zip.entries.to_string(), columns));
                }
                let differences = zip.differences.as_deref().unwrap_or_default();
                lines.extend(differences.iter().take(MOST_SHOWN).map(|difference| format!("  {}", difference.message)));
                if differences.len() > MOST_SHOWN {
                    lines.push(format!("  and {} more; --output json has all", differences.len() - MOST_SHOWN));
                }
                lines
            }
            Content::Image(image) => {
                let mut lines = Vec::new();
                if output.is_verbose() {
                    lines.push(fact(2, "signed by", 9, &printable(&image.certificate.subject), columns));
                    lines.push(fact(2, "with", 9, image.signature_algorithm, columns));
                }
                lines.extend(self.error.as_ref().map(|error| format!("  {}", error.message)));
                lines
            }
        }
    }
}

impl From<&Difference> for DifferenceReport {
    fn from(difference: &Difference) -> Self {
        let message = difference.to_string();
        Self { kind: difference.kind(), entry: difference.name().map(str::to_owned), message }
    }
}
