//! A certificate (RFC 5280), with the signed bytes kept unchanged.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::OnceLock;

use aws_lc_rs::digest::{SHA256, SHA384, digest};
use der::asn1::ObjectIdentifier;
use der::{Decode, Header, Reader, SliceReader, Tag, TagNumber};
use time::OffsetDateTime;
use x509_cert::certificate::Version;

use super::key::{PublicKey, is_supported_algorithm, verify};
use super::name;
use crate::text::printable;

/// The maximum size of a certificate in bytes. Real ones have one or two thousand.
const MAX_SIZE: usize = 64 * 1024;

/// An unusable certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not a single DER certificate.
    #[error("not a certificate in DER: {0}")]
    Der(String),
    /// Larger than 64 KiB.
    #[error("the certificate has {0} bytes, at most {MAX_SIZE} are allowed")]
    TooLarge(usize),
    /// The signature algorithm in the signed part differs from the one next to the signature.
    #[error("the signature algorithm in the signed part of the certificate differs from the one next to the signature")]
    AlgorithmMismatch,
    /// A duplicate extension.
    #[error("duplicate extension {0} in the certificate")]
    DuplicateExtension(ObjectIdentifier),
    /// Extensions in a certificate of version 1 or 2.
    #[error("extensions are only allowed in certificates of version 3")]
    ExtensionsBeforeVersion3,
}

impl From<der::Error> for CertificateError {
    fn from(error: der::Error) -> Self {
        Self::Der(error.to_string())
    }
}

/// A parsed, unverified certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    der: Vec<u8>,
    tbs: Range<usize>,
    issuer: Range<usize>,
    subject: Range<usize>,
    key: Option<PublicKey>,
    fields: x509_cert::Certificate,
    subject_text: OnceLock<String>,
    issuer_text: OnceLock<String>,
    thumbprint: OnceLock<String>,
    tbs_sha384: OnceLock<[u8; 48]>,
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl Certificate {
    /// Parses a DER certificate without trailing data.
    ///
    /// # Errors
    /// Returns [`CertificateError`] if the bytes are not exactly one certificate, exceed 64 KiB, or are inconsistent.
    pub fn from_der(der: Vec<u8>) -> Result<Self, CertificateError> {
        if der.len() > MAX_SIZE {
            return Err(CertificateError::TooLarge(der.len()));
        }
        let fields = x509_cert::Certificate::from_der(&der)?;
        if fields.tbs_certificate().signature() != fields.signature_algorithm() {
            return Err(CertificateError::AlgorithmMismatch);
        }
        check_extensions(fields.tbs_certificate())?;
        let Parts { tbs, issuer, subject } = Parts::of(&der)?;
        let key = PublicKey::from_spki(fields.tbs_certificate().subject_public_key_info());
        Ok(Self {
            tbs,
            issuer,
            subject,
            key,
            fields,
            der,
            subject_text: OnceLock::new(),
            issuer_text: OnceLock::new(),
            thumbprint: OnceLock::new(),
            tbs_sha384: OnceLock::new(),
        })
    }

    /// Returns the certificate in DER, unchanged.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Returns the part that the issuer signed (`TBSCertificate`), unchanged.
    #[must_use]
    pub fn tbs(&self) -> &[u8] {
        &self.der[self.tbs.clone()]
    }

    /// Returns the SHA-384 of the signed part, which AWS Signer uses in revocation queries.
    #[must_use]
    pub fn tbs_sha384(&self) -> &[u8; 48] {
        self.tbs_sha384.get_or_init(|| {
            let mut out = [0; 48];
            out.copy_from_slice(digest(&SHA384, self.tbs()).as_ref());
            out
        })
    }

    /// Returns the SHA-256 of the certificate in lower-case hexadecimal: the thumbprint in signature manifests.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        self.thumbprint.get_or_init(|| hex::encode(digest(&SHA256, &self.der)))
    }

    /// Returns the subject in RFC 4514 form, safe to print on a terminal.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.subject_text.get_or_init(|| printable(&name::text(self.fields.tbs_certificate().subject())))
    }

    /// Returns the parsed subject, for comparisons.
    pub fn subject_name(&self) -> &x509_cert::name::Name {
        self.fields.tbs_certificate().subject()
    }

    /// Returns the issuer in RFC 4514 form, safe to print on a terminal.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.issuer_text.get_or_init(|| printable(&name::text(self.fields.tbs_certificate().issuer())))
    }

    /// Returns the public key, or `None` if the Notary Project does not support its type.
    #[must_use]
    pub fn public_key(&self) -> Option<&PublicKey> {
        self.key.as_ref()
    }

    /// Returns the first second of the validity period.
    #[must_use]
    pub fn not_before(&self) -> OffsetDateTime {
        self.fields.tbs_certificate().validity().not_before.to_system_time().into()
    }

    /// Returns the last second of the validity period.
    #[must_use]
    pub fn not_after(&self) -> OffsetDateTime {
        self.fields.tbs_certificate().validity().not_after.to_system_time().into()
    }

    /// Whether subject and issuer are equal, byte for byte.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.subject_bytes() == self.issuer_bytes()
    }

    /// Whether this certificate's issuer name equals the subject of `issuer`, byte for byte.
    #[must_use]
    pub fn names_as_issuer(&self, issuer: &Self) -> bool {
        self.issuer_bytes() == issuer.subject_bytes()
    }

    /// Whether the key of `issuer` signed this certificate, with an algorithm other than SHA-1 or MD5.
    #[must_use]
    pub fn is_signed_by(&self, issuer: &Self) -> bool {
        let Some((key, signature)) = issuer.key.as_ref().zip(self.fields.signature().as_bytes()) else {
            return false;
        };
        verify(key, self.fields.signature_algorithm(), self.tbs(), signature)
    }

    /// Whether it is signed with a supported algorithm: see [`is_supported_algorithm`](super::is_supported_algorithm).
    #[must_use]
    pub fn has_supported_algorithm(&self) -> bool {
        is_supported_algorithm(self.fields.signature_algorithm())
    }

    /// Returns the object identifier of the signature algorithm.
    #[must_use]
    pub fn signature_algorithm(&self) -> ObjectIdentifier {
        self.fields.signature_algorithm().oid
    }

    /// Returns the parsed fields.
    pub fn fields(&self) -> &x509_cert::TbsCertificate {
        self.fields.tbs_certificate()
    }

    /// Returns the serial number without leading zeros.
    pub fn serial_number(&self) -> &[u8] {
        let serial = self.fields().serial_number().as_bytes();
        &serial[serial.iter().take_while(|byte| **byte == 0).count()..]
    }

    /// Returns the content of the public key's bit string.
    pub fn subject_public_key(&self) -> &[u8] {
        self.fields().subject_public_key_info().subject_public_key.raw_bytes()
    }

    /// Whether this certificate's key made the signature, with an algorithm other than SHA-1 or MD5.
    pub fn has_signed(
        &self,
        algorithm: &x509_cert::spki::AlgorithmIdentifierOwned,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        self.key
            .as_ref()
            .filter(|key| key.is_long_enough())
            .is_some_and(|key| verify(key, algorithm, message, signature))
    }

    /// Returns the DER encoding of the issuer's name.
    pub fn issuer_bytes(&self) -> &[u8] {
        &self.der[self.issuer.clone()]
    }

    /// Returns the DER encoding of the subject.
    pub fn subject_bytes(&self) -> &[u8] {
        &self.der[self.subject.clone()]
    }
}

/// RFC 5280: only version 3 has extensions, and each occurs once. Most extensions are not evaluated here, but a parser
/// that evaluates them, or ignores them in older versions, would see a different certificate.
fn check_extensions(fields: &x509_cert::TbsCertificate) -> Result<(), CertificateError> {
    let Some(extensions) = fields.extensions() else { return Ok(()) };
    if fields.version() != Version::V3 {
        return Err(CertificateError::ExtensionsBeforeVersion3);
    }
    let mut seen = BTreeSet::new();
    match extensions.iter().find(|extension| !seen.insert(extension.extn_id)) {
        Some(twice) => Err(CertificateError::DuplicateExtension(twice.extn_id)),
        None => Ok(()),
    }
}

/// The positions of the parts whose exact bytes matter. Re-encoding them could change what the issuer signed.
struct Parts {
    tbs: Range<usize>,
    issuer: Range<usize>,
    subject: Range<usize>,
}

impl Parts {
    fn of(der: &[u8]) -> der::Result<Self> {
        let mut certificate = SliceReader::new(der)?;
        Header::decode(&mut certificate)?;
        let tbs = next(&mut certificate)?;
        let mut fields = SliceReader::new(&der[..tbs.end])?;
        Header::decode(&mut fields)?;
        Header::decode(&mut fields)?;
        let version = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
        if Tag::peek(&fields)? == version {
            next(&mut fields)?;
        }
        let _serial = next(&mut fields)?;
        let _algorithm = next(&mut fields)?;
        let issuer = next(&mut fields)?;
        let _validity = next(&mut fields)?;
        let subject = next(&mut fields)?;
        Ok(Self { tbs, issuer, subject })
    }
}

/// Skips one element and returns its position.
fn next(reader: &mut SliceReader<'_>) -> der::Result<Range<usize>> {
    let start = usize::try_from(reader.position())?;
    let length = reader.tlv_bytes()?.len();
    Ok(start..start + length)
}
