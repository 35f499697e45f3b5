//! The shared AWS configuration: `~/.aws/config` and `~/.aws/credentials`, as the AWS SDKs and Tools Reference Guide
//! defines them.
//!
//! The AWS SDK for Rust has a reader of its own. It rejects a whole file for one line that other AWS tools ignore, and
//! then looks for credentials elsewhere, without naming the file.

mod chain;
mod error;
mod parse;
mod plan;
mod profile;

use std::io::ErrorKind;
use std::path::PathBuf;

pub use self::error::{NamedProfile, Place, SharedConfigError};
use self::parse::{Document, has_byte_order_mark, parse};
pub use self::plan::{Base, NamedSource, Plan, Role, SsoLogin};
pub use self::profile::Profile;
use crate::environment::Environment;

/// The maximum size of a file in bytes. A file with a thousand profiles has about 200 KiB.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// Both files.
#[derive(Debug, Clone, Default)]
pub struct SharedConfig {
    config: SharedFile,
    credentials: SharedFile,
}

#[derive(Debug, Clone, Default)]
struct SharedFile {
    path: PathBuf,
    /// The parsed file. `None` if the file does not exist or cannot be read.
    document: Option<Document>,
    error: Option<SharedConfigError>,
}

/// Which file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Config,
    Credentials,
}

impl SharedConfig {
    /// Reads the files that the environment names, otherwise those of the home folder. A file that cannot be read is an
    /// error only for those who need it: see [`Self::unusable_file`].
    #[must_use]
    pub fn load(environment: &Environment) -> Self {
        Self {
            config: SharedFile::load(environment, "AWS_CONFIG_FILE", ".aws/config"),
            credentials: SharedFile::load(environment, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
        }
    }

    /// Uses these contents of the two files.
    #[must_use]
    pub fn from_contents(config: &[u8], credentials: &[u8]) -> Self {
        let file = |name: &str, content| SharedFile::of(name.into(), content);
        Self { config: file("config", config), credentials: file("credentials", credentials) }
    }

    /// Returns why one of the files cannot be used, if so. Files of the home folder need not exist.
    #[must_use]
    pub fn unusable_file(&self) -> Option<&SharedConfigError> {
        self.files().into_iter().find_map(|(_, file)| file.error.as_ref())
    }

    /// Returns the first line that cannot be read and belongs to no section, such as `[default` without its bracket, or
    /// keys above the first section. The profile in use may be what it was meant to define.
    #[must_use]
    pub fn stray_line(&self) -> Option<SharedConfigError> {
        self.files().into_iter().find_map(|(_, file)| {
            let fault = file.document.as_ref()?.faults.first()?;
            let place = Place { path: file.path.clone(), line: fault.line };
            Some(SharedConfigError::Stray { place, why: fault.why })
        })
    }

    fn files(&self) -> [(Kind, &SharedFile); 2] {
        [(Kind::Config, &self.config), (Kind::Credentials, &self.credentials)]
    }
}

impl SharedFile {
    fn load(environment: &Environment, variable: &'static str, in_home: &str) -> Self {
        let named = environment.get(variable).map(|path| environment.path(path));
        let is_named = named.is_some();
        let Some(path) = named.or_else(|| environment.in_home(in_home)) else { return Self::default() };
        let named_by = is_named.then_some(variable);
        let unreadable = |why| SharedConfigError::Unreadable { variable: named_by, path: path.clone(), why };
        let absent = |error| Self { path: path.clone(), document: None, error };
        // A home folder that this user may not enter, as in containers, counts as empty.
        if !is_named && std::fs::symlink_metadata(&path).is_err() {
            return absent(None);
        }
        match files::read_up_to(&path, MAX_FILE) {
            Ok(content) if content.len() as u64 > MAX_FILE => {
                let why = format!("it has more than {MAX_FILE} bytes");
                absent(Some(unreadable(why)))
            }
            Ok(content) => Self::of(path.clone(), &content),
            Err(why) if is_named && why.kind() == ErrorKind::NotFound => {
                absent(Some(SharedConfigError::Missing { variable, path: path.clone() }))
            }
            Err(why) => absent(Some(unreadable(why.to_string()))),
        }
    }

    fn of(path: PathBuf, content: &[u8]) -> Self {
        match has_byte_order_mark(content) {
            true => Self { error: Some(SharedConfigError::ByteOrderMark(path.clone())), path, document: None },
            false => Self { path, document: Some(parse(content)), error: None },
        }
    }
}

#[cfg(test)]
mod tests;
