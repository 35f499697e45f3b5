//! Who may change a file or folder: its owner, its group and all others, by its mode.

use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{Mode, RawMode, Stat, StatVfsMountFlags, fstatvfs};
use rustix::process::geteuid;

use crate::error::FileError;

/// The write permission of the group and of all others.
const GROUP: u32 = 0o020;
const OTHERS: u32 = 0o002;
/// In a folder with this bit, only the owner of an entry and of the folder may rename or remove the entry.
const STICKY: u32 = 0o1000;

/// Whether a file belongs to the user of this process or to root.
pub(crate) fn is_own(stat: &Stat) -> bool {
    stat.st_uid == 0 || stat.st_uid == geteuid().as_raw()
}

/// What other users may write by the mode of a file or folder: the bits for `chmod`, such as `o-w`. `None` if nothing.
///
/// Write access of a group counts, unless the group is root's or the owner's own: with the common umask of 002, every
/// file is writable by the group that has only its owner, and the id of the owner.
pub(crate) fn open_to_others(stat: &Stat) -> Option<&'static str> {
    let mode = mode(stat);
    let group = mode & GROUP != 0 && stat.st_gid != 0 && stat.st_gid != stat.st_uid;
    match (group, mode & OTHERS != 0) {
        (false, false) => None,
        (false, true) => Some("o-w"),
        (true, false) => Some("g-w"),
        (true, true) => Some("go-w"),
    }
}

/// Rejects what belongs to another user.
pub(crate) fn check_owner(path: &Path, stat: &Stat) -> Result<(), FileError> {
    if is_own(stat) { Ok(()) } else { Err(FileError::Owner { path: path.to_owned(), owner: stat.st_uid }) }
}

/// Rejects what other users may write to.
pub(crate) fn check_writers(path: &Path, stat: &Stat) -> Result<(), FileError> {
    match open_to_others(stat) {
        None => Ok(()),
        Some(remedy) => Err(FileError::Writable { path: path.to_owned(), remedy }),
    }
}

/// Whether others may rename and remove the entries of a folder to which they may write.
pub(crate) fn is_sticky(stat: &Stat) -> bool {
    mode(stat) & STICKY != 0
}

/// Whether a file is on a file system that is mounted read-only: the mode of a Kubernetes volume lets all users write,
/// but the mount does not.
pub(crate) fn is_on_read_only_mount(file: impl AsFd) -> bool {
    fstatvfs(file).is_ok_and(|system| system.f_flag.contains(StatVfsMountFlags::RDONLY))
}

/// The type and the permissions. The width of the mode differs between systems.
#[allow(clippy::useless_conversion, clippy::unnecessary_cast, reason = "the type of the mode depends on the system")]
pub(crate) fn mode(stat: &Stat) -> u32 {
    stat.st_mode as u32
}

/// The permissions of a new file, for the system.
pub(crate) fn file_mode(mode: u32) -> Mode {
    Mode::from_raw_mode(mode as RawMode)
}
