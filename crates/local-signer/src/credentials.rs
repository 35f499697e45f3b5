//! The one pair of access keys that a local signer accepts, kept in an AWS shared credentials file.

use std::fmt;
use std::path::Path;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::directory::{DirectoryError, at, write_private};

/// Why there are no usable access keys.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The access key id is not one that a request could name.
    #[error("an access key id has 16 to 128 letters, digits and underscores")]
    AccessKeyId,
    /// The secret access key is empty or holds characters that do not survive a credentials file.
    #[error("a secret access key has 8 to 128 visible ASCII characters")]
    SecretAccessKey,
    /// The credentials file lacks a line that this program wrote into it.
    #[error("{path} has no {key}: restore the file, or delete it to get new credentials", path = path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// The line that is missing.
        key: &'static str,
    },
    /// The system gave no random bytes.
    #[error("the system has no random bytes")]
    Random,
    /// The file could not be read or written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// An access key id and its secret; the secret is not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    access_key_id: String,
    secret_access_key: String,
}

impl Credentials {
    /// The given pair.
    ///
    /// # Errors
    /// [`CredentialsError::AccessKeyId`] or [`CredentialsError::SecretAccessKey`] when one is not usable.
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
        let (mut id, mut secret) = ([0; 11], [0; 30]);
        rand::fill(&mut id).map_err(|_| CredentialsError::Random)?;
        rand::fill(&mut secret).map_err(|_| CredentialsError::Random)?;
        let id: String = id.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
        // "AKIALOCAL" has the form and the length of AWS's own ids, so that tools that check them accept it, and tells a
        // person who finds it in a log that it opens nothing.
        Self::new(&format!("AKIALOCAL{id}"), &STANDARD.encode(secret))
    }

    /// The pair in the shared credentials file at `path`, which is made with a random pair if there is none.
    ///
    /// # Errors
    /// [`CredentialsError`].
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

    /// The access key id, which is no secret.
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
    fn the_generated_file_gives_the_same_pair_again_and_only_its_user_may_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("credentials");
        let first = Credentials::load_or_create(&path).unwrap();
        assert_eq!(Credentials::load_or_create(&path).unwrap(), first);
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        assert_eq!((first.access_key_id().len(), first.secret_access_key().len()), (20, 40));
        assert!(first.access_key_id().starts_with("AKIALOCAL"));
    }

    #[test]
    fn the_secret_is_not_in_the_debug_form() {
        let credentials = Credentials::random().unwrap();
        assert!(!format!("{credentials:?}").contains(credentials.secret_access_key()));
    }

    #[test]
    fn a_file_without_a_secret_is_refused_and_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("credentials");
        std::fs::write(&path, "[default]\naws_access_key_id = AKIALOCALAAAAAAAAAAA\n").unwrap();
        assert!(matches!(
            Credentials::load_or_create(&path),
            Err(CredentialsError::File { key: "aws_secret_access_key", .. })
        ));
    }

    #[test]
    fn a_pair_that_no_request_could_name_is_refused() {
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
