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

/// Check trust policies, and the trust stores that they name.
///
/// A document is read by the specification's rules, which notation does not hold to everywhere; then it is looked for what would
/// refuse signatures that are meant to be trusted.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Check the policies in use:
    notation-aws-signer policy check

  Check a policy before it is put in place:
    notation-aws-signer policy check trustpolicy.json

Exit codes: 0 there is no problem (there may be warnings); 2 there are problems, all of which are listed.")]
pub(super) struct Args {
    /// The document; by default those of notation's configuration
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// The document is a policy for blobs
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
    /// The document; absent where the message names it.
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
    /// The documents of notation's configuration.
    fn in_use(&mut self) {
        let blob_file = self.folder.blob_trust_policy_file();
        let has_blob_policy = std::fs::symlink_metadata(&blob_file).is_ok();
        let files = self.folder.existing_trust_policy_files();
        self.files.extend(files.iter().map(|file| shown(file)));
        match self.folder.trust_policy() {
            // Where there are two they say the same.
            Ok(document) => self.oci(files.first().map(PathBuf::as_path), &document),
            // Who verifies blobs only needs no other policy.
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

    /// A document that is named, read as `verify --policy` reads it.
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

    /// A document that is not read, or is none.
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
