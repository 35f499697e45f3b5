//! Files that have no name of their own yet.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, OFlags, linkat, openat, renameat, unlinkat};
use rustix::io::Errno;

use crate::owner::file_mode;

/// How many names are tried for a temporary file.
const ATTEMPTS: usize = 100;

/// A temporary file in a folder. It is removed unless it was renamed.
#[derive(Debug)]
pub(crate) struct Temporary {
    folder: OwnedFd,
    name: OsString,
    is_there: bool,
}

impl Temporary {
    /// Creates an empty file.
    pub(crate) fn new(folder: &OwnedFd, mode: u32) -> io::Result<(Self, File)> {
        let folder = folder.try_clone()?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        for _ in 0..ATTEMPTS {
            let random: String = std::iter::repeat_with(fastrand::alphanumeric).take(10).collect();
            let name = OsString::from(format!(".tmp{random}"));
            match openat(&folder, &name, flags, file_mode(mode)) {
                Ok(file) => return Ok((Self { folder, name, is_there: true }, file.into())),
                Err(Errno::EXIST) => {}
                Err(why) => return Err(why.into()),
            }
        }
        Err(io::Error::other("no free name for a temporary file"))
    }

    /// Creates an empty file with this name, in place of one that a process left when it was killed.
    pub(crate) fn named(folder: &OwnedFd, name: OsString, mode: u32) -> io::Result<(Self, File)> {
        let folder = folder.try_clone()?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        for _ in 0..ATTEMPTS {
            match openat(&folder, &name, flags, file_mode(mode)) {
                Ok(file) => return Ok((Self { folder, name, is_there: true }, file.into())),
                Err(Errno::EXIST) => unlinkat(&folder, &name, AtFlags::empty())?,
                Err(why) => return Err(why.into()),
            }
        }
        Err(io::Error::other("the temporary file is created again and again by others"))
    }

    /// Gives the file a name, in place of what has it.
    pub(crate) fn rename_over(mut self, folder: &OwnedFd, name: &OsStr) -> io::Result<()> {
        renameat(&self.folder, &self.name, folder, name)?;
        self.is_there = false;
        Ok(())
    }

    /// Gives the file a name that nothing has.
    pub(crate) fn rename_to_new(mut self, folder: &OwnedFd, name: &OsStr) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
        {
            use rustix::fs::{RenameFlags, renameat_with};
            match renameat_with(&self.folder, &self.name, folder, name, RenameFlags::NOREPLACE) {
                Ok(()) => {
                    self.is_there = false;
                    return Ok(());
                }
                // Not every file system has it.
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
                Err(why) => return Err(why.into()),
            }
        }
        // The temporary name goes with this value.
        Ok(linkat(&self.folder, &self.name, folder, name, AtFlags::empty())?)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.is_there {
            // The file may be gone, which is as well.
            let _ = unlinkat(&self.folder, &self.name, AtFlags::empty());
        }
    }
}
