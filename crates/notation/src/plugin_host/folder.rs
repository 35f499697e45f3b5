//! Where notation has its plugins: `plugin-extensibility.md`, "Plugin installation".

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use files::{FileError, check_program};

use super::PluginName;
use crate::{FolderError, NotationFolder};

/// The folder of notation's plugins: `NAME/notation-NAME` in it is the plugin `NAME`. Whoever may write there decides what
/// verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginFolder {
    root: PathBuf,
    config: BTreeMap<String, String>,
}

impl PluginFolder {
    /// The folder at `root`.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), config: BTreeMap::new() }
    }

    /// The folder that notation uses with these environment variables: `plugins` in its configuration folder.
    ///
    /// # Errors
    /// [`FolderError::Unknown`] when the variables do not say where that is.
    pub fn of_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, FolderError> {
        Ok(Self::at(NotationFolder::of_environment(variable)?.root().join("plugins")))
    }

    /// As it is; every plugin is told this: notation's `--plugin-config`.
    #[must_use]
    pub fn with_config(self, config: BTreeMap<String, String>) -> Self {
        Self { config, ..self }
    }

    pub(super) fn config(&self) -> &BTreeMap<String, String> {
        &self.config
    }

    /// The program of a plugin, which may be run: a regular file that no other user may write to.
    pub(super) fn program(&self, name: &PluginName) -> Result<PathBuf, FileError> {
        let program = self.root.join(name.to_string()).join(format!("notation-{name}"));
        match check_program(&program) {
            Ok(()) => Ok(program),
            // What is said to be missing is the program, whichever folder above it is.
            Err(FileError::Missing(_)) => Err(FileError::Missing(program)),
            Err(other) => Err(other),
        }
    }

    /// Where the folder is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }
}
