//! Who the user is to a registry, and where that is written down.
//!
//! For each registry the first of these that knows something is used:
//! 1. what the caller was given (`--username` and `--password-stdin`);
//! 2. `NOTATION_USERNAME` and `NOTATION_PASSWORD`, as notation has them; without a user name the password is an identity token;
//! 3. `config.json` in notation's configuration folder, where `credsStore` and `credHelpers` name helpers;
//! 4. the file that `REGISTRY_AUTH_FILE` names (podman, buildah, skopeo);
//! 5. Docker's `config.json` in the folder `DOCKER_CONFIG`, else `~/.docker`;
//! 6. podman's `containers/auth.json` in `XDG_RUNTIME_DIR`, else in `XDG_CONFIG_HOME`, else in `~/.config`;
//! 7. for registries of Amazon ECR: a token that the standard sources of AWS credentials give access to;
//! 8. nothing: anonymous access.
//!
//! Within a file `credHelpers` goes before `credsStore`, and that before `auths`. All of it is read when a registry asks who
//! it speaks with, and not before.

mod config_file;
mod helper;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use notary::config_folder::config_folder;
use notary::reference::RepositoryName;

use self::config_file::ConfigFile;
use self::helper::Helpers;
#[cfg(feature = "ecr")]
use crate::ecr::EcrError;
#[cfg(feature = "ecr")]
use crate::ecr::EcrRegistry;
#[cfg(feature = "ecr")]
use crate::ecr::EcrTokens;

/// A text that is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text out of sight.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for sending it to where it belongs.
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

/// What proves to a registry who the user is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A user name and a password, or a token that stands in for it.
    Password {
        /// The user name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// A token that the registry's token service takes in exchange for access tokens (OAuth 2 refresh token).
    IdentityToken(Secret),
    /// An access token that is sent to the registry as it is.
    RegistryToken(Secret),
}

/// Why credentials that are configured cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// A file cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file is not what it must be.
    #[error("{path} {problem}: correct it, or log in again with the tool that wrote it", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; none of its values is in it.
        problem: String,
    },
    /// A credential helper did not do its work.
    #[error("the credential helper {program}, which {path} names for {registry}, {problem}", path = path.display())]
    Helper {
        /// The program.
        program: String,
        /// The file that names it.
        path: PathBuf,
        /// The registry.
        registry: String,
        /// What happened; nothing of what it printed but its own error message is in it.
        problem: String,
    },
    /// There is no token for a registry of Amazon ECR.
    #[cfg(feature = "ecr")]
    #[error(transparent)]
    Ecr(#[from] Box<EcrError>),
}

/// Where credentials are looked for.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    given: Option<Credential>,
    files: Vec<Source>,
    helpers: Helpers,
    /// Clones share the tokens. None: no token is asked for.
    #[cfg(feature = "ecr")]
    ecr: Option<Arc<EcrTokens>>,
    is_half_given: bool,
}

/// A file that may have credentials.
#[derive(Debug, Clone)]
struct Source {
    path: PathBuf,
    /// Whether it must be there: somebody named it.
    required: bool,
}

impl Credentials {
    /// Anonymous access to every registry.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// These for every registry.
    #[must_use]
    pub fn given(credential: Credential) -> Self {
        Self { given: Some(credential), ..Self::default() }
    }

    /// What this process's environment and the files of its user have.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    /// As [`Self::from_environment`], without the user name and the password of `NOTATION_USERNAME` and `NOTATION_PASSWORD`, which
    /// are for one registry: another one is not to see them.
    #[must_use]
    pub fn of_files() -> Self {
        Self { given: None, ..Self::from_environment() }
    }

    /// Whether one user name and password go to every registry that asks.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.given.is_some()
    }

    /// Whether `NOTATION_USERNAME` is set without `NOTATION_PASSWORD`, so that it counts for nothing.
    #[must_use]
    pub fn is_half_given(&self) -> bool {
        self.is_half_given
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
        Self {
            given,
            files,
            helpers: Helpers::default(),
            #[cfg(feature = "ecr")]
            ecr: Some(Arc::default()),
            is_half_given,
        }
    }

    /// What to show the repository's registry; `None` is anonymous access.
    ///
    /// # Errors
    /// [`CredentialError`] when a file or a helper that is configured does not work: to go on anonymously would end in an error
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
        #[cfg(feature = "ecr")]
        return self.ecr_token(repository).await;
        #[cfg(not(feature = "ecr"))]
        Ok(None)
    }

    /// A token for a registry of Amazon ECR.
    #[cfg(feature = "ecr")]
    async fn ecr_token(&self, repository: &RepositoryName) -> Result<Option<Credential>, CredentialError> {
        let Some((tokens, ecr)) = self.ecr.as_ref().zip(EcrRegistry::of_host(repository.registry())) else {
            return Ok(None);
        };
        // The SDK's futures are large, and would be part of every request's.
        let token = Box::pin(tokens.token(&ecr)).await.map_err(Box::new)?;
        Ok(token.map(|token| Credential::Password { username: token.username, password: Secret(token.password) }))
    }
}

#[cfg(test)]
mod tests;
