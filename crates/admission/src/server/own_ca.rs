//! A certificate authority of the service's own, for clusters without another. It is created in the state folder on
//! first use, and renewed there.
//!
//! Clients trust it by its certificate in `caBundle`. That is updated later than the authority here: so a new authority
//! is published a day before it signs, and an old one stays published until it has expired.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use files::FileError;
use notary::x509::Certificate;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use time::{Duration, OffsetDateTime};

/// The authority that signs, with its key.
const AUTHORITY: &str = "authority.pem";
/// The authority that will sign, with its key.
const NEXT: &str = "authority-next.pem";
/// The authority that signed before, without a key.
const PREVIOUS: &str = "authority-previous.pem";
/// The certificate of the service, with its key.
const LEAF: &str = "certificate.pem";
const LOCK: &str = "lock";

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

const MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;
const MAX_SIZE: u64 = 64 * 1024;

const AUTHORITY_LIFE: Duration = Duration::days(365);
const LEAF_LIFE: Duration = Duration::days(90);
/// How long a new authority is published before it signs.
const PUBLISHED_BEFORE: Duration = Duration::days(1);
/// For clients whose clocks are behind.
const BACKDATED: Duration = Duration::hours(1);

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

/// A certificate with its key.
struct Pair {
    certificate: Certificate,
    /// The certificate in PEM.
    pem: String,
    key: KeyPair,
}

/// Without the key.
impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").field("subject", &self.certificate.subject()).finish_non_exhaustive()
    }
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
            Ok(Some(leaf)) if self.is_fit(&leaf, &authority, now) => leaf,
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

    /// Whether a certificate can still be used.
    fn is_fit(&self, leaf: &Pair, authority: &Pair, now: OffsetDateTime) -> bool {
        let certificate = &leaf.certificate;
        let der = CertificateDer::from(certificate.der());
        let Ok(parsed) = ParsedCertificate::try_from(&der) else { return false };
        let has = |name: &String| {
            ServerName::try_from(name.as_str())
                .is_ok_and(|name| rustls::client::verify_server_name(&parsed, &name).is_ok())
        };
        is_valid(certificate, now)
            && !is_worn(certificate, now)
            && certificate.is_signed_by(&authority.certificate)
            && self.names.iter().all(has)
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

impl Pair {
    /// A new authority.
    fn authority(now: OffsetDateTime) -> Result<Self, OwnCaError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = authority_params();
        params.not_before = now - BACKDATED;
        params.not_after = now + AUTHORITY_LIFE;
        Self::of(&params.self_signed(&key)?, key)
    }

    /// A new certificate for the service.
    fn leaf(authority: &Self, names: &BTreeSet<String>, now: OffsetDateTime) -> Result<Self, OwnCaError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(names.iter().cloned().collect::<Vec<_>>())?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "notation-aws-signer admission");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_before = (now - BACKDATED).max(authority.certificate.not_before());
        params.not_after = (now + LEAF_LIFE).min(authority.certificate.not_after());
        let issuer = Issuer::new(authority_params(), &authority.key);
        Self::of(&params.signed_by(&key, &issuer)?, key)
    }

    fn of(issued: &rcgen::Certificate, key: KeyPair) -> Result<Self, OwnCaError> {
        let certificate = Certificate::from_der(issued.der().to_vec());
        // rcgen writes certificates that can be read.
        let certificate = certificate.map_err(|_| rcgen::Error::CouldNotParseCertificate)?;
        Ok(Self { certificate, pem: issued.pem(), key })
    }

    fn from_pem(text: &str) -> Option<Self> {
        let (certificate, pem) = certificate(text)?;
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).ok()?;
        let key = KeyPair::from_der_and_sign_algo(&key, &PKCS_ECDSA_P256_SHA256).ok()?;
        (certificate.subject_public_key() == key.public_key_raw()).then_some(Self { certificate, pem, key })
    }

    /// What its file has.
    fn file(&self) -> String {
        self.key.serialize_pem() + &self.pem
    }
}

/// What the certificates of all authorities have in common; with it a stored key signs as the same authority.
fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "notation-aws-signer admission authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A certificate, and its PEM as it was read or written.
fn certificate(text: &str) -> Option<(Certificate, String)> {
    let start = text.find(BEGIN)?;
    let length = text[start..].find(END)? + END.len();
    let pem = &text[start..start + length];
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    Some((Certificate::from_der(der.to_vec()).ok()?, format!("{pem}\n")))
}

fn is_valid(certificate: &Certificate, now: OffsetDateTime) -> bool {
    (certificate.not_before()..=certificate.not_after()).contains(&now)
}

/// Whether two thirds of its life are over.
fn is_worn(certificate: &Certificate, now: OffsetDateTime) -> bool {
    let life = certificate.not_after() - certificate.not_before();
    now >= certificate.not_before() + life * 2 / 3
}

fn is_name(name: &str) -> bool {
    ServerName::try_from(name).is_ok()
}

fn host_name() -> Option<String> {
    let name = std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname")).ok()?;
    Some(name.trim().to_ascii_lowercase())
}
