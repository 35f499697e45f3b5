//! The configuration file of a local signer: its members, their defaults, and where it is.
//!
//! Relative paths are relative to the folder of the file. A file that other users can change is refused: it names files
//! to write and where events go.

mod members;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use files::FileError;
use reqwest::Url;

pub use self::settings::Settings;
use crate::{faults, quotas};

/// The name of the file that is read from the directory of the state if no other file is given.
pub const FILE_NAME: &str = "config.yaml";
/// The largest file that is read, in bytes.
const MAX_SIZE: u64 = 256 * 1024;

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read, or other users could change it.
    #[error(transparent)]
    File(#[from] FileError),
    /// The content is wrong.
    #[error("{path}, {problem}", path = path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The problem with its line and column.
        problem: yaml::Error,
    },
}

/// The configuration of a local signer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config {
    /// How many calls are answered in a second.
    pub quotas: quotas::Limits,
    /// The folders that play S3 buckets, by the names of the buckets.
    pub buckets: BTreeMap<String, PathBuf>,
    /// Where events about signing jobs go.
    pub events: EventTargets,
    /// The file that gets every call as a CloudTrail record.
    pub audit: Option<PathBuf>,
    /// Faults on purpose.
    pub faults: Vec<faults::Rule>,
    /// The certificate of the service, to serve HTTPS; `None` serves HTTP.
    pub tls: Option<TlsFiles>,
    /// The web pages.
    pub console: Console,
    /// The pages for monitoring.
    pub monitoring: Monitoring,
}

/// Where events about signing jobs go; nowhere unless configured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventTargets {
    /// A file that gets one JSON object a line.
    pub file: Option<PathBuf>,
    /// A URL that gets one POST request an event.
    pub webhook: Option<Url>,
}

/// The certificate of the service and its key, in PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by the intermediate certificates.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Settings of the web pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Console {
    /// Whether they are served.
    pub enabled: bool,
}

impl Default for Console {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// Settings of `/health` and `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Monitoring {
    /// Whether they answer clients on other machines, too, who need no access key.
    pub remote: bool,
}

/// Where a configuration comes from.
#[derive(Debug, Clone, Default)]
pub enum ConfigSource {
    /// `config.yaml` in the directory of the state; the defaults apply if it does not exist.
    #[default]
    Directory,
    /// This file.
    File(PathBuf),
    /// This value; loading again changes nothing.
    Value(Box<Config>),
}

impl ConfigSource {
    /// The file that is read, whether it exists or not, for a local signer whose state is in `directory`.
    #[must_use]
    pub fn path(&self, directory: &Path) -> Option<PathBuf> {
        match self {
            Self::Directory => Some(directory.join(FILE_NAME)),
            Self::File(path) => Some(path.clone()),
            Self::Value(_) => None,
        }
    }

    /// Loads the configuration of a local signer whose state is in `directory`.
    ///
    /// # Errors
    /// Returns [`ConfigError`] if the file cannot be read or is invalid.
    pub fn load(&self, directory: &Path) -> Result<Config, ConfigError> {
        match self {
            Self::Value(config) => Ok((**config).clone()),
            Self::File(path) => Config::load(path),
            Self::Directory => {
                let path = directory.join(FILE_NAME);
                // A link that leads nowhere is a mistake, and not the absence of a file.
                match path.symlink_metadata() {
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Config::default()),
                    _ => Config::load(&path),
                }
            }
        }
    }
}

impl Config {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// Returns [`ConfigError`] if it cannot be read, is larger than 256 KiB, could be changed by other users, or is
    /// invalid.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = files::read_linked_file(path, MAX_SIZE)?;
        let folder = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let folder = folder.parent().unwrap_or(Path::new("/"));
        Self::parse(&text, folder).map_err(|problem| ConfigError::Invalid { path: path.to_owned(), problem })
    }

    /// Reads the content of a file in `folder`.
    ///
    /// # Errors
    /// Returns [`yaml::Error`] with line and column if it is invalid.
    pub fn parse(text: &[u8], folder: &Path) -> Result<Self, yaml::Error> {
        let document = yaml::parse(text)?;
        members::config(&document.root(), folder)
    }
}
