//! Reading the configuration file, and what it names.

use std::path::{Path, PathBuf};

use files::FileError;

use super::{Config, RegistryCredentials, Tls, Trust, members};

/// The largest configuration file, in bytes.
pub const MAX_SIZE: u64 = 256 * 1024;

/// The JSON Schema of the configuration, for editors.
pub const SCHEMA: &str = include_str!("../../../../docs/admission-config.schema.json");

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read, or other users could change it.
    #[error(transparent)]
    File(#[from] FileError),
    /// The content is wrong. The text is `FILE:LINE:COLUMN: PROBLEM`, which editors and pipelines follow.
    #[error("{}:{}:{}: {}", path.display(), problem.position().line, problem.position().column, without_position(problem))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The problem with its line and column.
        problem: yaml::Error,
    },
}

fn without_position(problem: &yaml::Error) -> String {
    match problem.path() {
        "" => problem.problem().to_owned(),
        path => format!("{path}: {}", problem.problem()),
    }
}

/// The folder of a configuration file, to which paths in it are relative.
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.parent().unwrap_or(Path::new("/")).to_owned()
}

impl Config {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// Returns [`ConfigError`] if it cannot be read, is larger than [`MAX_SIZE`], could be changed by other users, or
    /// is invalid.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = files::read_linked_file(path, MAX_SIZE)?;
        Self::of_file(path, &text)
    }

    /// Reads the content of the file at `path`.
    ///
    /// # Errors
    /// Returns [`ConfigError::Invalid`] if it is invalid.
    pub fn of_file(path: &Path, text: &[u8]) -> Result<Self, ConfigError> {
        Self::parse(text, &folder_of(path)).map_err(|problem| ConfigError::Invalid { path: path.to_owned(), problem })
    }

    /// Reads the content of a file in `folder`, to which paths in it are relative.
    ///
    /// # Errors
    /// Returns [`yaml::Error`] with line and column if it is invalid.
    pub fn parse(text: &[u8], folder: &Path) -> Result<Self, yaml::Error> {
        let document = yaml::parse(text)?;
        members::config(&document.root(), folder)
    }

    /// All files that it names: when one of them changes, the configuration is put in force again. Sorted, and each
    /// once.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<&PathBuf> = Vec::new();
        if let Tls::Files(tls) = &self.server.tls {
            files.extend([&tls.certificate, &tls.key]);
            files.extend(&tls.client_ca);
        }
        for policy in self.policies.values() {
            match &policy.trust {
                Trust::Document { path, roots } => files.extend(std::iter::once(path).chain(roots)),
                Trust::Profiles { roots, .. } => files.extend(roots),
            }
        }
        for registry in &self.registries {
            files.extend(&registry.ca);
            if let Some(RegistryCredentials::File(file)) = &registry.credentials {
                files.push(file);
            }
        }
        if let Some(redis) = &self.cache.redis {
            files.extend(redis.username_file.iter().chain(&redis.password_file).chain(&redis.ca));
            files.extend(&redis.key_files);
        }
        files.extend(self.otlp.iter().filter_map(|otlp| otlp.ca.as_ref()));
        files.sort();
        files.dedup();
        files.into_iter().cloned().collect()
    }
}
