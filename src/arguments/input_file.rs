//! Files that the command line names for reading, with one wording of what is wrong with them.

use std::fs::File;
use std::io;
use std::path::Path;

use files::FileError;

use crate::output::exit::CliError;

/// The error of a file that cannot be read.
#[must_use]
pub fn unreadable(path: &Path, why: io::Error) -> CliError {
    FileError::reading(path, why).into()
}

/// Opens a regular file. Devices and pipes are refused: their content may never end, and cannot be read in any order.
///
/// # Errors
/// Returns [`CliError`] if it is not a regular file, or cannot be opened.
pub fn open(path: &Path) -> Result<File, CliError> {
    let metadata = std::fs::metadata(path).map_err(|why| unreadable(path, why))?;
    if !metadata.is_file() {
        let found = if metadata.is_dir() { "a folder" } else { "a device, a pipe or a socket" };
        return Err(FileError::Kind { path: path.to_owned(), found, expected: "a regular file" }.into());
    }
    File::open(path).map_err(|why| unreadable(path, why))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn says_what_is_wrong_in_the_words_of_all_files() {
        let folder = tempfile::tempdir().unwrap();
        let read = |path: &Path| files::read_up_to(path, 10).map_err(|why| unreadable(path, why));
        for (name, says) in [("", "is a folder; it must be a regular file"), ("missing", "does not exist")] {
            let path = folder.path().join(name);
            for why in [open(&path).unwrap_err(), read(&path).unwrap_err()] {
                assert!(why.message.starts_with(path.to_str().unwrap()) && why.message.ends_with(says), "{why}");
            }
        }
    }
}
