//! The access keys that a local signer accepts, and the AWS shared credentials file that clients read them from.

mod file;

use std::fmt;
use std::path::{Path, PathBuf};

use aws_lc_rs::{constant_time, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use self::file::CredentialsFile;
use super::directory::DirectoryError;

/// Why access keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The access key id is malformed.
    #[error("invalid access key id: use 16 to 128 letters, digits and underscores")]
    AccessKeyId,
    /// The secret access key has a wrong length or characters that a credentials file cannot hold.
    #[error("invalid secret access key: use 8 to 128 visible ASCII characters")]
    SecretAccessKey,
    /// The session token has a wrong length or characters that a credentials file cannot hold.
    #[error("invalid session token: use 16 to 4096 visible ASCII characters")]
    SessionToken,
    /// The credentials file lacks a setting.
    #[error("{path} has no {key}; restore the file, or delete it to generate new credentials", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The missing setting.
        key: &'static str,
    },
    /// The credentials file is not text.
    #[error("{path} is not UTF-8 text; restore the file, or delete it to generate new credentials", path = .0.display())]
    NotText(PathBuf),
    /// The system's random number generator failed.
    #[error("the system's random number generator failed")]
    Random,
    /// The file could not be read or written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// An access key id with its secret, and the session token of temporary credentials. `Debug` shows the id only.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
}

/// Whether credentials are valid until they are removed, or belong to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Term {
    /// Credentials of a user. The id starts with `AKIA`.
    Long,
    /// Credentials of a session, with a session token. The id starts with `ASIA`.
    Session,
}

impl Credentials {
    /// Checks the given pair.
    ///
    /// # Errors
    /// Returns [`CredentialsError::AccessKeyId`] or [`CredentialsError::SecretAccessKey`] if one is malformed.
    pub fn new(access_key_id: &str, secret_access_key: &str) -> Result<Self, CredentialsError> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if !(16..=128).contains(&access_key_id.len()) || !access_key_id.bytes().all(word) {
            return Err(CredentialsError::AccessKeyId);
        }
        if !(8..=128).contains(&secret_access_key.len()) || !secret_access_key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(CredentialsError::SecretAccessKey);
        }
        let (access_key_id, secret_access_key) = (access_key_id.to_owned(), secret_access_key.to_owned());
        Ok(Self { access_key_id, secret_access_key, session_token: None })
    }

    /// Makes them the credentials of a session.
    ///
    /// # Errors
    /// Returns [`CredentialsError::SessionToken`] if the token is malformed.
    pub fn with_session_token(self, token: &str) -> Result<Self, CredentialsError> {
        if !(16..=4096).contains(&token.len()) || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(CredentialsError::SessionToken);
        }
        Ok(Self { session_token: Some(token.to_owned()), ..self })
    }

    /// New random credentials.
    pub(crate) fn random(term: Term) -> Result<Self, CredentialsError> {
        let secret = STANDARD.encode(random_bytes::<30>()?);
        // An id that starts with "AKIALOCAL" has the form and length of AWS's own, so tools that check ids accept it,
        // and shows a reader of logs that it gives no access to AWS.
        let prefix = match term {
            Term::Long => "AKIALOCAL",
            Term::Session => "ASIALOCAL",
        };
        let credentials = Self::new(&format!("{prefix}{}", random_id::<11>()?), &secret)?;
        match term {
            Term::Long => Ok(credentials),
            Term::Session => credentials.with_session_token(&STANDARD.encode(random_bytes::<96>()?)),
        }
    }

    /// Reads the profile `default` of the shared credentials file at `path`; adds a random pair if there is no such
    /// profile, or no file.
    ///
    /// # Errors
    /// Returns [`CredentialsError`] if the file cannot be read or written, or lacks a usable pair.
    pub fn load_or_create(path: &Path) -> Result<Self, CredentialsError> {
        let mut file = CredentialsFile::read(path)?;
        if let Some(credentials) = file.profile("default")? {
            return Ok(credentials);
        }
        let credentials = Self::random(Term::Long)?;
        file.set_profile("default", &credentials);
        file.write()?;
        Ok(credentials)
    }

    /// The access key id, which is not secret.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The secret access key.
    #[must_use]
    pub fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }

    /// The session token of temporary credentials.
    #[must_use]
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }

    /// Whether a request's token, or its absence, is right. Compares in constant time.
    pub(crate) fn has_session_token(&self, token: Option<&str>) -> bool {
        match (&self.session_token, token) {
            (None, None) => true,
            (Some(known), Some(token)) => {
                constant_time::verify_slices_are_equal(known.as_bytes(), token.as_bytes()).is_ok()
            }
            _ => false,
        }
    }
}

/// Random letters and digits of AWS's ids.
pub(crate) fn random_id<const LENGTH: usize>() -> Result<String, CredentialsError> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    Ok(random_bytes::<LENGTH>()?.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

fn random_bytes<const LENGTH: usize>() -> Result<[u8; LENGTH], CredentialsError> {
    let mut bytes = [0; LENGTH];
    rand::fill(&mut bytes).map_err(|_| CredentialsError::Random)?;
    Ok(bytes)
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
