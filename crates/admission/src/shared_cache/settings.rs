//! Where the shared cache is, and the secrets for it, which are read from files and shown nowhere.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use connect::{Authorities, AuthoritiesError};
use files::FileError;
use registry::Secret;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use url::Url;

use super::entry::Keys;
use crate::config;

/// The port of Redis, with TLS and without.
const PORT: u16 = 6379;
/// The largest file with a secret, in bytes.
const MAX_SECRET: u64 = 4096;
/// The fewest bytes of a key: as many as the MAC has.
const MIN_KEY: usize = 32;

/// How the shared cache is reached. Equal settings need no other connection.
pub struct Settings {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) database: i64,
    pub(super) tls: Option<Tls>,
    pub(super) username: Option<Secret>,
    pub(super) password: Option<Secret>,
    pub(super) keys: Keys,
    /// How long an answer is waited for.
    pub(super) timeout: Duration,
    fingerprint: Vec<Vec<u8>>,
}

/// How the server is recognized.
pub(super) struct Tls {
    pub config: Arc<ClientConfig>,
    pub name: ServerName<'static>,
    trusted: Vec<CertificateDer<'static>>,
}

/// Why there is no shared cache.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The URL.
    #[error("cache.redis.url: {0}")]
    Url(&'static str),
    /// A file cannot be read, or other users could change it.
    #[error("cache.redis: {0}")]
    File(#[from] FileError),
    /// A file does not have what it should.
    #[error("cache.redis: {}: {why}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it. It does not quote the file.
        why: String,
    },
    /// Certificate authorities.
    #[error("cache.redis: {0}")]
    Authorities(#[from] AuthoritiesError),
    /// TLS.
    #[error("cache.redis: TLS cannot be used: {0}")]
    Tls(#[from] rustls::Error),
}

impl Settings {
    /// Reads the files that the configuration names.
    ///
    /// # Errors
    /// Returns [`SettingsError`] for the first thing that cannot be used.
    pub fn read(redis: &config::Redis) -> Result<Self, SettingsError> {
        let Server { host, port, database, tls_name } = server(&redis.url).map_err(SettingsError::Url)?;
        let tls = tls_name.map(|name| tls(name, redis.ca.as_deref())).transpose()?;
        let secrets: Vec<Vec<u8>> = redis.key_files.iter().map(|path| key(path)).collect::<Result<_, _>>()?;
        let keys = Keys::new(&secrets).ok_or(SettingsError::Url("a key is missing"))?;
        Ok(Self {
            host,
            port,
            database,
            tls,
            username: redis.username_file.as_deref().map(text).transpose()?,
            password: redis.password_file.as_deref().map(text).transpose()?,
            keys,
            timeout: redis.timeout,
            fingerprint: Keys::fingerprint(&secrets),
        })
    }

    /// `HOST:PORT`, for messages.
    pub(super) fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl PartialEq for Settings {
    fn eq(&self, other: &Self) -> bool {
        let trusted = |settings: &Self| settings.tls.as_ref().map(|tls| tls.trusted.clone());
        (&self.host, self.port, self.database, self.timeout) == (&other.host, other.port, other.database, other.timeout)
            && (&self.username, &self.password) == (&other.username, &other.password)
            && self.fingerprint == other.fingerprint
            && trusted(self) == trusted(other)
    }
}

/// Without secrets.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("address", &self.address()).finish_non_exhaustive()
    }
}

/// What a URL says.
struct Server {
    host: String,
    port: u16,
    database: i64,
    /// The name in its certificate; `None` without TLS.
    tls_name: Option<ServerName<'static>>,
}

/// Checks a URL without connecting and without the files that belong to it.
///
/// # Errors
/// Returns what is wrong with it, without the URL.
pub fn check_url(text: &str) -> Result<(), &'static str> {
    server(text).map(drop)
}

fn server(text: &str) -> Result<Server, &'static str> {
    let url = Url::parse(text).map_err(|_| "not a URL")?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("the host is missing")?;
    let host = host.trim_matches(['[', ']']).to_owned();
    let tls_name = match url.scheme() {
        "rediss" => {
            let name = ServerName::try_from(host.clone());
            Some(
                name.map_err(|_| "expected a host with a name that a certificate can have, such as redis.example.com")?,
            )
        }
        _ => None,
    };
    Ok(Server { host, port: url.port().unwrap_or(PORT), database: database(&url)?, tls_name })
}

/// The number in the path, 0 by default.
fn database(url: &Url) -> Result<i64, &'static str> {
    let wrong = "expected the number of a database after the host, such as rediss://redis:6379/0";
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong);
    }
    match url.path().strip_prefix('/').unwrap_or_default() {
        "" => Ok(0),
        number => number.parse::<u16>().map(i64::from).map_err(|_| wrong),
    }
}

fn tls(name: ServerName<'static>, ca: Option<&Path>) -> Result<Tls, SettingsError> {
    let mut authorities = Authorities::of_the_system();
    if let Some(file) = ca {
        authorities.extend(Authorities::from_file(file)?);
    }
    let trusted: Vec<_> = authorities.into_issuing()?;
    let mut roots = RootCertStore::empty();
    // Those that cannot be used were left out or refused before.
    roots.add_parsable_certificates(trusted.iter().cloned());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    Ok(Tls { config: Arc::new(config), name, trusted })
}

/// The content of a file without the end of its line.
fn content(path: &Path) -> Result<Vec<u8>, SettingsError> {
    let mut bytes = files::read_linked_file(path, MAX_SECRET)?;
    while let Some(b'\n' | b'\r') = bytes.last() {
        bytes.pop();
    }
    if bytes.is_empty() {
        return Err(SettingsError::Content { path: path.to_owned(), why: "the file is empty".to_owned() });
    }
    Ok(bytes)
}

fn key(path: &Path) -> Result<Vec<u8>, SettingsError> {
    let bytes = content(path)?;
    if bytes.len() < MIN_KEY {
        let why = format!(
            "the key has {} bytes; at least {MIN_KEY} are needed, such as those of openssl rand -hex 32",
            bytes.len()
        );
        return Err(SettingsError::Content { path: path.to_owned(), why });
    }
    Ok(bytes)
}

fn text(path: &Path) -> Result<Secret, SettingsError> {
    let wrong = |_| SettingsError::Content { path: path.to_owned(), why: "the file is not UTF-8 text".to_owned() };
    Ok(Secret::new(String::from_utf8(content(path)?).map_err(wrong)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn settings(folder: &Path, url: &str) -> config::Redis {
        let file = |name: &str, content: &str| {
            let path = folder.join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        config::Redis {
            url: url.to_owned(),
            username_file: Some(file("user", "admission\n")),
            password_file: Some(file("password", "hunter2 hunter2\r\n")),
            ca: None,
            key_files: vec![file("key", &"k".repeat(32))],
            timeout: Duration::from_millis(50),
        }
    }

    #[test]
    fn secrets_are_read_without_the_end_of_the_line_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let read = Settings::read(&settings(folder.path(), "redis://redis.example.com/3")).unwrap();
        assert_eq!(read.username.as_ref().unwrap().reveal(), "admission");
        assert_eq!(read.password.as_ref().unwrap().reveal(), "hunter2 hunter2");
        assert_eq!((read.address(), read.database), ("redis.example.com:6379".to_owned(), 3));
        assert_eq!(format!("{read:?}"), "Settings { address: \"redis.example.com:6379\", .. }");
    }

    #[test]
    fn settings_are_others_when_the_content_of_a_file_is() {
        let folder = tempfile::tempdir().unwrap();
        let config = settings(folder.path(), "redis://[::1]:7000");
        let before = Settings::read(&config).unwrap();
        assert!(before == Settings::read(&config).unwrap());
        for (name, content) in [("key", "l".repeat(32)), ("password", "other".to_owned()), ("user", "b".to_owned())] {
            std::fs::write(folder.path().join(name), content).unwrap();
            assert!(before != Settings::read(&config).unwrap(), "{name}");
            settings(folder.path(), "");
        }
        assert_eq!(before.address(), "[::1]:7000");
    }

    #[test]
    fn what_cannot_be_used_is_named_without_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let said = |change: &dyn Fn(&mut config::Redis)| {
            let mut config = settings(folder.path(), "redis://r");
            change(&mut config);
            Settings::read(&config).err().map(|why| why.to_string()).unwrap_or_default()
        };
        assert_eq!(said(&|_| ()), "");
        let short = said(&|config| std::fs::write(&config.key_files[0], "hunter2").unwrap());
        assert!(
            short.contains("key: the key has 7 bytes; at least 32 are needed") && !short.contains("hunter2"),
            "{short}"
        );
        assert!(
            said(&|config| std::fs::write(config.password_file.as_ref().unwrap(), "\n").unwrap()).contains("empty")
        );
        assert!(
            said(&|config| std::fs::write(config.username_file.as_ref().unwrap(), [0xff]).unwrap()).contains("UTF-8")
        );
        assert!(said(&|config| config.key_files.push("/nonexistent".into())).contains("/nonexistent"));
        for url in ["redis://r/a", "redis://r/0/1", "redis://r/-1", "redis://r/65536", "redis://r?db=1"] {
            assert!(said(&|config| config.url = url.to_owned()).contains("number of a database"), "{url}");
        }
        let ca = said(&|config| {
            config.url = "rediss://r".to_owned();
            config.ca = Some(config.key_files[0].clone());
        });
        assert!(ca.starts_with("cache.redis: "), "{ca}");
    }
}
