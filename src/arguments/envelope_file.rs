//! Files that an envelope is in, as `--signature` names them.

use std::path::Path;

use files::read_up_to;
use notary::envelope::MAX_ENVELOPE_SIZE;

use crate::output::exit::CliError;

/// The file's bytes; one more than an envelope may have is enough to see that it is none.
///
/// # Errors
/// When it cannot be read, or has more.
pub fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let bytes = read_up_to(file, MAX_ENVELOPE_SIZE as u64)
        .map_err(|why| CliError::usage(format!("--signature {}: {why}", file.display())))?;
    if bytes.len() > MAX_ENVELOPE_SIZE {
        let file = file.display();
        return Err(CliError::refused(format!(
            "{file}: more than {MAX_ENVELOPE_SIZE} bytes are no signature envelope"
        )));
    }
    Ok(bytes)
}
