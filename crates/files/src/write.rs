//! Writing files and folders. A crash leaves no partial file, and links of other users are not followed.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat, mkdirat, renameat};
use rustix::io::Errno;

use crate::error::FileError;
use crate::owner::{file_mode, is_own};
use crate::target::Target;
use crate::walk::{End, Place, Rule, walk};

/// How often a file is opened that appears or goes meanwhile.
const ATTEMPTS: usize = 10;

/// Replaces a file atomically: after a crash or power failure it has either the new content or the old one. Its mode is
/// `mode` restricted by the umask. A symbolic link is replaced, not followed.
///
/// # Errors
/// Returns the system's error. The file is then unchanged, unless only the last step failed, which makes the change
/// durable.
pub fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    Target::itself(path)?.replace(content, mode)
}

/// Creates a new file atomically, as [`replace`] does.
///
/// # Errors
/// Returns `AlreadyExists` if anything has this name, also a symbolic link that leads nowhere, which is then unchanged,
/// and other errors of the system.
pub fn create(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    Target::itself(path)?.create(content, mode)
}

/// Creates a folder and its parents, with `mode` restricted by the umask. Existing ones are kept.
///
/// # Errors
/// Returns the system's error, `AlreadyExists` if something else has the name, and `PermissionDenied` if a link of
/// another user is on the way.
pub fn create_folders(path: &Path, mode: u32) -> io::Result<()> {
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    let place = match walk(path, Rule::Written, End::Target) {
        Err(FileError::Missing(_)) => {
            let parent = path.parent().ok_or(io::ErrorKind::NotFound)?;
            create_folders(parent, mode)?;
            walk(path, Rule::Written, End::Target)?
        }
        place => place?,
    };
    match place.kind() {
        Some(FileType::Directory) => Ok(()),
        Some(_) => Err(io::ErrorKind::AlreadyExists.into()),
        None if place.linked => Err(io::ErrorKind::AlreadyExists.into()),
        None => match mkdirat(&place.folder, &place.name, file_mode(mode)) {
            // Another process was faster.
            Err(Errno::EXIST) if path.is_dir() => Ok(()),
            made => Ok(made?),
        },
    }
}

/// Opens a file for appending, created with mode 0600. If it has more than `most` bytes, it is renamed to `NAME.1`
/// before. Symbolic links of the user are followed; devices such as `/dev/stderr` are opened.
///
/// # Errors
/// Returns the system's error, `AlreadyExists` for a link that leads nowhere and for a pipe, and `PermissionDenied` for
/// what another user may have placed there.
pub fn open_to_append(path: &Path, most: u64) -> io::Result<File> {
    for _ in 0..ATTEMPTS {
        let place = walk(path, Rule::Written, End::Target)?;
        let access = OFlags::WRONLY | OFlags::APPEND;
        let opened = match place.kind() {
            Some(FileType::CharacterDevice) => place.open_stream(access, Mode::empty()),
            Some(_) if place.descriptor => place.open_stream(access, Mode::empty()),
            Some(FileType::RegularFile) => {
                let large = place.found.is_some_and(|stat| u64::try_from(stat.st_size).is_ok_and(|size| size > most));
                if large {
                    let mut aside = place.name.clone();
                    aside.push(".1");
                    renameat(&place.folder, &place.name, &place.folder, &aside)?;
                    continue;
                }
                let file = place.open(access, Mode::empty());
                if let Ok(file) = &file {
                    check_unshared(&place, file)?;
                }
                file
            }
            Some(_) => return Err(io::ErrorKind::AlreadyExists.into()),
            None if place.linked => return Err(io::ErrorKind::AlreadyExists.into()),
            None => place.open(access | OFlags::CREATE | OFlags::EXCL, file_mode(0o600)),
        };
        match opened {
            Err(Errno::EXIST | Errno::NOENT) => {}
            opened => return Ok(opened?.into()),
        }
    }
    Err(io::Error::other("it appears and goes all the time"))
}

/// Opens the file of a lock, created with mode 0600. Its content is kept.
///
/// # Errors
/// Returns the system's error, `AlreadyExists` if it is not a regular file, and `PermissionDenied` if it belongs to
/// another user.
pub fn open_lock(path: &Path) -> io::Result<File> {
    for _ in 0..ATTEMPTS {
        let place = walk(path, Rule::Written, End::Link)?;
        let opened = match place.kind() {
            Some(FileType::RegularFile) => {
                let file = place.open(OFlags::RDWR, Mode::empty());
                if let Ok(file) = &file {
                    check_own(&place, file)?;
                }
                file
            }
            Some(_) => return Err(io::ErrorKind::AlreadyExists.into()),
            None => place.open(OFlags::RDWR | OFlags::CREATE | OFlags::EXCL, file_mode(0o600)),
        };
        match opened {
            Err(Errno::EXIST | Errno::NOENT) => {}
            opened => return Ok(opened?.into()),
        }
    }
    Err(io::Error::other("it appears and goes all the time"))
}

/// Where other users may write, a file is used only if it belongs to the user or to root, and has no other name.
fn check_unshared(place: &Place, file: &impl std::os::fd::AsFd) -> io::Result<()> {
    if place.shared { check_own(place, file) } else { Ok(()) }
}

fn check_own(place: &Place, file: &impl std::os::fd::AsFd) -> io::Result<()> {
    let stat = fstat(file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    if !is_own(&stat) {
        return Err(FileError::Owner { path: place.path.clone(), owner: stat.st_uid }.into());
    }
    if place.shared && stat.st_nlink > 1 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file has other names (hard links)"));
    }
    Ok(())
}

/// Makes new and changed names in a folder durable.
///
/// # Errors
/// Returns the system's error.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
