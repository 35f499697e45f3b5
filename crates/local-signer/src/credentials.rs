//! The access keys that a local signer accepts, kept in an AWS shared credentials file.

use std::fmt;
use std::path::Path;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::directory::{DirectoryError, at, write_private};

/// Why the access keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The access key id is malformed.
    #[error("invalid access key id: use 16 to 128 letters, digits and underscores")]
    AccessKeyId,
    /// The secret access key has a wrong length or characters that a credentials file cannot hold.
    #[error("invalid secret access key: use 8 to 128 visible ASCII characters")]
    SecretAccessKey,
    /// The credentials file lacks a setting.
    #[error("{path} has no {key}; restore the file, or delete it to generate new credentials", path = path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// The missing setting.
        key: &'static str,
    },
    /// The system's random number generator failed.
    #[error("the system's random number generator failed")]
    Random,
    /// The file could not be read or written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// An access key id and its secret. `Debug` does not show the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    access_key_id: String,
    secret_access_key: String,
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
        Ok(Self { access_key_id: access_key_id.to_owned(), secret_access_key: secret_access_key.to_owned() })
    }

    /// A new random pair.
    fn random() -> Result<Self, CredentialsError> {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut id = [0; 11];
        let mut secret = [0; 30];
        rand::fill(&mut id).map_err(|_| CredentialsError::Random)?;
        rand::fill(&mut secret).map_err(|_| CredentialsError::Random)?;
        let id: String = id.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
        // An id that starts with "AKIALOCAL" has the form and length of AWS's own, so tools that check ids accept it,
        // and shows a reader of logs that it gives no access to AWS.
        Self::new(&format!("AKIALOCAL{id}"), &STANDARD.encode(secret))
    }

    /// Reads the pair from the shared credentials file at `path`; creates the file with a random pair if it does not
    /// exist.
    ///
    /// # Errors
    /// Returns [`CredentialsError`] if the file cannot be read or written, or lacks a usable pair.
    pub fn load_or_create(path: &Path) -> Result<Self, CredentialsError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(path, &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let credentials = Self::random()?;
                let Self { access_key_id, secret_access_key } = &credentials;
                let text = format!(
                    "[default]\naws_access_key_id = {access_key_id}\naws_secret_access_key = {secret_access_key}\n"
                );
                write_private(path, text.as_bytes())?;
                Ok(credentials)
            }
            Err(error) => Err(at(path)(error).into()),
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self, CredentialsError> {
        let value = |key: &'static str| {
            text.lines()
                .filter_map(|line| line.split_once('='))
                .find_map(|(name, value)| (name.trim() == key).then(|| value.trim()))
                .ok_or_else(|| CredentialsError::File { path: path.to_owned(), key })
        };
        Self::new(value("aws_access_key_id")?, value("aws_secret_access_key")?)
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
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn generates_a_private_file_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("credentials");
        let first = Credentials::load_or_create(&path).unwrap();
        assert_eq!(Credentials::load_or_create(&path).unwrap(), first);
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        assert_eq!((first.access_key_id().len(), first.secret_access_key().len()), (20, 40));
        assert!(first.access_key_id().starts_with("AKIALOCAL"));
    }

    #[test]
    fn debug_hides_the_secret() {
        let credentials = Credentials::random().unwrap();
        assert!(!format!("{credentials:?}").contains(credentials.secret_access_key()));
    }

    #[test]
    fn rejects_a_file_without_a_secret() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("credentials");
        std::fs::write(&path, "[default]\naws_access_key_id = AKIALOCALAAAAAAAAAAA\n").unwrap();
        assert!(matches!(
            Credentials::load_or_create(&path),
            Err(CredentialsError::File { key: "aws_secret_access_key", .. })
        ));
    }

    #[test]
    fn rejects_malformed_pairs() {
        assert!(matches!(Credentials::new("short", "a-long-enough-secret"), Err(CredentialsError::AccessKeyId)));
        assert!(matches!(
            Credentials::new("AKIALOCAL/AAAAAAAAAA", "a-long-enough-secret"),
            Err(CredentialsError::AccessKeyId)
        ));
        for secret in ["", "short", "with a space in it"] {
            assert!(matches!(Credentials::new("AKIALOCALAAAAAAAAAAA", secret), Err(CredentialsError::SecretAccessKey)));
        }
    }
}
