//! Following a path step by step, each from the open folder before it. What was checked is what is used: another user
//! cannot put a link or another file in its place meanwhile.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, openat, readlinkat, statat};
use rustix::io::Errno;

use crate::error::FileError;
use crate::owner::{is_on_read_only_mount, is_own, is_sticky, open_to_others};

/// The most symbolic links that are followed, as in Linux.
const MAX_LINKS: usize = 40;

/// What must hold on the way to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// For what is trusted. Every folder and every link belongs to the user or to root, and only these may change
    /// what the path leads to. A folder that all may write to is accepted if it is sticky, such as `/tmp`.
    Trusted,
    /// For what is written. Where other users may write, their links are not followed: neither in `/tmp`, nor in a
    /// folder of theirs, into which root may be asked to write.
    Written,
}

/// What happens to a symbolic link at the end of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It is found.
    Link,
    /// What it leads to is found.
    Target,
}

/// Where a path leads: a name in an open folder.
#[derive(Debug)]
pub(crate) struct Place {
    /// The folder; only for use as the start of other paths.
    pub(crate) folder: Arc<OwnedFd>,
    /// The name in the folder; `.` for the folder itself.
    pub(crate) name: OsString,
    /// The path without links.
    pub(crate) path: PathBuf,
    /// What has the name; `None` if nothing has.
    pub(crate) found: Option<Stat>,
    /// Whether other users may write to the folder, by its mode or as its owner.
    pub(crate) shared: bool,
    /// Whether the last name of the path is a symbolic link that was followed.
    pub(crate) linked: bool,
    /// Whether it is an open file of a process, such as `/dev/stdin` or `/dev/fd/63`.
    pub(crate) descriptor: bool,
    /// See [`Start::system`].
    pub(crate) system: u32,
}

impl Place {
    /// The type of what has the name.
    pub(crate) fn kind(&self) -> Option<FileType> {
        self.found.as_ref().map(|stat| FileType::from_raw_mode(stat.st_mode))
    }

    /// Opens what has the name, never through a link. A regular file that a pipe has replaced does not block.
    pub(crate) fn open(&self, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
        self.open_stream(flags | OFlags::NONBLOCK, mode)
    }

    /// As [`Self::open`], but a pipe waits for its other end.
    pub(crate) fn open_stream(&self, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
        let always = OFlags::NOCTTY | OFlags::CLOEXEC;
        let links = if self.descriptor { OFlags::empty() } else { OFlags::NOFOLLOW };
        openat(&self.folder, &self.name, flags | always | links, mode)
    }
}

/// An open folder from which trusted files are reached. Everything on the way to it was checked, and it itself: other
/// users can neither change it nor replace it.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    pub(crate) folder: Arc<OwnedFd>,
    /// The path without links.
    pub(crate) path: PathBuf,
    /// The owner of `/`. In a user namespace without root, that is an id that stands for root and all others; who owns
    /// `/` can change everything anyway.
    pub(crate) system: u32,
}

/// Follows a path to its last name, which need not exist.
pub(crate) fn walk(path: &Path, rule: Rule, end: End) -> Result<Place, FileError> {
    Walk::start(path, rule)?.follow(path, end)
}

/// As [`walk`] under [`Rule::Trusted`], from an open folder. `path` is that of the folder joined with `name`, for
/// errors.
pub(crate) fn walk_from(start: &Start, name: &OsStr, path: &Path, end: End) -> Result<Place, FileError> {
    Walk::from(start, Path::new(name)).follow(path, end)
}

struct Walk {
    rule: Rule,
    folder: Arc<OwnedFd>,
    at: PathBuf,
    shared: bool,
    /// See [`Start::system`].
    system: u32,
    /// The names to come, the next one last.
    steps: Vec<OsString>,
}

impl Walk {
    fn start(path: &Path, rule: Rule) -> Result<Self, FileError> {
        // What is trusted depends on all folders up to the root. Files are also written where these cannot be searched.
        let whole = match rule {
            Rule::Trusted => std::path::absolute(path).map_err(|why| FileError::io(path, why))?,
            Rule::Written => path.to_owned(),
        };
        let at = if whole.is_absolute() { PathBuf::from("/") } else { PathBuf::new() };
        let first = if whole.is_absolute() { Path::new("/") } else { Path::new(".") };
        let folder = open_folder(CWD, first.as_os_str()).map_err(|why| FileError::io(first, why))?;
        let stat = fstat(&folder).map_err(|why| FileError::io(&at, why))?;
        let system = match whole.is_absolute() {
            true => stat.st_uid,
            false => statat(CWD, "/", AtFlags::empty()).map_or(0, |stat| stat.st_uid),
        };
        let mut walk = Self { rule, folder: Arc::new(folder), at, shared: false, system, steps: Vec::new() };
        walk.check_folder(&stat)?;
        walk.add(&whole);
        Ok(walk)
    }

    fn from(start: &Start, path: &Path) -> Self {
        let Start { folder, path: at, system } = start.clone();
        let mut walk = Self { rule: Rule::Trusted, folder, at, shared: false, system, steps: Vec::new() };
        walk.add(path);
        walk
    }

    fn follow(mut self, path: &Path, end: End) -> Result<Place, FileError> {
        let mut links = 0;
        // Whether the last name of the path was a link: then the names to come are those of its target.
        let mut linked = false;
        let mut descriptor = false;
        let mut found = None;
        let mut name = OsString::from(".");
        while let Some(step) = self.steps.pop() {
            if step == ".." {
                self.enter(&step).map_err(|why| self.not_entered(&step, path, why))??;
                continue;
            }
            let is_last = self.steps.is_empty();
            // Most names on the way are those of folders: to open one and to look at what is open takes fewer calls
            // than to look at the name first.
            let not_opened = match is_last {
                true => None,
                false => match self.enter(&step) {
                    Ok(checked) => {
                        checked?;
                        continue;
                    }
                    Err(why) => Some(why),
                },
            };
            let here = self.at.join(&step);
            let stat = match statat(&self.folder, &step, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                Err(Errno::NOENT) if is_last => {
                    name = step;
                    break;
                }
                Err(Errno::NOENT) => return Err(FileError::Missing(path.to_owned())),
                Err(why) => return Err(FileError::io(&here, why)),
            };
            match (FileType::from_raw_mode(stat.st_mode), not_opened) {
                (FileType::Symlink, _) if !(is_last && end == End::Link) => {
                    self.check_link(&here, &stat)?;
                    linked |= is_last;
                    if is_last && self.has_descriptors() {
                        descriptor = true;
                        found = Some(
                            statat(&self.folder, &step, AtFlags::empty()).map_err(|why| FileError::io(&here, why))?,
                        );
                        name = step;
                        break;
                    }
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(FileError::io(&here, Errno::LOOP));
                    }
                    self.turn_to_target(&step, &here)?;
                }
                (FileType::Directory, Some(why)) => return Err(self.not_entered(&step, path, why)),
                (_, Some(_)) => return Err(FileError::io(&here, Errno::NOTDIR)),
                (_, None) => {
                    // Where the open files of a process are no links, they are what is found.
                    descriptor = cfg!(not(any(target_os = "linux", target_os = "android"))) && self.has_descriptors();
                    found = Some(stat);
                    name = step;
                }
            }
        }
        if name == "." {
            found = Some(fstat(&self.folder).map_err(|why| FileError::io(path, why))?);
        }
        let Self { folder, at, shared, system, .. } = self;
        let path = if name == "." { at } else { at.join(&name) };
        Ok(Place { folder, name, path, found, shared, linked, descriptor, system })
    }

    /// Adds the names of a path before the others.
    fn add(&mut self, path: &Path) {
        let step = |part| match part {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some(OsString::from("..")),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        };
        self.steps.extend(path.components().rev().filter_map(step));
    }

    /// Opens a folder in the current one and goes on from there. Returns why it cannot be opened, or else the result of
    /// its checks.
    fn enter(&mut self, name: &OsStr) -> Result<Result<(), FileError>, Errno> {
        let folder = open_folder(&self.folder, name)?;
        let is_up = name == "..";
        if !is_up || self.at.ends_with("..") || (self.at.as_os_str().is_empty()) {
            self.at.push(name);
        } else {
            self.at.pop();
        }
        Ok(self.go_to(folder))
    }

    /// The error for a folder that cannot be opened.
    fn not_entered(&self, name: &OsStr, path: &Path, why: Errno) -> FileError {
        match why {
            // It was there, and is something else now.
            Errno::LOOP | Errno::NOTDIR => FileError::Replaced(path.to_owned()),
            why => FileError::io(&self.at.join(name), why),
        }
    }

    fn go_to(&mut self, folder: OwnedFd) -> Result<(), FileError> {
        let stat = fstat(&folder).map_err(|why| FileError::io(&self.at, why))?;
        self.folder = Arc::new(folder);
        self.check_folder(&stat)
    }

    /// Goes on with the target of a link in the current folder.
    fn turn_to_target(&mut self, name: &OsStr, here: &Path) -> Result<(), FileError> {
        let target = readlinkat(&self.folder, name, Vec::new()).map_err(|why| match why {
            Errno::INVAL => FileError::Replaced(here.to_owned()),
            why => FileError::io(here, why),
        })?;
        let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
        if target.is_absolute() {
            let root = Path::new("/");
            let folder = open_folder(CWD, root.as_os_str()).map_err(|why| FileError::io(root, why))?;
            self.at = root.to_owned();
            self.go_to(folder)?;
        }
        self.add(&target);
        Ok(())
    }

    /// Checks the current folder, as it is open.
    fn check_folder(&mut self, stat: &Stat) -> Result<(), FileError> {
        let remedy = open_to_others(stat).filter(|_| !is_on_read_only_mount(&self.folder));
        let is_foreign = !is_own(stat) && stat.st_uid != self.system;
        self.shared = is_foreign || remedy.is_some();
        if self.rule == Rule::Written {
            return Ok(());
        }
        if is_foreign {
            return Err(FileError::Owner { path: self.at.clone(), owner: stat.st_uid });
        }
        match remedy {
            Some(remedy) if !is_sticky(stat) => Err(FileError::Writable { path: self.at.clone(), remedy }),
            _ => Ok(()),
        }
    }

    fn check_link(&self, here: &Path, stat: &Stat) -> Result<(), FileError> {
        if is_own(stat) || (!self.shared && (self.rule == Rule::Written || stat.st_uid == self.system)) {
            return Ok(());
        }
        Err(FileError::Link { path: here.to_owned(), owner: stat.st_uid })
    }

    /// Whether the links in the current folder are open files of a process. They lead to the files themselves, also
    /// to those without a name.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn has_descriptors(&self) -> bool {
        rustix::fs::fstatfs(&self.folder).is_ok_and(|system| system.f_type == rustix::fs::PROC_SUPER_MAGIC)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn has_descriptors(&self) -> bool {
        self.at == Path::new("/dev/fd")
    }
}

/// Opens a folder, never through a link. Where the system permits it, a folder that may only be searched is enough.
pub(crate) fn open_folder(from: impl AsFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let access = OFlags::PATH;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let access = OFlags::RDONLY;
    openat(from, name, access | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}
