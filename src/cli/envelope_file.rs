//! Files that an envelope is in, as `--signature` names them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::exit::CliError;
use crate::envelope::MAX_ENVELOPE_SIZE;

/// The file's bytes; one more than an envelope may have is enough to see that it is none.
///
/// # Errors
/// When it cannot be read, or has more.
pub fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|open| open.take(MAX_ENVELOPE_SIZE as u64 + 1).read_to_end(&mut bytes))
        .map_err(|why| CliError::usage(format!("--signature {}: {why}", file.display())))?;
    if bytes.len() > MAX_ENVELOPE_SIZE {
        let file = file.display();
        return Err(CliError::refused(format!(
            "{file}: more than {MAX_ENVELOPE_SIZE} bytes are no signature envelope"
        )));
    }
    Ok(bytes)
}
