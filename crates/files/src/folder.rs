//! A folder of trusted files that stays open. What is read in it needs no other walk from `/`, and is in the folder
//! that was checked, even if another one has its name meanwhile.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Dir, FileType, Mode, OFlags, fstat, openat};

use crate::error::FileError;
use crate::owner::{check_owner, check_writers};
use crate::trusted::{read_regular, wrong_kind};
use crate::walk::{End, Place, Rule, Start, open_folder, walk, walk_from};

/// An open folder that only the user and root can change: neither the folder nor one above it belongs to another user,
/// and no other user may write to the folder. Folders above it may be such as `/tmp`.
#[derive(Debug, Clone)]
pub struct Folder {
    start: Start,
    path: PathBuf,
}

impl Folder {
    /// Opens a folder, which must not be a symbolic link.
    ///
    /// # Errors
    /// Returns [`FileError`] if there is no such folder, or other users could change it.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Self::at(path.to_owned(), &walk(path, Rule::Trusted, End::Link)?)
    }

    /// Opens a folder. It may be a symbolic link, as home folders often are.
    ///
    /// # Errors
    /// See [`Self::open`].
    pub fn open_linked(path: &Path) -> Result<Self, FileError> {
        Self::at(path.to_owned(), &walk(path, Rule::Trusted, End::Target)?)
    }

    /// As [`Self::open`], for a folder in this one.
    ///
    /// # Errors
    /// See [`Self::open`].
    pub fn folder(&self, name: impl AsRef<OsStr>) -> Result<Self, FileError> {
        let (path, place) = self.walk(name.as_ref(), End::Link)?;
        Self::at(path, &place)
    }

    /// As [`Self::open_linked`], for a folder in this one.
    ///
    /// # Errors
    /// See [`Self::open`].
    pub fn linked_folder(&self, name: impl AsRef<OsStr>) -> Result<Self, FileError> {
        let (path, place) = self.walk(name.as_ref(), End::Target)?;
        Self::at(path, &place)
    }

    /// Reads a regular file of at most `most` bytes in this folder. A symbolic link in place of the file is rejected.
    ///
    /// # Errors
    /// Returns [`FileError`] if the file cannot be read, is too large, or could be changed by other users.
    pub fn read_file(&self, name: impl AsRef<OsStr>, most: u64) -> Result<Vec<u8>, FileError> {
        let (path, place) = self.walk(name.as_ref(), End::Link)?;
        read_regular(&path, &place, most)
    }

    /// Returns the names in the folder, sorted. `None` if they are more than `most`.
    ///
    /// # Errors
    /// Returns [`FileError::Io`] if the folder cannot be listed.
    pub fn names(&self, most: usize) -> Result<Option<Vec<OsString>>, FileError> {
        let io = |why| FileError::io(&self.path, why);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = openat(&self.start.folder, ".", flags, Mode::empty()).map_err(io)?;
        let mut names = Vec::new();
        for entry in Dir::new(opened).map_err(io)? {
            let entry = entry.map_err(io)?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            if names.len() == most {
                return Ok(None);
            }
            names.push(OsStr::from_bytes(name).to_owned());
        }
        names.sort();
        Ok(Some(names))
    }

    /// Returns the path by which the folder was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn walk(&self, name: &OsStr, end: End) -> Result<(PathBuf, Place), FileError> {
        let path = self.path.join(name);
        let place = walk_from(&self.start, name, &path, end)?;
        Ok((path, place))
    }

    fn at(path: PathBuf, place: &Place) -> Result<Self, FileError> {
        match place.kind() {
            None => return Err(FileError::Missing(path)),
            Some(FileType::Directory) => {}
            Some(_) => return Err(wrong_kind(&path, place, "a folder")),
        }
        let folder = open_folder(&place.folder, &place.name).map_err(|why| FileError::io(&path, why))?;
        let stat = fstat(&folder).map_err(|why| FileError::io(&path, why))?;
        check_owner(&path, &stat)?;
        check_writers(&path, &stat)?;
        let start = Start { folder: folder.into(), path: place.path.clone(), system: place.system };
        Ok(Self { start, path })
    }
}
