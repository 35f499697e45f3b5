//! Signing material of device platforms: certificates with their keys, which at AWS are in AWS Certificate Manager.
//!
//! Each certificate is one file of mode 0600 in the folder `certificates`, named by the id in its ARN. Importing one
//! needs no lock: a file appears as a whole, and never changes.

mod arn;
#[cfg(test)]
pub(crate) mod tests;

use std::io;
use std::path::{Path, PathBuf};

use aws_names::Location;
use code_signing::image::{MaterialError, SigningMaterial};
use notary::text::rfc3339;

pub use self::arn::{CertificateArn, CertificateArnError};
use crate::directory::{DirectoryError, at, prepare};

/// The most bytes of a certificate file.
const MAX_FILE: u64 = 1024 * 1024;
/// The folder in the directory of a local signer.
pub(crate) const FOLDER: &str = "certificates";

/// A certificate that was not imported or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificatesError {
    /// The folder or a file of it cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Certificate, key or chain cannot be used.
    #[error(transparent)]
    Material(#[from] MaterialError),
    /// A file in the folder is not one that this program writes.
    #[error("{path} is damaged; remove it and import the certificate again", path = .0.display())]
    Damaged(PathBuf),
}

/// The imported certificates.
#[derive(Debug, Clone)]
pub struct Certificates {
    folder: PathBuf,
}

/// An imported certificate, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Its ARN.
    pub arn: CertificateArn,
    /// Its subject.
    pub subject: String,
    /// The type of its key: `RSA` or `ECDSA`.
    pub key_type: &'static str,
    /// The last second of its validity, RFC 3339.
    pub not_after: String,
}

impl Certificates {
    /// The certificates of the local signer in `directory`, which need not exist.
    #[must_use]
    pub fn of(directory: &Path) -> Self {
        Self { folder: directory.join(FOLDER) }
    }

    /// The directory of the local signer.
    #[cfg(test)]
    pub(crate) fn directory(&self) -> &Path {
        self.folder.parent().unwrap_or(&self.folder)
    }

    /// Imports a certificate with its key and chain, in PEM, into the directory of a local signer, which is created if
    /// it does not exist.
    ///
    /// # Errors
    /// Returns [`CertificatesError`] if certificate and key do not belong together, the certificate may not sign code,
    /// or the files cannot be written.
    pub fn import(
        directory: &Path,
        location: &Location,
        certificate: &[u8],
        key: &[u8],
        chain: Option<&[u8]>,
    ) -> Result<CertificateArn, CertificatesError> {
        SigningMaterial::from_pem(certificate, key, chain)?;
        let folder = prepare(directory)?.join(FOLDER);
        files::create_folders(&folder, 0o700).map_err(at(&folder))?;
        let arn = CertificateArn::new(location.clone(), uuid::Uuid::new_v4());
        let parts = [format!("{arn}\n").as_bytes(), certificate, b"\n", key, b"\n", chain.unwrap_or_default()].concat();
        let path = folder.join(format!("{}.pem", arn.id()));
        files::create(&path, &parts, 0o600).map_err(at(&path))?;
        Ok(arn)
    }

    /// The certificate with this ARN; `None` if it was not imported.
    ///
    /// # Errors
    /// Returns [`CertificatesError`] if its file cannot be read.
    pub fn get(&self, arn: &CertificateArn) -> Result<Option<SigningMaterial>, CertificatesError> {
        let path = self.folder.join(format!("{}.pem", arn.id()));
        match files::read_file(&path, MAX_FILE) {
            Ok(bytes) => {
                let (found, material) = parse(&bytes).ok_or(CertificatesError::Damaged(path))?;
                // The id alone is the name of the file: another region or account does not have the certificate.
                Ok((found == *arn).then_some(material))
            }
            Err(files::FileError::Missing(_)) => Ok(None),
            Err(why) => Err(DirectoryError::Untrusted(why).into()),
        }
    }

    /// All certificates, by their ARNs.
    ///
    /// # Errors
    /// Returns [`CertificatesError`] if the folder or a file cannot be read.
    pub fn list(&self) -> Result<Vec<Imported>, CertificatesError> {
        let entries = match self.folder.read_dir() {
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(at(&self.folder))?,
        };
        let mut imported = Vec::new();
        for entry in entries {
            let path = entry.map_err(at(&self.folder))?.path();
            // What is being written has a temporary name.
            if path.extension().is_none_or(|extension| extension != "pem") {
                continue;
            }
            let bytes = files::read_file(&path, MAX_FILE).map_err(DirectoryError::Untrusted)?;
            let (arn, material) = parse(&bytes).ok_or(CertificatesError::Damaged(path))?;
            imported.push(Imported {
                arn,
                subject: material.certificate().subject().to_owned(),
                key_type: material.encryption().as_str(),
                not_after: rfc3339(material.certificate().not_after()),
            });
        }
        imported.sort_by_key(|imported| imported.arn.to_string());
        Ok(imported)
    }
}

/// The ARN and the material of a file.
fn parse(bytes: &[u8]) -> Option<(CertificateArn, SigningMaterial)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (arn, pem) = text.split_once('\n')?;
    // The first certificate is the leaf, all others are the chain.
    const END: &str = "-----END CERTIFICATE-----";
    let (certificate, rest) = pem.split_at(pem.find(END)? + END.len());
    let chain = rest.contains(END).then_some(rest.as_bytes());
    let material = SigningMaterial::from_pem(certificate.as_bytes(), rest.as_bytes(), chain).ok()?;
    Some((arn.parse().ok()?, material))
}
