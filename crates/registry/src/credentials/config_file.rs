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
use super::{Credential, CredentialError, Secret, keys};

const MAX_FILE: u64 = 512 * 1024;

/// The registries that notation accesses without TLS: `insecureRegistries` of its `config.json`. None if the file does
/// not exist or is empty.
///
/// # Errors
/// Returns [`CredentialError`] if the file cannot be read or is malformed.
pub(crate) fn insecure_registries(path: &Path) -> Result<Vec<String>, CredentialError> {
    let Some(bytes) = read(path, false)? else { return Ok(Vec::new()) };
    let Some(mut file) = parse(path, &bytes)? else { return Ok(Vec::new()) };
    file.strings("insecureRegistries").map_err(|why| malformed(path, format!("is malformed: {why}")))
}

fn malformed(path: &Path, problem: String) -> CredentialError {
    CredentialError::Malformed { path: path.to_owned(), problem }
}

/// Reads the file; `None` if it does not exist and is not required.
fn read(path: &Path, required: bool) -> Result<Option<Vec<u8>>, CredentialError> {
    match read_up_to(path, MAX_FILE) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(why) if !required && matches!(why.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(CredentialError::Io { path: path.to_owned(), source }),
    }
}

/// Parses the content of a file; `None` if it is empty.
fn parse(path: &Path, bytes: &[u8]) -> Result<Option<json::Object>, CredentialError> {
    if bytes.len() as u64 > MAX_FILE {
        return Err(malformed(path, format!("is larger than {MAX_FILE} bytes")));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    json::parse_object("config", bytes).map(Some).map_err(|why| malformed(path, format!("is malformed: {why}")))
}

/// A parsed file.
pub(super) struct ConfigFile {
    path: PathBuf,
    auths: Map<String, Value>,
    cred_helpers: Map<String, Value>,
    creds_store: Option<String>,
}

impl ConfigFile {
    /// Reads the file; `None` if it is empty, or does not exist and is not required.
    pub(super) fn read(path: &Path, required: bool) -> Result<Option<Self>, CredentialError> {
        let Some(bytes) = read(path, required)? else { return Ok(None) };
        Self::parse(path, &bytes)
    }

    /// Parses the content of the file; `None` if it is empty. `path` is used in errors.
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Option<Self>, CredentialError> {
        let Some(mut file) = parse(path, bytes)? else { return Ok(None) };
        let mut read = || {
            let mut members = |name| {
                file.optional_object(name).map(|found| found.map(json::Object::into_members).unwrap_or_default())
            };
            let auths = members("auths")?;
            let cred_helpers = members("credHelpers")?;
            let creds_store = file.optional_string("credsStore")?.filter(|store| !store.is_empty());
            Ok(Self { path: path.to_owned(), auths, cred_helpers, creds_store })
        };
        read().map(Some).map_err(|why: json::JsonError| malformed(path, format!("is malformed: {why}")))
    }

    /// The credential for the repository in this file or its helpers.
    pub(super) async fn find(
        &self,
        repository: &RepositoryName,
        helpers: &Helpers,
    ) -> Result<Option<Credential>, CredentialError> {
        let helper = keys::entry(&self.cred_helpers, repository).map(|helper| {
            helper.as_str().ok_or_else(|| self.malformed("has a credHelpers entry that is not a string"))
        });
        let helper = helper.transpose()?;
        if let Some(name) = helper.filter(|name| !name.is_empty()) {
            return self.ask(name, repository, helpers).await;
        }
        // As in Docker, an empty helper means this file.
        if let Some(store) = self.creds_store.as_ref().filter(|_| helper.is_none())
            && let Some(found) = self.ask(store, repository, helpers).await?
        {
            return Ok(Some(found));
        }
        self.stored(repository)
    }

    /// Whether the file has a credential for the repository, or names a helper that may have one.
    pub(super) fn has_source_for(&self, repository: &RepositoryName) -> Result<bool, CredentialError> {
        let helper = keys::entry(&self.cred_helpers, repository).map(|helper| helper.as_str() != Some(""));
        let is_helped = helper.unwrap_or(self.creds_store.is_some());
        Ok(is_helped || self.stored(repository)?.is_some())
    }

    /// The credential for the repository in this file itself.
    pub(super) fn stored(&self, repository: &RepositoryName) -> Result<Option<Credential>, CredentialError> {
        match keys::entry(&self.auths, repository) {
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
        helpers.get(name, keys::server(repository.registry())).await.map_err(|problem| CredentialError::Helper {
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
            // `base64` without `-w 0` wraps its output.
            let auth: Vec<u8> = auth.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
            let decoded = STANDARD.decode(auth).ok().and_then(|bytes| String::from_utf8(bytes).ok());
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
