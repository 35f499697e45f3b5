//! `notation-aws-signer admission convert`.

use std::path::{Path, PathBuf};

use admission::convert::{Objects, convert};
use admission::manifests::MAX_SIZE;
use files::read_linked_file;
use notary::text::printable;

use crate::output::Output;
use crate::output::exit::CliError;

/// Convert the trust policies of kyverno-notation-aws to a configuration of this service.
///
/// Reads TrustPolicy and TrustStore objects of notation.nirmata.io/v1alpha1, and prints the configuration. Policies
/// that cannot be written into it need files beside it: --directory writes all of them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  Convert the objects of a cluster:
    kubectl get trustpolicies,truststores -o yaml >objects.yaml
    notation-aws-signer admission convert objects.yaml >admission.yaml

  Write the configuration and the files that it names:
    notation-aws-signer admission convert objects.yaml --directory admission

Exit codes: 0 all objects were converted; 2 an object, a file or the command line must be corrected.")]
pub(super) struct Args {
    /// Write admission.yaml and the files that it names to this folder. Existing files are not replaced
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,

    /// Files with the objects, in YAML or JSON
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<(), CliError> {
    let mut objects = Objects::default();
    for file in &args.files {
        let bytes = read_linked_file(file, MAX_SIZE).map_err(CliError::file)?;
        objects.add(&bytes).map_err(|why| CliError::configuration(why).context(shown(file)))?;
    }
    let converted = convert(&objects).map_err(CliError::configuration)?;
    match &args.directory {
        Some(folder) => {
            write(folder, Path::new("admission.yaml"), converted.config.as_bytes())?;
            for (path, content) in &converted.files {
                write(folder, path, content)?;
            }
            output.text(format!(
                "{} and {} more files were written",
                shown(&folder.join("admission.yaml")),
                converted.files.len()
            ))?;
        }
        None if converted.files.is_empty() => output.text(converted.config.trim_end())?,
        None => {
            let names: Vec<String> = converted.files.iter().map(|(path, _)| shown(path)).collect();
            let why = format!("the configuration needs files beside it: {}", names.join(", "));
            return Err(CliError::configuration(why).with_advice("Pass --directory DIR to write all of them."));
        }
    }
    for note in &converted.notes {
        output.note(note);
    }
    Ok(())
}

fn write(folder: &Path, name: &Path, content: &[u8]) -> Result<(), CliError> {
    let path = folder.join(name);
    let written = path.parent().map_or(Ok(()), |parent| files::create_folders(parent, 0o755));
    let written = written.and_then(|()| files::create(&path, content, 0o644));
    written.map_err(|why| CliError::file(format!("{}: {why}", shown(&path))))
}

fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}
