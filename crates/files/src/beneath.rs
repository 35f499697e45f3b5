//! Files in a folder, by paths from outside: nothing outside the folder is reached, whatever the path says and whatever
//! links the folder has.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat, fsync, mkdirat, openat};
use rustix::io::Errno;

use crate::error::FileError;
use crate::owner::file_mode;
use crate::temporary::Temporary;

/// The longest path that is followed.
const MOST: usize = 4096;

/// The longest name of a file on common file systems, in bytes.
const LONGEST_NAME: usize = 255;

/// An open folder. Paths are followed from it, name by name, and never through a symbolic link.
#[derive(Debug)]
pub struct Beneath {
    folder: OwnedFd,
}

/// A file that is written and has no name yet. Without [`NewFile::publish`] it is removed.
#[derive(Debug)]
pub struct NewFile {
    folder: OwnedFd,
    name: String,
    file: File,
    temporary: Option<Temporary>,
}

impl Beneath {
    /// Opens a folder. Links on the way to it are followed: its path is not from outside.
    ///
    /// # Errors
    /// Returns [`FileError`] if there is no such folder.
    pub fn open(folder: &Path) -> Result<Self, FileError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(folder, flags, Mode::empty()).map_err(|why| FileError::io(folder, why))?;
        Ok(Self { folder })
    }

    /// Opens a regular file for reading. Pipes and devices are refused, and do not block.
    ///
    /// # Errors
    /// Returns `NotFound` if it does not exist, `InvalidInput` if the path could lead out of the folder, or the file is
    /// not a regular one, and other errors of the system.
    pub fn read(&self, path: &str) -> io::Result<File> {
        let (folders, name) = names(path)?;
        let folder = self.enter(&folders, false)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = openat(&folder, name, flags, Mode::empty()).map_err(explained)?;
        if FileType::from_raw_mode(fstat(&file)?.st_mode) != FileType::RegularFile {
            return Err(refused("not a regular file"));
        }
        Ok(file.into())
    }

    /// Begins to write a new file. Its folders are created. Its mode is `mode` restricted by the umask. What a process
    /// left of the same file when it was killed is removed; no two may write it at a time.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn create(&self, path: &str, mode: u32) -> io::Result<NewFile> {
        let (folders, name) = names(path)?;
        let folder = self.enter(&folders, true)?;
        let temporary = format!(".tmp-{name}");
        let (temporary, file) = match temporary.len() {
            ..=LONGEST_NAME => Temporary::named(&folder, temporary.into(), mode)?,
            _ => Temporary::new(&folder, mode)?,
        };
        Ok(NewFile { folder, name: name.to_owned(), file, temporary: Some(temporary) })
    }

    fn enter(&self, folders: &[&str], create: bool) -> io::Result<OwnedFd> {
        let mut at = self.folder.try_clone()?;
        for name in folders {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            at = match openat(&at, *name, flags, Mode::empty()) {
                Err(Errno::NOENT) if create => {
                    match mkdirat(&at, *name, file_mode(0o777)) {
                        // Another process was faster.
                        Ok(()) | Err(Errno::EXIST) => {}
                        Err(why) => return Err(why.into()),
                    }
                    fsync(&at)?;
                    openat(&at, *name, flags, Mode::empty()).map_err(explained)?
                }
                opened => opened.map_err(explained)?,
            };
        }
        Ok(at)
    }
}

impl NewFile {
    /// The file to write to.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives the file its name, durably. A file that has the name is not replaced.
    ///
    /// # Errors
    /// Returns `AlreadyExists` if something has the name, and other errors of the system.
    pub fn publish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        if let Some(temporary) = self.temporary.take() {
            temporary.rename_to_new(&self.folder, OsStr::new(&self.name))?;
        }
        Ok(fsync(&self.folder)?)
    }
}

/// The folders and the name of a path from outside.
fn names(path: &str) -> io::Result<(Vec<&str>, &str)> {
    if path.len() > MOST || path.contains('\0') {
        return Err(refused("the path is too long, or contains a NUL character"));
    }
    let mut names: Vec<&str> = path.split('/').collect();
    if names.iter().any(|name| matches!(*name, "" | "." | "..") || name.starts_with(".tmp")) {
        return Err(refused("the path must be relative, without empty names, names that begin with .tmp, . and .."));
    }
    match names.pop() {
        Some(name) => Ok((names, name)),
        None => Err(refused("the path is empty")),
    }
}

/// Links are errors of the caller's path, not of the system.
fn explained(why: Errno) -> io::Error {
    match why {
        // What is on the way is a link, or a file. Some systems say MLINK for a link.
        Errno::LOOP | Errno::MLINK => refused("symbolic links are not followed"),
        Errno::NOTDIR => refused("a folder of the path is a file or a symbolic link"),
        Errno::NXIO => refused("not a regular file"),
        why => why.into(),
    }
}

fn refused(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}
