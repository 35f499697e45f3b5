//! `notation-aws-signer policy init`.

use std::path::{Path, PathBuf};

use aws_names::SignerArn;
use clap::ValueEnum;
use notary::ReasonCode;
use notary::text::printable;
use notary::trust::policy::{
    AppliesTo, BlobTrustPolicyDocument, NewStatement, TrustPolicy, TrustPolicyDocument, TrustStoreName,
    VerificationLevel,
};
use notation::{NotationFolder, WrittenFile};
use serde::Serialize;

use super::{Scope, scopes, signing_authority, stores_of};
use crate::arguments::profiles::without_version;
use crate::output::exit::{CliError, ExitStatus};
use crate::output::file::OutputFile;
use crate::output::{GOOD, Output, SCHEMA_VERSION, paint, unwritable};

/// Write a trust policy that trusts AWS Signer signing profiles.
///
/// Use `setup` instead to also install everything else that verification needs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Trust a profile for all images:
    notation-aws-signer policy init \\
      --profile arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline

  Print a policy for one repository to standard output:
    notation-aws-signer policy init - --profile ARN \\
      --scope registry.example.com/app

  Write the global policy for blobs (files), for `blob verify`:
    notation-aws-signer policy init --blob --profile ARN

Exit codes: 0 written; 2 an option is wrong, or a policy already exists (--force replaces it).")]
pub(super) struct Args {
    /// The file to write; - is standard output [default: notation's trustpolicy.json, or trustpolicy.blob.json with
    /// --blob]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// The ARN of a signing profile or alias to trust. Repeat for several
    ///
    /// arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME, or …:/aliases/NAME
    #[arg(long = "profile", value_name = "ARN", required = true, value_parser = without_version)]
    profiles: Vec<SignerArn>,

    /// Apply the policy to this repository, such as registry.example.com/app. Repeat for several [default: *, all
    /// repositories]
    #[arg(long = "scope", value_name = "REGISTRY/REPO", conflicts_with = "blob")]
    scopes: Vec<Scope>,

    /// How strictly to verify signatures
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    level: Level,

    /// The name of the policy statement
    #[arg(long, value_name = "NAME", default_value = "aws-signer")]
    name: String,

    /// The trust store with the root certificate [default: signingAuthority:aws-signer-ts, or GovCloud's store]
    #[arg(long = "store", value_name = "NAME", value_parser = signing_authority)]
    stores: Vec<TrustStoreName>,

    /// Write the global policy for blobs (files)
    #[arg(long)]
    blob: bool,

    /// Replace an existing policy with all its statements, which are listed. It is kept as a .bak file
    #[arg(long)]
    force: bool,
}

/// A verification level for a new policy; `skip` would trust nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Level {
    /// Refuse a signature if any check fails
    #[default]
    Strict,
    /// Refuse if integrity or authenticity fails; only warn about other checks
    Permissive,
    /// Refuse if integrity fails; only warn about other checks
    Audit,
}

impl From<Level> for VerificationLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Strict => Self::Strict,
            Level::Permissive => Self::Permissive,
            Level::Audit => Self::Audit,
        }
    }
}

/// docs/output/policy-init.schema.json
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicyInitReport {
    schema_version: u32,
    status: &'static str,
    documents: Vec<String>,
    statement: serde_json::Value,
}

pub(super) fn run(args: &Args, folder: &NotationFolder, output: &Output) -> Result<ExitStatus, CliError> {
    let trust_stores = if args.stores.is_empty() { stores_of(&args.profiles)? } else { args.stores.clone() };
    let applies_to = match args.blob {
        true => AppliesTo::Blobs { global: true },
        false => AppliesTo::Repositories(scopes(&args.scopes)?),
    };
    let statement = NewStatement {
        name: args.name.clone(),
        applies_to,
        level: args.level.into(),
        trust_stores,
        profiles: args.profiles.clone(),
    };
    let document = statement.to_document();
    let read = match args.blob {
        true => BlobTrustPolicyDocument::parse(document.as_bytes()).map(|_| ()),
        false => TrustPolicyDocument::parse(document.as_bytes()).map(|_| ()),
    };
    read?;
    let mut beside = output.clone();
    let written = match &args.file {
        Some(file) if file == Path::new("-") => {
            if !output.is_json() {
                Output::content(document.as_bytes())?;
            }
            Vec::new()
        }
        Some(file) => {
            let target = OutputFile::new(file.clone(), args.force)?;
            beside = target.beside(output)?;
            let backup = kept(file)?;
            target.write(document.as_bytes(), 0o600)?;
            vec![WrittenFile { path: file.clone(), backup }]
        }
        None if args.blob => {
            refuse_existing(args, &[folder.blob_trust_policy_file()])?;
            if let Ok(earlier) = folder.blob_trust_policy() {
                note_replaced(earlier.policies().iter(), output);
            }
            let written = folder.write_blob_trust_policy(&document);
            vec![written.map_err(|why| unwritable::folder_error(why, folder.root()))?]
        }
        None => {
            refuse_existing(args, &folder.existing_trust_policy_files())?;
            if let Ok(earlier) = folder.trust_policy() {
                note_replaced(earlier.policies().iter().map(|(_, policy)| policy), output);
            }
            let written = folder.write_trust_policy(&document);
            written.map_err(|why| unwritable::folder_error(why, folder.root()))?
        }
    };
    let shown = |file: &Path| printable(&file.display().to_string());
    for file in &written {
        beside.sentence(&format!("{} {}", paint(GOOD, "written"), shown(&file.path)))?;
        if let Some(backup) = &file.backup {
            beside.indented_note(&format!("the earlier policy is in {}", shown(backup)), 2);
        }
    }
    let documents: Vec<_> = written.iter().map(|file| shown(&file.path)).collect();
    let status = ExitStatus::DONE;
    let statement = statement.to_json();
    output.json(&PolicyInitReport { schema_version: SCHEMA_VERSION, status: status.as_str(), documents, statement })?;
    Ok(status)
}

/// Lists the statements that go.
fn note_replaced<'a>(earlier: impl Iterator<Item = &'a TrustPolicy>, output: &Output) {
    for policy in earlier {
        let trusted = policy.trusted_identities().to_strings().join(", ");
        output.note(printable(&format!("replaces the statement {:?}: {trusted}", policy.name())));
    }
}

/// Keeps the file that will be replaced, if it is one. Returns the backup.
fn kept(file: &Path) -> Result<Option<PathBuf>, CliError> {
    // The content goes into the target of a link.
    let Some(file) = std::fs::canonicalize(file).ok().filter(|file| file.is_file()) else { return Ok(None) };
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return Ok(None) };
    let failed = |why| CliError::file(format!("{}.bak: {why}", file.display()));
    files::back_up(&file, folder, &name.to_string_lossy()).map_err(failed)
}

fn refuse_existing(args: &Args, files: &[PathBuf]) -> Result<(), CliError> {
    match files.iter().find(|file| std::fs::symlink_metadata(file).is_ok()) {
        Some(file) if !args.force => {
            let file = file.display();
            let why = CliError::new(ReasonCode::Exists, format!("the trust policy {file} already exists"));
            Err(why.with_advice(if args.blob {
                "Edit it, or replace it with --force: the earlier policy is kept as a .bak file."
            } else {
                "Add to it with `notation-aws-signer setup`, or replace it with --force: the earlier policy is kept as a \
                 .bak file."
            }))
        }
        _ => Ok(()),
    }
}
