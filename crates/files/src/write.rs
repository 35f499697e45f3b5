//! Writing files atomically: a crash leaves no partial file.

use std::fs::{File, Permissions};
use std::io;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

/// Replaces a file atomically: after a crash or power failure it has either the new content or the old one. Its mode is
/// `mode` restricted by the umask.
///
/// # Errors
/// Returns the system's error. The file is then unchanged, unless only the last step failed, which makes the change
/// durable.
pub fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    written_beside(path, content, mode)?.persist(path)?;
    sync_folder(folder_of(path))
}

/// Creates a new file atomically, as [`replace`] does.
///
/// # Errors
/// Returns `AlreadyExists` if the file exists, which is then unchanged, and other errors of the system.
pub fn create(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    written_beside(path, content, mode)?.persist_noclobber(path)?;
    sync_folder(folder_of(path))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn written_beside(path: &Path, content: &[u8], mode: u32) -> io::Result<NamedTempFile> {
    let temporary = tempfile::Builder::new().permissions(Permissions::from_mode(mode)).tempfile_in(folder_of(path));
    // Drop the path from the error: the user does not know the temporary file.
    let temporary = temporary.map_err(|why| io::Error::from(why.kind()))?;
    temporary.as_file().write_all(content)?;
    temporary.as_file().sync_all()?;
    Ok(temporary)
}

/// Makes new and changed names in a folder durable.
///
/// # Errors
/// Returns the system's error.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
