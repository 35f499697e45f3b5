//! Signing material: a code signing certificate with its key. At AWS it is imported into AWS Certificate Manager.
//!
//! The AWS Signer developer guide, "Obtain and import a code-signing certificate": key usage *digital signature* and
//! extended key usage *code signing*.

use der::asn1::ObjectIdentifier;
use notary::x509::{Certificate, CertificateError};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage};

use super::algorithm::EncryptionAlgorithm;
use super::key::{KeyError, SigningKey};

const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
/// The most certificates of a chain.
const MOST: usize = 10;

/// Signing material that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MaterialError {
    /// The file of the certificate has none in PEM, or several.
    #[error("the certificate file must have exactly one certificate in PEM; pass the others as the chain")]
    Certificate,
    /// The file of the chain has no certificates, or too many.
    #[error("the chain must have 1 to {MOST} certificates in PEM")]
    Chain,
    /// A certificate is malformed.
    #[error("malformed certificate: {0}")]
    Malformed(#[from] CertificateError),
    /// The private key cannot be used.
    #[error("the private key cannot be used: {0}")]
    Key(#[from] KeyError),
    /// The private key is not the certificate's.
    #[error("the private key does not belong to the certificate")]
    OtherKey,
    /// The certificate may not sign code.
    #[error("the certificate must not be used for code signing: {0}")]
    Usage(&'static str),
    /// A certificate of the chain did not issue the one before it.
    #[error("the chain is broken: {subject} was not issued by the next certificate, {next}")]
    BrokenChain {
        /// The subject of the certificate.
        subject: String,
        /// The subject of the next one.
        next: String,
    },
}

/// A certificate with its key, and the certificates that issued it.
#[derive(Debug)]
pub struct SigningMaterial {
    certificate: Certificate,
    chain: Vec<Certificate>,
    pub(super) key: SigningKey,
}

impl SigningMaterial {
    /// Reads certificate, private key and chain from PEM.
    ///
    /// # Errors
    /// Returns [`MaterialError`] if one cannot be used, or they do not belong together.
    pub fn from_pem(certificate: &[u8], key: &[u8], chain: Option<&[u8]>) -> Result<Self, MaterialError> {
        let [certificate]: [Certificate; 1] =
            certificates(certificate)?.try_into().map_err(|_| MaterialError::Certificate)?;
        let chain = chain.map(certificates).transpose()?;
        if chain.as_ref().is_some_and(|chain| chain.is_empty() || chain.len() > MOST) {
            return Err(MaterialError::Chain);
        }
        let chain = chain.unwrap_or_default();
        let key = SigningKey::from_pem(key)?;
        check_certificate(&certificate)?;
        if certificate.public_key().map(|public| public.bytes()) != Some(key.public_key()) {
            return Err(MaterialError::OtherKey);
        }
        for (subject, next) in std::iter::once(&certificate).chain(&chain).zip(&chain) {
            if !subject.names_as_issuer(next) || !subject.is_signed_by(next) {
                let (subject, next) = (subject.subject().to_owned(), next.subject().to_owned());
                return Err(MaterialError::BrokenChain { subject, next });
            }
        }
        Ok(Self { certificate, chain, key })
    }

    /// The certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The certificates that issued it, nearest first, as far as they were given.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// The type of its key.
    #[must_use]
    pub fn encryption(&self) -> EncryptionAlgorithm {
        self.key.encryption()
    }
}

/// Checks that a certificate may sign code, as AWS Signer requires it. Its validity period is not checked.
///
/// # Errors
/// Returns [`MaterialError::Usage`] if it may not.
pub fn check_certificate(certificate: &Certificate) -> Result<(), MaterialError> {
    const MALFORMED: MaterialError = MaterialError::Usage("an extension is malformed or there twice");
    let fields = certificate.fields();
    let usage = fields.get_extension::<KeyUsage>().map_err(|_| MALFORMED)?;
    if usage.is_some_and(|(_, usage)| !usage.digital_signature()) {
        return Err(MaterialError::Usage("its key usage lacks digital signature"));
    }
    let extended = fields.get_extension::<ExtendedKeyUsage>().map_err(|_| MALFORMED)?;
    match extended {
        Some((_, usage)) if usage.0.contains(&CODE_SIGNING) => {}
        Some(_) => return Err(MaterialError::Usage("its extended key usage lacks code signing (1.3.6.1.5.5.7.3.3)")),
        None => {
            return Err(MaterialError::Usage(
                "it has no extended key usage; code signing (1.3.6.1.5.5.7.3.3) is required",
            ));
        }
    }
    match certificate.public_key() {
        Some(key) if key.is_long_enough() => Ok(()),
        _ => Err(MaterialError::Usage("its key is neither RSA with at least 2048 bits nor on P-256, P-384 or P-521")),
    }
}

/// The certificates of a PEM file.
fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, MaterialError> {
    let mut certificates = Vec::new();
    for der in CertificateDer::pem_slice_iter(pem).take(MOST + 1) {
        let der = der.map_err(|_| MaterialError::Certificate)?;
        certificates.push(Certificate::from_der(der.to_vec())?);
    }
    Ok(certificates)
}
