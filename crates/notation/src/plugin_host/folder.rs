//! Notation's plugin folder: `plugin-extensibility.md`, "Plugin installation".

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use files::{FileError, check_program};

use super::PluginName;
use crate::{FolderError, NotationFolder};

/// The folder of notation's plugins: `NAME/notation-NAME` in it is the plugin `NAME`. Users with write access to it
/// control the results of verification.
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
    /// Returns [`FolderError::Unknown`] if the variables do not define the configuration folder.
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, FolderError> {
        Ok(Self::at(NotationFolder::from_environment(variable)?.root().join("plugins")))
    }

    /// Adds configuration that is passed to every plugin: notation's `--plugin-config`.
    #[must_use]
    pub fn with_config(self, config: BTreeMap<String, String>) -> Self {
        Self { config, ..self }
    }

    /// Returns the configuration that is passed to every plugin.
    #[must_use]
    pub fn plugin_config(&self) -> &BTreeMap<String, String> {
        &self.config
    }

    /// The path of a plugin's program, if it is safe to run: a regular file that no other user can change.
    pub(super) fn program(&self, name: &PluginName) -> Result<PathBuf, FileError> {
        let program = self.root.join(name.to_string()).join(format!("notation-{name}"));
        match check_program(&program) {
            Ok(()) => Ok(program),
            // Report the program as missing even if a folder above it is.
            Err(FileError::Missing(_)) => Err(FileError::Missing(program)),
            Err(other) => Err(other),
        }
    }

    /// The path of the folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }
}
