//! `notation-aws-signer policy check`.

use std::path::{Path, PathBuf};

use files::FileError;
use notary::text::printable;
use notary::trust::policy::{BlobTrustPolicyDocument, TrustPolicy, TrustPolicyDocument};
use notation::{FolderError, NotationFolder, read_blob_trust_policy, read_trust_policy};
use serde::Serialize;
use time::OffsetDateTime;

use super::problems::{Finding, Severity, of_statement};
use crate::output::exit::{CliError, ExitStatus};
use crate::output::{BAD, GOOD, Output, SCHEMA_VERSION, WARN, paint};

/// Check trust policies, and the trust stores that they use.
///
/// Checks that each policy document follows the Notary Project specification, more strictly than notation does. Then looks for
/// mistakes that would make verification fail, such as missing or expired certificates and mistyped ARNs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Check the policies in notation's configuration:
    notation-aws-signer policy check

  Check a policy file before you install it:
    notation-aws-signer policy check trustpolicy.json

Exit codes: 0 no problems (there may be warnings); 2 there are problems, or a file cannot be read.")]
pub(super) struct Args {
    /// The policy document [default: the documents in notation's configuration]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// FILE is a trust policy for blobs (files)
    #[arg(long, requires = "file")]
    blob: bool,
}

/// docs/output/policy-check.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    status: &'static str,
    files: Vec<String>,
    findings: Vec<FindingReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingReport {
    severity: Severity,
    /// The document; absent if the message names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<String>,
    message: String,
}

pub(super) fn run(args: &Args, folder: &NotationFolder, output: &Output) -> Result<ExitStatus, CliError> {
    let mut checked = Checked { folder, now: OffsetDateTime::now_utc(), files: Vec::new(), findings: Vec::new() };
    match &args.file {
        Some(file) => checked.file(file, args.blob)?,
        None => checked.in_use(),
    }
    let Checked { files, findings, .. } = checked;
    for finding in &findings {
        let word = match finding.severity {
            Severity::Problem => paint(BAD, "problem:"),
            Severity::Warning => paint(WARN, "warning:"),
        };
        let file = finding.file.as_ref().map(|file| format!("{file}: ")).unwrap_or_default();
        let statement = finding.statement.as_ref().map(|name| format!("{name:?}: ")).unwrap_or_default();
        output.text(format!("{word} {file}{statement}{}", finding.message))?;
    }
    let problems = findings.iter().filter(|finding| finding.severity == Severity::Problem).count();
    let status = if problems == 0 { ExitStatus::Done } else { ExitStatus::Usage };
    if problems == 0 {
        output.text(format!("{}: {}", files.join(", "), paint(GOOD, "no problems")))?;
    }
    output.json(&Report { schema_version: SCHEMA_VERSION, status: status.as_str(), files, findings })?;
    Ok(status)
}

struct Checked<'a> {
    folder: &'a NotationFolder,
    now: OffsetDateTime,
    files: Vec<String>,
    findings: Vec<FindingReport>,
}

impl Checked<'_> {
    /// Checks the documents in notation's configuration.
    fn in_use(&mut self) {
        let blob_file = self.folder.blob_trust_policy_file();
        let has_blob_policy = std::fs::symlink_metadata(&blob_file).is_ok();
        let files = self.folder.existing_trust_policy_files();
        self.files.extend(files.iter().map(|file| shown(file)));
        match self.folder.trust_policy() {
            // If there are two files, they have the same content.
            Ok(document) => self.oci(files.first().map(PathBuf::as_path), &document),
            // To verify blobs only, no other policy is needed.
            Err(FolderError::NoPolicy(_)) if has_blob_policy => {}
            Err(why) => self.refused(&why),
        }
        if has_blob_policy {
            self.files.push(shown(&blob_file));
            match self.folder.blob_trust_policy() {
                Ok(document) => self.blob(&blob_file, &document),
                Err(why) => self.refused(&why),
            }
        }
    }

    /// Checks a file by the rules of `verify --policy`.
    fn file(&mut self, file: &Path, is_blob: bool) -> Result<(), CliError> {
        self.files.push(shown(file));
        let read = if is_blob {
            read_blob_trust_policy(file).map(|document| self.blob(file, &document))
        } else {
            read_trust_policy(file).map(|document| self.oci(Some(file), &document))
        };
        match read {
            Err(FolderError::File(why @ (FileError::Missing(_) | FileError::Io { .. }))) => Err(CliError::usage(why)),
            Err(why) => {
                self.refused(&why);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn oci(&mut self, file: Option<&Path>, document: &TrustPolicyDocument) {
        document.policies().iter().for_each(|(_, policy)| self.statement(file, policy));
    }

    fn blob(&mut self, file: &Path, document: &BlobTrustPolicyDocument) {
        document.policies().iter().for_each(|policy| self.statement(Some(file), policy));
    }

    fn statement(&mut self, file: Option<&Path>, policy: &TrustPolicy) {
        let findings = of_statement(policy, |name| self.folder.trust_store(name), self.now);
        self.findings.extend(findings.into_iter().map(|(severity, message): Finding| FindingReport {
            severity,
            file: file.map(shown),
            statement: Some(printable(policy.name())),
            message: printable(&message),
        }));
    }

    /// Adds a problem for an unreadable or invalid document.
    fn refused(&mut self, why: &FolderError) {
        let (file, message) = match why {
            FolderError::Policy { path, source } => (Some(shown(path)), source.to_string()),
            other => (None, other.to_string()),
        };
        let message = printable(&message);
        self.findings.push(FindingReport { severity: Severity::Problem, file, statement: None, message });
    }
}

fn shown(file: &Path) -> String {
    printable(&file.display().to_string())
}
