//! The options for timestamps: the timestamping authority, and the roots of its certificates.

use std::path::PathBuf;

use notary::x509::Certificate;
use notation::timestamp::{TimestampingAuthority, parse_url};
use notation::trust_store::read_certificates;

use crate::output::exit::CliError;

/// Checks the URL of a timestamping authority.
///
/// # Errors
/// Returns a message if it cannot be used.
pub fn url(text: &str) -> Result<String, String> {
    parse_url(text).map(|_| text.to_owned())
}

/// The authority at a URL, whose certificate must lead to a certificate in one of these files.
///
/// # Errors
/// Returns [`CliError`] if the URL or a file cannot be used.
pub fn authority(url: &str, root_files: &[PathBuf]) -> Result<TimestampingAuthority, CliError> {
    let url = parse_url(url).map_err(|why| CliError::configuration(format!("--timestamp-url: {why}")))?;
    let mut roots: Vec<Certificate> = Vec::new();
    for file in root_files {
        roots.extend(read_certificates(file).map_err(|why| CliError::from(why).context("--timestamp-root"))?);
    }
    TimestampingAuthority::new(url, roots).map_err(|why| CliError::from(why).context("--timestamp-root"))
}
