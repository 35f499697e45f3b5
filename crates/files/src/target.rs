//! Files that are written: what a path names now, and writing there in one step.

use std::fs::File;
use std::io;
use std::io::Write as _;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat, fsync, openat};

use crate::error::FileError;
use crate::owner::is_own;
use crate::temporary::Temporary;
use crate::walk::{End, Place, Rule, walk};

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// Nothing.
    Nothing,
    /// A regular file.
    File,
    /// A character device such as `/dev/null`, or an open file of a process such as `/dev/fd/63`.
    Stream,
    /// A named pipe.
    Pipe,
    /// A folder, a block device or a socket.
    Other,
}

/// Where a file is to be written: a name in an open folder. Other users cannot lead it elsewhere meanwhile.
#[derive(Debug)]
pub struct Target {
    place: Place,
}

impl Target {
    /// Finds the target of a path. A symbolic link is followed, unless another user may have placed it there.
    ///
    /// # Errors
    /// Returns the system's error, for example if the folder does not exist.
    pub fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { place: walk(path, Rule::Written, End::Target)? })
    }

    /// As [`Self::of`], but a symbolic link at the end is what is found, and what is replaced.
    ///
    /// # Errors
    /// See [`Self::of`].
    pub(crate) fn itself(path: &Path) -> io::Result<Self> {
        Ok(Self { place: walk(path, Rule::Written, End::Link)? })
    }

    /// Returns what is there now.
    #[must_use]
    pub fn named(&self) -> Named {
        match self.place.kind() {
            None => Named::Nothing,
            Some(_) if self.place.descriptor => Named::Stream,
            Some(FileType::RegularFile) => Named::File,
            Some(FileType::CharacterDevice) => Named::Stream,
            Some(FileType::Fifo) => Named::Pipe,
            Some(_) => Named::Other,
        }
    }

    /// Whether the path ends in a symbolic link.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.place.linked
    }

    /// Returns the numbers of the device and the file, if something is there.
    #[must_use]
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the types depend on the system")]
    pub fn id(&self) -> Option<(u64, u64)> {
        self.place.found.as_ref().map(|stat| (stat.st_dev as u64, stat.st_ino as u64))
    }

    /// Writes a new file in one step. Its mode is `mode` restricted by the umask.
    ///
    /// # Errors
    /// Returns `AlreadyExists` if anything is there, which is then unchanged, and other errors of the system.
    pub fn create(&self, content: &[u8], mode: u32) -> io::Result<()> {
        self.write(content, mode)?.rename_to_new(&self.place.folder, &self.place.name)?;
        self.sync()
    }

    /// Writes a file in one step, in place of what is there.
    ///
    /// # Errors
    /// Returns the system's error. What is there is then unchanged, unless only the last step failed, which makes the
    /// change durable.
    pub fn replace(&self, content: &[u8], mode: u32) -> io::Result<()> {
        self.write(content, mode)?.rename_over(&self.place.folder, &self.place.name)?;
        self.sync()
    }

    /// Writes the content into a temporary file beside the target.
    fn write(&self, content: &[u8], mode: u32) -> io::Result<Temporary> {
        if self.place.name == "." {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let (temporary, mut file) = Temporary::new(&self.place.folder, mode)?;
        file.write_all(content)?;
        file.sync_all()?;
        Ok(temporary)
    }

    /// Opens a stream or a pipe for writing. A pipe waits for its reader; an open file is continued.
    ///
    /// # Errors
    /// Returns the system's error, and `PermissionDenied` if it is a pipe that another user may have placed there.
    pub fn open_stream(&self) -> io::Result<File> {
        self.check_owner()?;
        let file = self.place.open_stream(OFlags::WRONLY | OFlags::APPEND, Mode::empty())?;
        match FileType::from_raw_mode(fstat(&file)?.st_mode) {
            FileType::CharacterDevice | FileType::Fifo => Ok(file.into()),
            _ if self.place.descriptor => Ok(file.into()),
            _ => Err(io::ErrorKind::AlreadyExists.into()),
        }
    }

    /// Rejects what another user placed in a folder that several users may write to.
    fn check_owner(&self) -> io::Result<()> {
        let Place { shared, descriptor, found, path, .. } = &self.place;
        match found {
            Some(stat) if *shared && !descriptor && !is_own(stat) => {
                Err(FileError::Owner { path: path.clone(), owner: stat.st_uid }.into())
            }
            _ => Ok(()),
        }
    }

    fn sync(&self) -> io::Result<()> {
        Ok(fsync(openat(
            &self.place.folder,
            ".",
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?)?)
    }
}
