//! An AWS shared credentials file: a local signer owns some of its profiles and keeps everything else as it is
//! ("Configuration and credential file settings in the AWS CLI" in the AWS CLI User Guide).

use std::io;
use std::path::{Path, PathBuf};

use super::{Credentials, CredentialsError};
use crate::directory::{at, write_private};

/// The maximum size of a file in bytes.
const MAX_SIZE: u64 = 1024 * 1024;

const ID: &str = "aws_access_key_id";
const SECRET: &str = "aws_secret_access_key";
const TOKEN: &str = "aws_session_token";

/// The content of a shared credentials file.
#[derive(Clone)]
pub struct CredentialsFile {
    path: PathBuf,
    text: String,
}

impl std::fmt::Debug for CredentialsFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialsFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl CredentialsFile {
    /// Reads the file at `path`. A file that does not exist is empty.
    ///
    /// # Errors
    /// Returns [`CredentialsError`] if the file cannot be read, is longer than 1 MiB, or is not text.
    pub fn read(path: &Path) -> Result<Self, CredentialsError> {
        let bytes = match files::read_up_to(path, MAX_SIZE) {
            Ok(bytes) if bytes.len() as u64 > MAX_SIZE => {
                return Err(at(path)(io::ErrorKind::FileTooLarge.into()).into());
            }
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(at(path)(error).into()),
        };
        let text = String::from_utf8(bytes).map_err(|_| CredentialsError::NotText(path.to_owned()))?;
        Ok(Self { path: path.to_owned(), text })
    }

    /// Replaces the file, readable by its owner only, in one step.
    ///
    /// # Errors
    /// Returns [`CredentialsError::Directory`] if the file cannot be written.
    pub fn write(&self) -> Result<(), CredentialsError> {
        Ok(write_private(&self.path, self.text.as_bytes())?)
    }

    /// Whether the file has a profile of this name.
    #[must_use]
    pub fn has_profile(&self, name: &str) -> bool {
        self.text.lines().any(|line| header(line) == Some(name))
    }

    /// Returns the credentials of the profile `name`, if the file has it.
    ///
    /// # Errors
    /// Returns [`CredentialsError`] if the profile lacks an access key id or a secret, or has malformed ones.
    pub fn profile(&self, name: &str) -> Result<Option<Credentials>, CredentialsError> {
        if !self.has_profile(name) {
            return Ok(None);
        }
        let lines = self.text.lines().skip_while(|line| header(line) != Some(name)).skip(1);
        let settings: Vec<(&str, &str)> = lines.take_while(|line| header(line).is_none()).filter_map(setting).collect();
        let value = |key| settings.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        let required = |key| value(key).ok_or_else(|| CredentialsError::File { path: self.path.clone(), key });
        let credentials = Credentials::new(required(ID)?, required(SECRET)?)?;
        match value(TOKEN) {
            None => Ok(Some(credentials)),
            Some(token) => credentials.with_session_token(token).map(Some),
        }
    }

    /// Adds the profile `name` at the end, in place of one of this name.
    pub fn set_profile(&mut self, name: &str, credentials: &Credentials) {
        self.remove_profile(name);
        if !self.text.is_empty() {
            self.text.push_str(if self.text.ends_with('\n') { "\n" } else { "\n\n" });
        }
        let Credentials { access_key_id, secret_access_key, session_token } = credentials;
        self.text.push_str(&format!("[{name}]\n{ID} = {access_key_id}\n{SECRET} = {secret_access_key}\n"));
        if let Some(token) = session_token {
            self.text.push_str(&format!("{TOKEN} = {token}\n"));
        }
    }

    /// Removes the profile `name`. Comments before the next profile stay with it.
    pub fn remove_profile(&mut self, name: &str) {
        let mut kept: Vec<&str> = Vec::new();
        // Blank lines and comments within the profile, which stay if another profile follows.
        let mut pending: Vec<&str> = Vec::new();
        let mut inside = false;
        for line in self.text.lines() {
            match header(line) {
                Some(found) => {
                    inside = found == name;
                    if !inside {
                        kept.append(&mut pending);
                    }
                }
                None if inside && is_remark(line) => pending.push(line),
                None if inside => pending.clear(),
                None => {}
            }
            if !inside {
                kept.push(line);
            }
        }
        kept.extend(pending.iter().filter(|line| !line.trim().is_empty()));
        while kept.last().is_some_and(|line| line.trim().is_empty()) {
            kept.pop();
        }
        self.text = kept.iter().map(|line| format!("{line}\n")).collect();
    }
}

/// The name of the profile that starts with this line.
fn header(line: &str) -> Option<&str> {
    let (name, _) = line.trim_start().strip_prefix('[')?.split_once(']')?;
    Some(name.trim())
}

fn is_remark(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with(['#', ';'])
}

fn setting(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=').filter(|_| !is_remark(line))?;
    Some((name.trim(), value.trim()))
}
