//! Docker's `config.json` and podman's `auth.json`, which have the same format: docs.docker.com, "docker login";
//! `containers-auth.json(5)`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use files::read_up_to;
use notary::json;
use notary::reference::RepositoryName;
use serde_json::{Map, Value};

use super::helper::Helpers;
use super::{Credential, CredentialError, Secret};

const MAX_FILE: u64 = 512 * 1024;
/// The key of Docker Hub in these files.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// A parsed file.
pub(super) struct ConfigFile {
    path: PathBuf,
    auths: Map<String, Value>,
    cred_helpers: Map<String, Value>,
    creds_store: Option<String>,
}

impl ConfigFile {
    /// Reads the file; `None` if it does not exist and is not required.
    pub(super) fn read(path: &Path, required: bool) -> Result<Option<Self>, CredentialError> {
        let bytes = match read_up_to(path, MAX_FILE) {
            Ok(bytes) => bytes,
            Err(why) if !required && matches!(why.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(source) => return Err(CredentialError::Io { path: path.to_owned(), source }),
        };
        Self::parse(path, &bytes).map(Some)
    }

    /// Parses the content of the file. `path` is used in errors.
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, CredentialError> {
        let malformed = |problem: String| CredentialError::Malformed { path: path.to_owned(), problem };
        if bytes.len() as u64 > MAX_FILE {
            return Err(malformed(format!("is larger than {MAX_FILE} bytes")));
        }
        let read = || {
            let mut file = json::parse_object("config", bytes)?;
            let mut members = |name| {
                file.optional_object(name).map(|found| found.map(json::Object::into_members).unwrap_or_default())
            };
            let auths = members("auths")?;
            let cred_helpers = members("credHelpers")?;
            let creds_store = file.optional_string("credsStore")?.filter(|store| !store.is_empty());
            Ok(Self { path: path.to_owned(), auths, cred_helpers, creds_store })
        };
        read().map_err(|why: json::JsonError| malformed(format!("is malformed: {why}")))
    }

    /// The credential for the repository in this file or its helpers.
    pub(super) async fn find(
        &self,
        repository: &RepositoryName,
        helpers: &Helpers,
    ) -> Result<Option<Credential>, CredentialError> {
        if let Some(helper) = best(&self.cred_helpers, repository) {
            let name = helper.as_str().ok_or_else(|| self.malformed("has a credHelpers entry that is not a string"))?;
            return self.ask(name, repository, helpers).await;
        }
        if let Some(store) = &self.creds_store
            && let Some(found) = self.ask(store, repository, helpers).await?
        {
            return Ok(Some(found));
        }
        self.stored(repository)
    }

    /// The credential for the repository in this file itself.
    pub(super) fn stored(&self, repository: &RepositoryName) -> Result<Option<Credential>, CredentialError> {
        match best(&self.auths, repository) {
            Some(entry) => self.entry(entry),
            None => Ok(None),
        }
    }

    async fn ask(
        &self,
        name: &str,
        repository: &RepositoryName,
        helpers: &Helpers,
    ) -> Result<Option<Credential>, CredentialError> {
        let registry = if is_docker_hub(repository.registry()) { DOCKER_HUB } else { repository.registry() };
        helpers.get(name, registry).await.map_err(|problem| CredentialError::Helper {
            program: format!("docker-credential-{}", name.escape_debug()),
            path: self.path.clone(),
            registry: repository.registry().to_owned(),
            problem,
        })
    }

    fn entry(&self, entry: &Value) -> Result<Option<Credential>, CredentialError> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        if let Some(token) = text("identitytoken") {
            return Ok(Some(Credential::IdentityToken(Secret::new(token))));
        }
        if let Some(token) = text("registrytoken") {
            return Ok(Some(Credential::RegistryToken(Secret::new(token))));
        }
        if let Some(auth) = text("auth") {
            let decoded = STANDARD.decode(auth.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let pair = decoded.as_deref().and_then(|text| text.split_once(':'));
            let (username, password) =
                pair.ok_or_else(|| self.malformed("has an auth that is not the base64 of USER:PASSWORD"))?;
            // Old versions of Docker pad the password with zero bytes.
            return Ok(Some(password_of(username, password.trim_end_matches('\0'))));
        }
        Ok(text("username").zip(text("password")).map(|(username, password)| password_of(username, password)))
    }

    fn malformed(&self, problem: &str) -> CredentialError {
        CredentialError::Malformed { path: self.path.clone(), problem: problem.to_owned() }
    }
}

fn password_of(username: &str, password: &str) -> Credential {
    Credential::Password { username: username.to_owned(), password: Secret::new(password) }
}

/// The entry for the repository. podman also has entries for namespaces: the longest match wins.
fn best<'a>(entries: &'a Map<String, Value>, repository: &RepositoryName) -> Option<&'a Value> {
    let full = repository.to_string();
    let fits = |key: &str| {
        let key = normal(key);
        let hub = is_docker_hub(key) && is_docker_hub(repository.registry());
        let inside = full.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        (hub || inside).then_some(key.len())
    };
    let fitting = entries.iter().filter_map(|(key, value)| fits(key).map(|length| (length, value)));
    fitting.max_by_key(|(length, _)| *length).map(|(_, value)| value)
}

/// A key without scheme. The path of a URL is dropped: it belongs to the API and is not a namespace.
fn normal(key: &str) -> &str {
    match key.split_once("://") {
        Some((_, rest)) => rest.split('/').next().unwrap_or(rest),
        None => key.trim_end_matches('/'),
    }
}

fn is_docker_hub(host: &str) -> bool {
    matches!(host, "docker.io" | "index.docker.io" | "registry-1.docker.io")
}
