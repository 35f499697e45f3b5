//! `notation-aws-signer policy check`.

use std::path::{Path, PathBuf};

use files::{FileError, read_up_to};
use notary::Disposition;
use notary::text::printable;
use notary::trust::policy::{BlobTrustPolicyDocument, MAX_DOCUMENT_SIZE, StatementDraft, TrustPolicyDocument};
use notation::{FolderError, NotationFolder, read_blob_trust_policy, read_trust_policy};
use serde::Serialize;
use time::OffsetDateTime;

use super::problems::{Finding, statement_findings};
use crate::output::exit::{CliError, ExitStatus};
use crate::output::outcome::{StepOutcome, StepReport};
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint, show_advice, wrapped};

/// Check trust policies, and the trust stores that they use.
///
/// Checks that each policy document follows the Notary Project specification, more strictly than notation does. Then
/// looks for mistakes that would make verification fail, such as missing or expired certificates and mistyped ARNs.
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
struct PolicyCheckReport {
    schema_version: u32,
    status: &'static str,
    documents: Vec<String>,
    findings: Vec<FindingReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingReport {
    /// The document; absent if the message names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<String>,
    /// The name of the statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(flatten)]
    step: StepReport,
}

impl FindingReport {
    /// Whether signatures that should be trusted are refused.
    fn is_problem(&self) -> bool {
        self.step.outcome != StepOutcome::Warning
    }

    fn show(&self, output: &Output) -> Result<(), CliError> {
        let document = self.document.as_ref().map(|document| format!("{document}: ")).unwrap_or_default();
        let policy = self.policy.as_ref().map(|name| format!("{name:?}: ")).unwrap_or_default();
        let message = format!("{document}{policy}{}", self.step.explanation.message());
        if self.is_problem() {
            let advice = self.step.explanation.error().and_then(|error| error.advice.as_deref());
            output.failure_beside_text(&message, advice);
        }
        output.text(format!("{} {}", self.step.outcome.word(8), wrapped(&message, 9, output.columns())))?;
        match self.step.explanation.error().and_then(|error| error.advice.as_ref()) {
            Some(advice) => show_advice(advice, 9, output),
            None => Ok(()),
        }
    }
}

pub(super) fn run(args: &Args, folder: &NotationFolder, output: &Output) -> Result<ExitStatus, CliError> {
    let mut checked = Checked { folder, now: OffsetDateTime::now_utc(), documents: Vec::new(), findings: Vec::new() };
    match &args.file {
        Some(file) => checked.file(file, args.blob)?,
        None => checked.in_use(),
    }
    let Checked { documents, findings, .. } = checked;
    findings.iter().try_for_each(|finding| finding.show(output))?;
    let is_sound = !findings.iter().any(FindingReport::is_problem);
    let status = if is_sound { ExitStatus::DONE } else { Disposition::Misconfigured.into() };
    if is_sound {
        output.sentence(&format!("{}: {}", documents.join(", "), paint(GOOD, "no problems")))?;
    }
    output.json(&PolicyCheckReport { schema_version: SCHEMA_VERSION, status: status.as_str(), documents, findings })?;
    Ok(status)
}

/// The kind of a trust policy document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Oci,
    Blob,
}

struct Checked<'a> {
    folder: &'a NotationFolder,
    now: OffsetDateTime,
    documents: Vec<String>,
    findings: Vec<FindingReport>,
}

impl Checked<'_> {
    /// Checks the documents in notation's configuration.
    fn in_use(&mut self) {
        let blob_file = self.folder.blob_trust_policy_file();
        let has_blob_policy = std::fs::symlink_metadata(&blob_file).is_ok();
        let files = self.folder.existing_trust_policy_files();
        self.documents.extend(files.iter().map(|file| shown(file)));
        match self.folder.trust_policy() {
            // If there are two files, they have the same content.
            Ok(document) => self.oci(files.first().map(PathBuf::as_path), &document),
            // To verify blobs only, no other policy is needed.
            Err(FolderError::NoPolicy(_)) if has_blob_policy => {}
            Err(why @ FolderError::TwoPolicies { .. }) => {
                self.unusable(why, Kind::Oci);
                for file in &files {
                    match read_trust_policy(file) {
                        Ok(document) => self.oci(Some(file), &document),
                        Err(why) => self.unusable(why, Kind::Oci),
                    }
                }
            }
            Err(why) => self.unusable(why, Kind::Oci),
        }
        if has_blob_policy {
            self.documents.push(shown(&blob_file));
            match self.folder.blob_trust_policy() {
                Ok(document) => self.blob(&blob_file, &document),
                Err(why) => self.unusable(why, Kind::Blob),
            }
        }
    }

    /// Checks a file by the rules of `verify --policy`.
    fn file(&mut self, file: &Path, is_blob: bool) -> Result<(), CliError> {
        self.documents.push(shown(file));
        let read = if is_blob {
            read_blob_trust_policy(file).map(|document| self.blob(file, &document))
        } else {
            read_trust_policy(file).map(|document| self.oci(Some(file), &document))
        };
        match read {
            Err(FolderError::File(why @ (FileError::Missing(_) | FileError::Io { .. }))) => Err(why.into()),
            Err(why) => {
                self.unusable(why, if is_blob { Kind::Blob } else { Kind::Oci });
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn oci(&mut self, file: Option<&Path>, document: &TrustPolicyDocument) {
        let drafts = document.policies().iter().map(|(scopes, policy)| StatementDraft::of(Some(scopes), policy));
        drafts.for_each(|statement| self.statement(file, &statement));
    }

    fn blob(&mut self, file: &Path, document: &BlobTrustPolicyDocument) {
        let drafts = document.policies().iter().map(|policy| StatementDraft::of(None, policy));
        drafts.for_each(|statement| self.statement(Some(file), &statement));
    }

    fn statement(&mut self, file: Option<&Path>, statement: &StatementDraft) {
        let findings = statement_findings(statement, |name| self.folder.trust_store(name), self.now);
        self.findings.extend(findings.into_iter().map(|finding: Finding| FindingReport {
            document: file.map(shown),
            policy: Some(printable(&statement.label)),
            step: finding.into_step(),
        }));
    }

    /// Adds the problems of an unreadable or invalid document: those of its form, and the mistakes in what can be read.
    fn unusable(&mut self, why: FolderError, kind: Kind) {
        let (path, source) = match why {
            FolderError::Policy { path, source } => (path, source),
            other => return self.problem(None, other.into()),
        };
        // What was read just now can be read again, unless it changed meanwhile.
        let bytes = read_up_to(&path, MAX_DOCUMENT_SIZE as u64).unwrap_or_default();
        let (statements, mut problems) = match kind {
            Kind::Oci => TrustPolicyDocument::drafts(&bytes),
            Kind::Blob => BlobTrustPolicyDocument::drafts(&bytes),
        };
        if !problems.contains(&source) {
            problems = vec![*source];
        }
        for problem in problems {
            self.problem(Some(&path), CliError::configuration(problem));
        }
        statements.iter().for_each(|statement| self.statement(Some(&path), statement));
    }

    fn problem(&mut self, document: Option<&Path>, error: CliError) {
        let document = document.map(shown);
        self.findings.push(FindingReport { document, policy: None, step: StepReport::failed(error) });
    }
}

fn shown(file: &Path) -> String {
    printable(&file.display().to_string())
}
