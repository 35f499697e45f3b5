//! Reading trust policies, trust stores, root certificates and plugins: files of limited size that only the user or
//! root can change.
//!
//! notation 1.3.2 only rejects symbolic links. Here, every folder on the way, every link that is followed and the file
//! itself must belong to the user or to root, and only these may write to them: otherwise another user decides what is
//! trusted. The checks are made on the open files.

use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, fstat};

use crate::error::FileError;
use crate::folder::Folder;
use crate::owner::{check_owner, check_writers, mode};
use crate::read::{read_open, read_up_to};
use crate::walk::{End, Place, Rule, walk};

/// Reads a regular file of at most `most` bytes. A symbolic link in place of the file is rejected.
///
/// # Errors
/// Returns [`FileError`] if the file cannot be read, is too large, or could be changed by other users.
pub fn read_file(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    read_regular(path, &walk(path, Rule::Trusted, End::Link)?, most)
}

/// As [`read_file`], for a path that the user chose: symbolic links of the user and of root are followed.
///
/// # Errors
/// See [`read_file`].
pub fn read_linked_file(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    read_regular(path, &walk(path, Rule::Trusted, End::Target)?, most)
}

/// As [`read_linked_file`], and pipes are read, too: `/dev/stdin`, and the shell's `<(command)`.
///
/// # Errors
/// See [`read_file`].
pub fn read_file_or_pipe(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    let place = walk(path, Rule::Trusted, End::Target)?;
    match place.kind() {
        Some(FileType::Fifo | FileType::CharacterDevice | FileType::Socket) => {
            // The parent process passed a descriptor. A name in the file system has an owner.
            if !place.descriptor
                && let Some(stat) = &place.found
            {
                check_owner(&place.path, stat)?;
                check_writers(&place.path, stat)?;
            }
            let bytes = read_up_to(path, most).map_err(|why| FileError::io(path, why))?;
            within(path, bytes, most)
        }
        _ => read_regular(path, &place, most),
    }
}

/// Checks a folder, which must not be a symbolic link.
///
/// # Errors
/// Returns [`FileError`] if there is no such folder, or other users could change it.
pub fn check_folder(path: &Path) -> Result<(), FileError> {
    Folder::open(path).map(drop)
}

/// Checks a parent of the folders that the specification defines. It may be a symbolic link, as home folders often are.
///
/// # Errors
/// See [`check_folder`].
pub fn check_parent(path: &Path) -> Result<(), FileError> {
    Folder::open_linked(path).map(drop)
}

/// Checks a program in a folder of programs before it is run: an executable regular file, to which, as to its folder,
/// only the user and root may write.
///
/// # Errors
/// Returns [`FileError`] if there is no such program, or other users could change it.
pub fn check_program(path: &Path) -> Result<(), FileError> {
    if let Some(folder) = path.parent() {
        check_folder(folder)?;
    }
    check_executable(path, &walk(path, Rule::Trusted, End::Link)?)
}

/// As [`check_program`], for a path that the user chose: symbolic links are followed, and the folder may be one such as
/// `/tmp`. Returns the path without links.
///
/// # Errors
/// See [`check_program`].
pub fn check_chosen_program(path: &Path) -> Result<PathBuf, FileError> {
    let place = walk(path, Rule::Trusted, End::Target)?;
    check_executable(path, &place)?;
    Ok(place.path)
}

/// Checks what belongs to a private folder: a regular file or a folder, not a link, that only they may write to. What
/// does not exist is fine.
///
/// # Errors
/// Returns [`FileError`] if it is something else, or other users could change it.
pub fn check_content(path: &Path) -> Result<(), FileError> {
    let place = match walk(path, Rule::Trusted, End::Link) {
        Err(FileError::Missing(_)) => return Ok(()),
        place => place?,
    };
    let Some(found) = &place.found else { return Ok(()) };
    match place.kind() {
        Some(FileType::RegularFile | FileType::Directory) => {}
        _ => return Err(wrong_kind(path, &place, "a regular file or a folder")),
    }
    check_owner(path, found)?;
    check_writers(path, found)
}

fn check_executable(path: &Path, place: &Place) -> Result<(), FileError> {
    let Some(found) = &place.found else { return Err(FileError::Missing(path.to_owned())) };
    let expected = "an executable regular file";
    if place.kind() != Some(FileType::RegularFile) {
        return Err(wrong_kind(path, place, expected));
    }
    if mode(found) & 0o111 == 0 {
        return Err(FileError::Kind { path: path.to_owned(), found: "a file that is not executable", expected });
    }
    check_owner(path, found)?;
    check_writers(path, found)
}

/// Reads the regular file at a place.
pub(crate) fn read_regular(path: &Path, place: &Place, most: u64) -> Result<Vec<u8>, FileError> {
    match place.kind() {
        None => return Err(FileError::Missing(path.to_owned())),
        Some(FileType::RegularFile) => {}
        Some(_) => return Err(wrong_kind(path, place, "a regular file")),
    }
    let io = |source| FileError::io(path, source);
    let file = File::from(place.open(OFlags::RDONLY, Mode::empty()).map_err(|why| io(why.into()))?);
    let stat = fstat(&file).map_err(|why| io(why.into()))?;
    if place.found.is_none_or(|found| (found.st_dev, found.st_ino) != (stat.st_dev, stat.st_ino)) {
        return Err(FileError::Replaced(path.to_owned()));
    }
    check_owner(path, &stat)?;
    check_writers(path, &stat)?;
    within(path, read_open(file, most).map_err(io)?, most)
}

fn within(path: &Path, bytes: Vec<u8>, most: u64) -> Result<Vec<u8>, FileError> {
    if bytes.len() as u64 > most { Err(FileError::TooLarge { path: path.to_owned(), most }) } else { Ok(bytes) }
}

/// The error for something else than a file or folder of the expected type.
pub(crate) fn wrong_kind(path: &Path, place: &Place, expected: &'static str) -> FileError {
    let found = match place.kind() {
        Some(FileType::Symlink) => "a symbolic link",
        Some(FileType::Directory) => "a folder",
        Some(FileType::RegularFile) => "a file",
        _ => "a special file",
    };
    FileError::Kind { path: path.to_owned(), found, expected }
}
