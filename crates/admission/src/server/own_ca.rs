//! A certificate authority of the service's own, for clusters without another. It is created in the state folder on
//! first use, and renewed there.
//!
//! Clients trust it by its certificate in `caBundle`. That is updated later than the authority here: so a new authority
//! is published a day before it signs, and an old one stays published until it has expired.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use files::FileError;
use notary::x509::Certificate;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use time::{Duration, OffsetDateTime};

use super::pair::{BACKDATED, Pair, certificate, is_name, is_valid, is_worn};

/// The authority that signs, with its key.
const AUTHORITY: &str = "authority.pem";
/// The authority that will sign, with its key.
const NEXT: &str = "authority-next.pem";
/// The authority that signed before, without a key.
const PREVIOUS: &str = "authority-previous.pem";
/// The certificate of the service, with its key.
const LEAF: &str = "certificate.pem";
const LOCK: &str = "lock";

const MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;
const MAX_SIZE: u64 = 64 * 1024;

/// How long a new authority is published before it signs.
const PUBLISHED_BEFORE: Duration = Duration::days(1);

/// Why the authority cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OwnCaError {
    /// A file cannot be read, or other users could change it.
    #[error("certificate authority of the service: {0}")]
    File(#[from] FileError),
    /// A file cannot be written.
    #[error("certificate authority of the service: cannot write {path}: {source}; make the state folder writable", path = path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A file has something else than a certificate with its key.
    #[error(
        "certificate authority of the service: {path} does not contain a certificate and its key in PEM; remove the file, \
         and a new one is created (clients then need the new caBundle)", path = path.display()
    )]
    Unusable {
        /// The file.
        path: PathBuf,
    },
    /// A name cannot stand in a certificate.
    #[error("{0} is not a DNS name or an IP address, so that no certificate can be issued for it")]
    Name(String),
    /// The certificate cannot be issued.
    #[error("certificate authority of the service: cannot issue a certificate: {0}")]
    Issue(#[from] rcgen::Error),
}

/// The authority in a folder, and the names that its certificate is for.
#[derive(Debug, Clone)]
pub struct OwnAuthority {
    folder: PathBuf,
    names: BTreeSet<String>,
}

/// A certificate of the authority.
pub(super) struct Issued {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) key: PrivateKeyDer<'static>,
    /// The authorities that clients should trust, in PEM.
    pub(super) ca_bundle: String,
}

impl OwnAuthority {
    /// The authority in `folder`. Its certificates are for `localhost`, 127.0.0.1, ::1, the name of this machine, the
    /// address that the server listens at, and `names`: DNS names and IP addresses.
    ///
    /// # Errors
    /// Returns [`OwnCaError::Name`] if one of `names` is neither.
    pub fn new(
        folder: impl Into<PathBuf>,
        listen: IpAddr,
        names: impl IntoIterator<Item = String>,
    ) -> Result<Self, OwnCaError> {
        let mut all: BTreeSet<_> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
        if !listen.is_unspecified() {
            all.insert(listen.to_string());
        }
        all.extend(host_name().filter(|name| is_name(name)));
        for name in names {
            if !is_name(&name) {
                return Err(OwnCaError::Name(notary::text::printable(&name)));
            }
            all.insert(name.to_ascii_lowercase());
        }
        Ok(Self { folder: folder.into(), names: all })
    }

    /// The certificate for now: created on first use, and renewed after two thirds of its life, as its authority is.
    pub(super) fn certificate(&self, now: OffsetDateTime) -> Result<Issued, OwnCaError> {
        let folder = self.folder.as_path();
        let write = |path: PathBuf| |source| OwnCaError::Write { path, source };
        files::create_folders(folder, FOLDER_MODE).map_err(write(folder.to_owned()))?;
        // Replicas may share the folder. The lock ends with the file.
        let lock = files::open_lock(&self.path(LOCK)).map_err(write(self.path(LOCK)))?;
        lock.lock().map_err(write(self.path(LOCK)))?;

        let (authority, next) = self.authorities(now)?;
        let leaf = match self.pair(LEAF) {
            Ok(Some(leaf)) if leaf.is_fit(&authority, &self.names, now) => leaf,
            // A broken certificate is replaced: clients do not notice.
            Ok(_) | Err(OwnCaError::Unusable { .. }) => {
                let leaf = Pair::leaf(&authority, &self.names, now)?;
                self.write(LEAF, &leaf.file())?;
                leaf
            }
            Err(error) => return Err(error),
        };
        let mut ca_bundle = authority.pem;
        if let Some(next) = next {
            ca_bundle.push_str(&next.pem);
        }
        if let Some((_, pem)) = self.previous()?.filter(|(previous, _)| previous.not_after() > now) {
            ca_bundle.push_str(&pem);
        }
        let key = PrivateKeyDer::try_from(leaf.key.serialize_der()).map_err(|_| self.unusable(LEAF))?;
        Ok(Issued { certificate: leaf.certificate.der().to_vec().into(), key, ca_bundle })
    }

    /// The authority that signs, and the one that follows if it is published already.
    fn authorities(&self, now: OffsetDateTime) -> Result<(Pair, Option<Pair>), OwnCaError> {
        let Some(authority) = self.pair(AUTHORITY)? else {
            let authority = Pair::authority(now)?;
            self.write(AUTHORITY, &authority.file())?;
            return Ok((authority, None));
        };
        // After a crash in the middle of a change the next one is the current one already.
        let next = self.pair(NEXT)?.filter(|next| next.certificate != authority.certificate);
        let is_current = is_valid(&authority.certificate, now);
        if is_current && !is_worn(&authority.certificate, now) {
            return Ok((authority, next));
        }
        let next = match next {
            Some(next) if is_valid(&next.certificate, now) => next,
            _ => {
                let next = Pair::authority(now)?;
                self.write(NEXT, &next.file())?;
                next
            }
        };
        let published = next.certificate.not_before() + BACKDATED;
        if is_current && now < published + PUBLISHED_BEFORE {
            return Ok((authority, Some(next)));
        }
        self.write(PREVIOUS, &authority.pem)?;
        self.write(AUTHORITY, &next.file())?;
        let _ = std::fs::remove_file(self.path(NEXT));
        Ok((next, None))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn unusable(&self, name: &str) -> OwnCaError {
        OwnCaError::Unusable { path: self.path(name) }
    }

    fn read(&self, name: &str) -> Result<Option<String>, OwnCaError> {
        match files::read_linked_file(&self.path(name), MAX_SIZE) {
            Ok(text) => Ok(Some(String::from_utf8(text).map_err(|_| self.unusable(name))?)),
            Err(FileError::Missing(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn pair(&self, name: &str) -> Result<Option<Pair>, OwnCaError> {
        let Some(text) = self.read(name)? else { return Ok(None) };
        Pair::from_pem(&text).map(Some).ok_or_else(|| self.unusable(name))
    }

    fn previous(&self) -> Result<Option<(Certificate, String)>, OwnCaError> {
        let Some(text) = self.read(PREVIOUS)? else { return Ok(None) };
        certificate(&text).map(Some).ok_or_else(|| self.unusable(PREVIOUS))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), OwnCaError> {
        let path = self.path(name);
        files::replace(&path, text.as_bytes(), MODE).map_err(|source| OwnCaError::Write { path, source })
    }
}

fn host_name() -> Option<String> {
    let name = std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname")).ok()?;
    Some(name.trim().to_ascii_lowercase())
}
