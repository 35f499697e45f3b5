//! Credentials for registries, and their sources.
//!
//! For each registry the first of these sources that has credentials is used:
//! 1. credentials given by the caller;
//! 2. `NOTATION_USERNAME` and `NOTATION_PASSWORD`, as in notation; without a user name the password is an identity
//!    token;
//! 3. `config.json` in notation's configuration folder, where `credsStore` and `credHelpers` name helpers;
//! 4. the file in `REGISTRY_AUTH_FILE` (podman, buildah, skopeo);
//! 5. Docker's `config.json` in the folder `DOCKER_CONFIG`, by default `~/.docker`;
//! 6. podman's `containers/auth.json` in `XDG_RUNTIME_DIR`, then in `XDG_CONFIG_HOME`, by default `~/.config`;
//! 7. for registries of Amazon ECR: a token obtained with AWS credentials from their standard sources;
//! 8. none: anonymous access.
//!
//! Within a file `credHelpers` takes precedence over `credsStore`, and that over `auths`. The exact key of a registry
//! takes precedence over other spellings of its host. The sources are read only when a registry demands
//! authentication.

mod config_file;
mod helper;
mod keys;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_names::RoleArn;
use notary::config_folder::config_folder;
use notary::reference::RepositoryName;
use notary::{Advice, Disposition, ReasonCode};

use self::config_file::ConfigFile;
pub(crate) use self::config_file::insecure_registries;
use self::helper::Helpers;
use crate::ecr::{EcrError, EcrTokens};
use crate::ecr_host::EcrRegistry;

/// A secret text, hidden from `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// A credential for a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A user name and a password, or a token in place of the password.
    Password {
        /// The user name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// An OAuth 2 refresh token, which the registry's token service exchanges for access tokens.
    IdentityToken(Secret),
    /// An access token, sent to the registry unchanged.
    RegistryToken(Secret),
}

/// Why configured credentials cannot be obtained.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// A file cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// A file is malformed.
    #[error("{path} {problem}; correct it, or log in again with the tool that wrote it", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong. It contains no values of the file.
        problem: String,
    },
    /// A credential helper failed.
    #[error("the credential helper {program} (set in {path} for {registry}) {problem}", path = path.display())]
    Helper {
        /// The program.
        program: String,
        /// The file that names it.
        path: PathBuf,
        /// The registry.
        registry: String,
        /// What happened. Of the helper's output it contains only the error message.
        problem: String,
    },
    /// No token for a registry of Amazon ECR could be obtained.
    #[error(transparent)]
    Ecr(#[from] Box<EcrError>),
}

impl CredentialError {
    /// The kind of the failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::Io { .. } | Self::Malformed { .. } | Self::Helper { .. } => ReasonCode::Credentials,
            Self::Ecr(why) => why.code(),
        }
    }

    /// What the failure means for the caller.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        self.code().disposition()
    }

    /// What to do about it, if the error does not say so already.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        match self {
            Self::Io { .. } | Self::Malformed { .. } | Self::Helper { .. } => None,
            Self::Ecr(why) => why.advice(),
        }
    }
}

/// The sources of credentials.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    given: Option<Credential>,
    files: Vec<Source>,
    helpers: Helpers,
    /// Tokens of ECR, shared by clones. `None` disables ECR.
    ecr: Option<Arc<EcrTokens>>,
    is_half_given: bool,
}

/// A file that may have credentials.
#[derive(Debug, Clone)]
struct Source {
    path: PathBuf,
    /// Whether a missing file is an error, because the user named it.
    required: bool,
}

impl Credentials {
    /// Anonymous access to every registry.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The same credential for every registry.
    #[must_use]
    pub fn given(credential: Credential) -> Self {
        Self { given: Some(credential), ..Self::default() }
    }

    /// The credentials in this file, which has the format of Docker's `config.json`, and no others. It is read when a
    /// registry demands authentication, and must exist then.
    #[must_use]
    pub fn from_file(path: impl Into<PathBuf>) -> Self {
        Self { files: vec![Source { path: path.into(), required: true }], ..Self::default() }
    }

    /// Tokens for registries of Amazon ECR, obtained with AWS credentials from their standard sources or, with these,
    /// with those of a role; no other credentials. Without the feature `ecr` there are none.
    #[must_use]
    pub fn ecr(role: Option<RoleArn>) -> Self {
        Self { ecr: Some(Arc::new(EcrTokens::new(role))), ..Self::default() }
    }

    /// Credentials from the environment and the files of the user.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    /// As [`Self::from_environment`], but without `NOTATION_USERNAME` and `NOTATION_PASSWORD`: these are for one
    /// registry and must not be sent to another.
    #[must_use]
    pub fn from_files() -> Self {
        Self { given: None, ..Self::from_environment() }
    }

    /// Whether the same credential is used for every registry.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.given.is_some()
    }

    /// Whether `NOTATION_USERNAME` is set without `NOTATION_PASSWORD` and therefore ignored.
    #[must_use]
    pub fn is_half_given(&self) -> bool {
        self.is_half_given
    }

    /// Whether there are credentials for the repository, or a helper or AWS that has to be asked for them.
    ///
    /// # Errors
    /// Returns [`CredentialError`] if a configured file cannot be read or is malformed.
    pub fn has_source_for(&self, repository: &RepositoryName) -> Result<bool, CredentialError> {
        if self.given.is_some() || (self.ecr.is_some() && EcrRegistry::from_host(repository.registry()).is_some()) {
            return Ok(true);
        }
        for source in &self.files {
            if let Some(file) = ConfigFile::read(&source.path, source.required)?
                && file.has_source_for(repository)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let text = |name: &str| variable(name).and_then(|value| value.into_string().ok());
        let folder = |name: &str| variable(name).map(PathBuf::from);
        let given = match (text("NOTATION_USERNAME"), text("NOTATION_PASSWORD").map(Secret)) {
            (Some(username), Some(password)) => Some(Credential::Password { username, password }),
            (None, Some(token)) => Some(Credential::IdentityToken(token)),
            _ => None,
        };
        let is_half_given = given.is_none() && text("NOTATION_USERNAME").is_some();
        let home = folder("HOME");
        let in_home = |name: &str| home.as_ref().map(|home| home.join(name));
        let optional = |path: PathBuf| Source { path, required: false };
        let mut files = Vec::new();
        files.extend(config_folder(&variable).ok().map(|folder| optional(folder.join("config.json"))));
        files.extend(folder("REGISTRY_AUTH_FILE").map(|path| Source { path, required: true }));
        let docker = folder("DOCKER_CONFIG").or_else(|| in_home(".docker"));
        files.extend(docker.map(|folder| optional(folder.join("config.json"))));
        for folder in [folder("XDG_RUNTIME_DIR"), folder("XDG_CONFIG_HOME").or_else(|| in_home(".config"))] {
            files.extend(folder.map(|folder| optional(folder.join("containers/auth.json"))));
        }
        Self { given, files, helpers: Helpers::default(), ecr: Some(Arc::default()), is_half_given }
    }

    /// The credential for the repository's registry; `None` is anonymous access.
    ///
    /// # Errors
    /// Returns [`CredentialError`] if a configured file or helper fails: continuing anonymously would end in an error
    /// that does not name the cause.
    pub async fn for_repository(&self, repository: &RepositoryName) -> Result<Option<Credential>, CredentialError> {
        if let Some(given) = &self.given {
            return Ok(Some(given.clone()));
        }
        for source in &self.files {
            let Some(file) = ConfigFile::read(&source.path, source.required)? else { continue };
            if let Some(found) = file.find(repository, &self.helpers).await? {
                tracing::debug!(file = %source.path.display(), registry = repository.registry(), "credentials found");
                return Ok(Some(found));
            }
        }
        let Some(ecr) = &self.ecr else { return Ok(None) };
        // Boxed: the SDK's futures are large, and would enlarge those of every request.
        let token = Box::pin(ecr.token_for_host(repository.registry())).await.map_err(Box::new)?;
        Ok(token.map(|token| Credential::Password { username: token.username, password: Secret(token.password) }))
    }
}

/// Returns the credential for a repository that is stored in a file with this content, in the format of Docker's
/// `config.json`. Helpers are not asked.
///
/// # Errors
/// Returns [`CredentialError::Malformed`] if the content is malformed. `path` names the file in it.
pub fn stored_credential(
    path: &Path,
    content: &[u8],
    repository: &RepositoryName,
) -> Result<Option<Credential>, CredentialError> {
    match ConfigFile::parse(path, content)? {
        Some(file) => file.stored(repository),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests;
