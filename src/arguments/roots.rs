//! The `--root` option.

use std::path::PathBuf;

use aws_signer::aws_signer_roots;
use notary::x509::Certificate;
use notation::trust_store::read_certificates;

use crate::output::exit::CliError;

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
        roots.extend(read_certificates(file).map_err(|why| CliError::from(why).context("--root"))?);
    }
    Ok(roots)
}
