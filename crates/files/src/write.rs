//! Writing files so that a crash leaves them whole.

use std::fs::{File, Permissions};
use std::io;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

/// Replaces a file in one step: afterwards, also after a power failure, it is there whole, or as it was before. Its mode is
/// `mode` less what the umask takes.
///
/// # Errors
/// What the system says; the file is then as it was, unless only the last step failed, which makes the change durable.
pub fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    written_beside(path, content, mode)?.persist(path)?;
    sync_folder(folder_of(path))
}

/// Makes a file in one step, as [`replace`] does, where there is none.
///
/// # Errors
/// `AlreadyExists` where there is one, which stays as it is, and what the system says.
pub fn create(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    written_beside(path, content, mode)?.persist_noclobber(path)?;
    sync_folder(folder_of(path))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn written_beside(path: &Path, content: &[u8], mode: u32) -> io::Result<NamedTempFile> {
    let temporary = tempfile::Builder::new().permissions(Permissions::from_mode(mode)).tempfile_in(folder_of(path));
    // The error names a file that nobody knows of.
    let temporary = temporary.map_err(|why| io::Error::from(why.kind()))?;
    temporary.as_file().write_all(content)?;
    temporary.as_file().sync_all()?;
    Ok(temporary)
}

/// Makes the names in a folder durable.
///
/// # Errors
/// What the system says.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
