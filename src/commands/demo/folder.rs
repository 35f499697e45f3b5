//! The folder of the demo, which is removed at the end unless it is to be kept.

use std::io;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir};

use super::{DemoError, LAYOUT, SIGNER};

/// The folders that the demo writes.
const WRITTEN: [&str; 2] = [LAYOUT, SIGNER];

/// A folder. Unless it stays, what the demo wrote is removed when it is dropped.
#[derive(Debug)]
pub(super) enum Folder {
    Temporary(TempDir),
    Given(GivenFolder),
    Stays(PathBuf),
}

/// A folder that the user named, and that was empty or did not exist.
#[derive(Debug)]
pub(super) struct GivenFolder {
    path: PathBuf,
    /// The folders that did not exist: the given one, and maybe some that it is in.
    created: Vec<PathBuf>,
    is_removed: bool,
}

impl GivenFolder {
    /// Removes what the demo wrote, and the folders that it created unless they have other files by now.
    fn remove(&mut self) -> io::Result<()> {
        self.is_removed = true;
        for name in WRITTEN {
            match std::fs::remove_dir_all(self.path.join(name)) {
                Err(why) if why.kind() != ErrorKind::NotFound => return Err(why),
                _ => {}
            }
        }
        for folder in &self.created {
            match std::fs::remove_dir(folder) {
                Err(why) if !matches!(why.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::NotFound) => {
                    return Err(why);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Drop for GivenFolder {
    fn drop(&mut self) {
        if !self.is_removed {
            // The command failed for another reason, which it reports.
            let _ = self.remove();
        }
    }
}

impl Folder {
    /// The given folder, which must be empty, or a temporary one.
    pub(super) fn new(given: Option<PathBuf>, keep: bool) -> Result<Self, DemoError> {
        let Some(path) = given else {
            let parent = std::env::temp_dir();
            let made = Builder::new().prefix("notation-aws-signer-demo-").tempdir();
            let made = made.map_err(|source| DemoError::Folder { path: parent, source })?;
            return Ok(if keep { Self::Stays(made.keep()) } else { Self::Temporary(made) });
        };
        let error = |source| DemoError::Folder { path: path.clone(), source };
        let path = std::path::absolute(&path).map_err(error)?;
        let is_missing = |folder: &&Path| std::fs::symlink_metadata(folder).is_err();
        let created = path.ancestors().take_while(is_missing).map(Path::to_owned).collect();
        files::create_folders(&path, 0o777).map_err(error)?;
        let path = path.canonicalize().map_err(error)?;
        if std::fs::read_dir(&path).map_err(error)?.next().is_some() {
            return Err(DemoError::NotEmpty(path));
        }
        Ok(if keep { Self::Stays(path) } else { Self::Given(GivenFolder { path, created, is_removed: false }) })
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Given(folder) => &folder.path,
            Self::Stays(path) => path,
        }
    }

    /// Removes what the demo wrote, unless it stays.
    pub(super) fn remove(self) -> Result<(), DemoError> {
        let path = self.path().to_owned();
        match self {
            Self::Temporary(folder) => folder.close().map_err(|source| DemoError::Folder { path, source }),
            Self::Given(mut folder) => folder.remove().map_err(|source| DemoError::Folder { path, source }),
            Self::Stays(_) => Ok(()),
        }
    }
}
