//! A timestamp token: `ContentInfo` with `SignedData` (RFC 5652, 3 and 5), around `TSTInfo`.

use std::sync::Arc;

use der::Tag;
use der::asn1::ObjectIdentifier;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::MAX_TOKEN_SIZE;
use super::algorithm::hash;
use super::attributes::SignedAttributes;
use super::cache::{self, AuthorityCache, SetHash};
use super::error::TimestampError as E;
use super::tst_info::TstInfo;
use super::unused;
use crate::DigestAlgorithm;
use crate::element::{Element, Elements, context, single, unsigned};
use crate::x509::{Certificate, MAX_CERTIFICATES};

const ID_SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub(super) const ID_CT_TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// A parsed timestamp token. It is not verified: see [`TimestampToken::verify`].
#[derive(Debug, Clone)]
pub struct TimestampToken {
    info: TstInfo,
    /// The DER of [`TstInfo`], as it was hashed.
    pub(super) content: Vec<u8>,
    pub(super) certificates: Arc<Vec<Certificate>>,
    pub(super) set: SetHash,
    pub(super) signer: SignerInfo,
}

/// `SignerInfo`.
#[derive(Debug, Clone)]
pub(super) struct SignerInfo {
    pub(super) id: SignerIdentifier,
    pub(super) digest_algorithm: DigestAlgorithm,
    pub(super) attributes: SignedAttributes,
    /// The signed attributes as they were signed: "with an EXPLICIT SET OF tag" (RFC 5652, 5.4).
    pub(super) signed: Vec<u8>,
    pub(super) signature_algorithm: AlgorithmIdentifierOwned,
    pub(super) signature: Vec<u8>,
}

/// `SignerIdentifier`: the certificate that signed.
#[derive(Debug, Clone)]
pub(super) enum SignerIdentifier {
    /// The DER of the issuer's name, and the serial number without leading zeros.
    IssuerAndSerialNumber {
        issuer: Vec<u8>,
        serial: Vec<u8>,
    },
    SubjectKeyIdentifier(Vec<u8>),
}

impl TimestampToken {
    /// Parses a token (`TimeStampToken`).
    ///
    /// # Errors
    /// Returns [`TimestampError`](super::TimestampError) if the bytes are not exactly one token in DER, or exceed a
    /// limit.
    pub fn parse(token: &[u8]) -> Result<Self, E> {
        Self::parse_by(token, |_| None)
    }

    /// Like [`Self::parse`], but does not parse certificates again that are in the cache.
    ///
    /// # Errors
    /// See [`Self::parse`].
    pub fn parse_with(token: &[u8], cache: &AuthorityCache) -> Result<Self, E> {
        Self::parse_by(token, |set| cache.certificates(set))
    }

    fn parse_by(token: &[u8], known: impl FnOnce(&SetHash) -> Option<Arc<Vec<Certificate>>>) -> Result<Self, E> {
        if token.len() > MAX_TOKEN_SIZE {
            return Err(E::TooLarge(token.len()));
        }
        let signed_data = content_info(token)?;
        let malformed = E::malformed("SignedData");
        let mut fields = signed_data.elements().map_err(&malformed)?;
        // "If [...] eContentType from encapContentInfo is other than id-data [...] then version MUST be 3" (RFC 5652,
        // 5.1), unless there are attribute certificates or certificates of other formats, which are not supported.
        let version = fields.decode::<u8>().map_err(&malformed)?;
        if version != 3 {
            return Err(E::Version { part: "SignedData", found: version, expected: 3 });
        }
        unused::check_digest_algorithms(&fields.required(Tag::Set).map_err(&malformed)?)?;
        let content = encapsulated(&fields.required(Tag::Sequence).map_err(&malformed)?)?;
        let certificates = fields.optional(context(0)).map_err(&malformed)?;
        if let Some(crls) = fields.optional(context(1)).map_err(&malformed)? {
            unused::check_crls(&crls)?;
        }
        let signers = fields.required(Tag::Set).map_err(&malformed)?;
        fields.finish().map_err(&malformed)?;
        let set = cache::hash(certificates.map_or(&[], |set| set.der));
        let certificates = match (known(&set), certificates) {
            (Some(known), _) => known,
            (None, Some(set)) => Arc::new(self::certificates(&set)?),
            (None, None) => Arc::default(),
        };
        let info = TstInfo::parse(&content)?;
        let signer = signer_info(&signers)?;
        unused::check_form("a part that is not used", token)?;
        Ok(Self { info, content, signer, certificates, set })
    }

    /// Returns what the authority states. It is not verified.
    #[must_use]
    pub fn info(&self) -> &TstInfo {
        &self.info
    }

    /// Returns the certificates of the token, in its order. They are not verified.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
}

/// `ContentInfo`: returns its `SignedData`.
fn content_info(token: &[u8]) -> Result<Element<'_>, E> {
    let malformed = E::malformed("ContentInfo");
    let mut fields = single(token, Tag::Sequence).and_then(|info| info.elements()).map_err(&malformed)?;
    let found: ObjectIdentifier = fields.decode().map_err(&malformed)?;
    if found != ID_SIGNED_DATA {
        return Err(E::Type { part: "ContentInfo", found, expected: "id-signedData" });
    }
    let content = fields.required(context(0)).map_err(&malformed)?;
    fields.finish().map_err(&malformed)?;
    single(content.content, Tag::Sequence).map_err(&malformed)
}

/// `EncapsulatedContentInfo`: returns the content, the DER of `TSTInfo`.
fn encapsulated(info: &Element<'_>) -> Result<Vec<u8>, E> {
    let malformed = E::malformed("EncapsulatedContentInfo");
    let mut fields = info.elements().map_err(&malformed)?;
    let found: ObjectIdentifier = fields.decode().map_err(&malformed)?;
    if found != ID_CT_TST_INFO {
        return Err(E::Type { part: "EncapsulatedContentInfo", found, expected: "id-ct-TSTInfo" });
    }
    let content = fields.required(context(0)).map_err(&malformed)?;
    fields.finish().map_err(&malformed)?;
    Ok(single(content.content, Tag::OctetString).map_err(&malformed)?.content.to_vec())
}

/// `CertificateSet`. Its order is that of the authority: widely used software does not sort it.
fn certificates(set: &Element<'_>) -> Result<Vec<Certificate>, E> {
    let malformed = E::malformed("CertificateSet");
    let mut elements = set.elements().map_err(&malformed)?;
    let mut certificates: Vec<Certificate> = Vec::new();
    let mut position = 0;
    while !elements.is_finished() {
        if position == MAX_CERTIFICATES {
            return Err(E::TooManyCertificates);
        }
        let der = elements.required(Tag::Sequence).map_err(&malformed)?.der;
        let certificate = Certificate::from_der(der.to_vec()).map_err(|source| E::Certificate { position, source })?;
        if !certificates.contains(&certificate) {
            certificates.push(certificate);
        }
        position += 1;
    }
    Ok(certificates)
}

/// `SignerInfos`, which must have exactly one `SignerInfo`.
fn signer_info(set: &Element<'_>) -> Result<SignerInfo, E> {
    let malformed = E::malformed("SignerInfo");
    let mut elements = set.elements().map_err(&malformed)?;
    if elements.is_finished() {
        return Err(E::Signatures(0));
    }
    let signer = elements.required(Tag::Sequence).map_err(&malformed)?;
    if !elements.is_finished() {
        let mut count = 1;
        while !elements.is_finished() {
            elements.next().map_err(&malformed)?;
            count += 1;
        }
        return Err(E::Signatures(count));
    }
    let mut fields = signer.elements().map_err(&malformed)?;
    let version = fields.decode::<u8>().map_err(&malformed)?;
    let id = signer_identifier(&mut fields, version)?;
    let digest_algorithm = hash("digestAlgorithm", &fields.required(Tag::Sequence).map_err(&malformed)?)?;
    // "signedAttrs [...] MUST be present if the content type of the EncapsulatedContentInfo value being signed is not
    // id-data" (RFC 5652, 5.3).
    let attributes = fields.optional(context(0)).map_err(&malformed)?.ok_or(E::MissingAttribute("contentType"))?;
    let signature_algorithm = fields.decode().map_err(&malformed)?;
    let signature = fields.required(Tag::OctetString).map_err(&malformed)?.content.to_vec();
    if let Some(attributes) = fields.optional(context(1)).map_err(&malformed)? {
        unused::check_unsigned_attributes(&attributes)?;
    }
    fields.finish().map_err(&malformed)?;
    let mut signed = attributes.der.to_vec();
    if let Some(tag) = signed.first_mut() {
        *tag = 0x31;
    }
    let attributes = SignedAttributes::parse(&attributes)?;
    Ok(SignerInfo { id, digest_algorithm, attributes, signed, signature_algorithm, signature })
}

/// `SignerIdentifier`. "If the SignerIdentifier is the CHOICE issuerAndSerialNumber, then the version MUST be 1. If the
/// SignerIdentifier is subjectKeyIdentifier, then the version MUST be 3" (RFC 5652, 5.3).
fn signer_identifier(fields: &mut Elements<'_>, version: u8) -> Result<SignerIdentifier, E> {
    let malformed = E::malformed("SignerIdentifier");
    let element = fields.next().map_err(&malformed)?;
    let (id, expected) = if element.tag == Tag::Sequence {
        let mut fields = element.elements().map_err(&malformed)?;
        let issuer = fields.required(Tag::Sequence).map_err(&malformed)?.der.to_vec();
        let serial = unsigned(&fields.required(Tag::Integer).map_err(&malformed)?).map_err(&malformed)?;
        let serial = serial.ok_or_else(|| E::wrong("SignerIdentifier", "the serial number is negative"))?.to_vec();
        fields.finish().map_err(&malformed)?;
        (SignerIdentifier::IssuerAndSerialNumber { issuer, serial }, 1)
    } else if element.tag == (Tag::ContextSpecific { constructed: false, number: der::TagNumber(0) }) {
        (SignerIdentifier::SubjectKeyIdentifier(element.content.to_vec()), 3)
    } else {
        return Err(E::wrong("SignerIdentifier", "unknown choice"));
    };
    match version == expected {
        true => Ok(id),
        false => Err(E::Version { part: "SignerInfo", found: version, expected }),
    }
}
