//! Reads the envelope file that `--signature` names.

use std::path::Path;

use files::read_up_to;
use notary::ReasonCode;
use notary::envelope::MAX_ENVELOPE_SIZE;

use crate::arguments::input_file::unreadable;
use crate::output::exit::CliError;

/// The file's bytes.
///
/// # Errors
/// Returns [`CliError`] if the file cannot be read, or is larger than `MAX_ENVELOPE_SIZE`.
pub fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let bytes = read_up_to(file, MAX_ENVELOPE_SIZE as u64);
    let bytes = bytes.map_err(|why| unreadable(file, why).context("--signature"))?;
    if bytes.len() > MAX_ENVELOPE_SIZE {
        let file = file.display();
        let why = format!("{file} is not a signature envelope: it is larger than {MAX_ENVELOPE_SIZE} bytes");
        return Err(CliError::new(ReasonCode::Integrity, why));
    }
    Ok(bytes)
}
