//! The folder of the demo: a temporary one is removed at the end, one that the user names stays.

use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir};

use super::DemoError;

/// A folder. If it is temporary, it is removed when it is dropped.
#[derive(Debug)]
pub(super) enum Folder {
    Temporary(TempDir),
    Stays(PathBuf),
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
        files::create_folders(&path, 0o777).map_err(error)?;
        let path = path.canonicalize().map_err(error)?;
        if std::fs::read_dir(&path).map_err(error)?.next().is_some() {
            return Err(DemoError::NotEmpty(path));
        }
        Ok(Self::Stays(path))
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Stays(path) => path,
        }
    }

    /// Removes a temporary folder.
    pub(super) fn remove(self) -> Result<(), DemoError> {
        let path = self.path().to_owned();
        match self {
            Self::Temporary(folder) => folder.close().map_err(|source| DemoError::Folder { path, source }),
            Self::Stays(_) => Ok(()),
        }
    }
}
