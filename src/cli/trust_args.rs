//! The `--root` option.

use std::path::PathBuf;

use super::exit::CliError;
use crate::trust::{aws_signer_roots, read_certificates};
use crate::x509::Certificate;

/// The certificates in these files, or AWS Signer's roots if there are no files.
///
/// # Errors
/// Returns [`CliError`] if a file cannot be read or has no certificates.
pub fn roots(files: &[PathBuf]) -> Result<Vec<Certificate>, CliError> {
    if files.is_empty() {
        return Ok(aws_signer_roots().iter().map(|root| root.certificate().clone()).collect());
    }
    let mut roots = Vec::new();
    for file in files {
        roots.extend(read_certificates(file).map_err(|why| CliError::usage(format!("--root: {why}")))?);
    }
    Ok(roots)
}
