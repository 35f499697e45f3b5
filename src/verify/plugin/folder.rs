//! Where notation has its plugins: `plugin-extensibility.md`, "Plugin installation".

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::trust::{FolderError, NotationFolder};

/// The folder of notation's plugins: `NAME/notation-NAME` in it is the plugin `NAME`. Whoever may write there decides what
/// verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginFolder(PathBuf);

impl PluginFolder {
    /// The folder at `root`.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self(root.into())
    }

    /// The folder that notation uses with these environment variables: `plugins` in its configuration folder.
    ///
    /// # Errors
    /// [`FolderError::Unknown`] when the variables do not say where that is.
    pub fn of_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, FolderError> {
        Ok(Self(NotationFolder::of_environment(variable)?.root().join("plugins")))
    }

    /// Where the folder is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0
    }
}
