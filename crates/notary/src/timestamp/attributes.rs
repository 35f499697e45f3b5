//! The signed attributes of a token: RFC 5652, 11, and the signing certificate attribute of RFC 5035 and RFC 2634.

use std::cmp::Ordering;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use der::Tag;
use der::asn1::ObjectIdentifier;
use time::OffsetDateTime;

use super::algorithm::hash;
use super::error::TimestampError as E;
use super::signed_data::ID_CT_TST_INFO;
use crate::DigestAlgorithm;
use crate::element::{Element, context, single, unsigned};
use crate::x509::{Certificate, MAX_CERTIFICATES};

const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// The maximum number of signed attributes, and of unsigned ones. Tokens have three to six.
pub(super) const MAX_ATTRIBUTES: usize = 32;
const PART: &str = "SignedAttributes";

/// The attributes that are evaluated. Others are ignored.
#[derive(Debug, Clone)]
pub(super) struct SignedAttributes {
    pub(super) message_digest: Vec<u8>,
    pub(super) signing_time: Option<OffsetDateTime>,
    /// `signingCertificateV2`, and `signingCertificate` if present: "If both attributes exist in a single message, they
    /// are independently evaluated" (RFC 5035, 5).
    pub(super) signing_certificates: Vec<SigningCertificate>,
}

/// `SigningCertificateV2` or `SigningCertificate`: "The first certificate identified in the sequence of certificate
/// identifiers MUST be the certificate used to verify the signature." Further ones limit the chain. Policies are not
/// evaluated, like the other extensions of certificates.
#[derive(Debug, Clone)]
pub(super) struct SigningCertificate {
    name: &'static str,
    first: CertificateId,
    others: Vec<CertificateId>,
}

/// `ESSCertIDv2` or `ESSCertID`.
#[derive(Debug, Clone)]
struct CertificateId {
    /// `None` is SHA-1, which `ESSCertID` is defined with.
    algorithm: Option<DigestAlgorithm>,
    hash: Vec<u8>,
    /// The DER of the issuer's name, and the serial number without leading zeros.
    issuer_serial: Option<(Vec<u8>, Vec<u8>)>,
}

impl SignedAttributes {
    /// Parses the content of `signedAttrs`, whose order must be that of DER: "The SignedAttributes value MUST be
    /// DER-encoded, even if the rest of the structure is BER-encoded" (RFC 5652, 5.3).
    pub(super) fn parse(attributes: &Element<'_>) -> Result<Self, E> {
        let malformed = E::malformed(PART);
        let mut elements = attributes.elements().map_err(&malformed)?;
        let mut content_type = None;
        let mut message_digest = None;
        let mut signing_time = None;
        let mut first_version = None;
        let mut second_version = None;
        let mut previous: &[u8] = &[];
        for count in 0.. {
            if elements.is_finished() {
                break;
            }
            if count == MAX_ATTRIBUTES {
                return Err(E::wrong(PART, "too many attributes"));
            }
            let attribute = elements.required(Tag::Sequence).map_err(&malformed)?;
            if order(previous, attribute.der) == Ordering::Greater {
                return Err(E::wrong(PART, "the attributes are not in the order of DER"));
            }
            previous = attribute.der;
            let mut fields = attribute.elements().map_err(&malformed)?;
            let kind: ObjectIdentifier = fields.decode().map_err(&malformed)?;
            let values = fields.required(Tag::Set).map_err(&malformed)?;
            fields.finish().map_err(&malformed)?;
            let (name, place) = match kind {
                CONTENT_TYPE => ("contentType", &mut content_type),
                MESSAGE_DIGEST => ("messageDigest", &mut message_digest),
                SIGNING_TIME => ("signingTime", &mut signing_time),
                SIGNING_CERTIFICATE => ("signingCertificate", &mut first_version),
                SIGNING_CERTIFICATE_V2 => ("signingCertificateV2", &mut second_version),
                _ => continue,
            };
            // "A message-digest attribute MUST have a single attribute value", and the others likewise.
            let mut values = values.elements().map_err(&malformed)?;
            let value = values.next().map_err(&malformed)?;
            if !values.is_finished() || place.replace(value).is_some() {
                return Err(E::DuplicateAttribute(name));
            }
        }
        check_content_type(&content_type.ok_or(E::MissingAttribute("contentType"))?)?;
        let message_digest = message_digest.ok_or(E::MissingAttribute("messageDigest"))?;
        let message_digest = single(message_digest.der, Tag::OctetString).map_err(&malformed)?.content.to_vec();
        let second_version = second_version.ok_or(E::MissingAttribute("signingCertificateV2"))?;
        let mut signing_certificates = vec![SigningCertificate::parse("signingCertificateV2", &second_version)?];
        if let Some(first_version) = first_version {
            signing_certificates.push(SigningCertificate::parse("signingCertificate", &first_version)?);
        }
        let signing_time = signing_time.map(|time| time.decode::<x509_cert::time::Time>());
        let signing_time = signing_time.transpose().map_err(E::malformed("signingTime"))?;
        let signing_time = signing_time.map(|time| OffsetDateTime::from(time.to_system_time()));
        Ok(Self { message_digest, signing_time, signing_certificates })
    }
}

/// The order of the elements of a SET OF: X.690, 11.6. The shorter one counts as padded with zero bytes.
pub(super) fn order(a: &[u8], b: &[u8]) -> Ordering {
    let common = a.len().min(b.len());
    let rest = |longer: &[u8]| longer.iter().skip(common).any(|byte| *byte != 0);
    a[..common].cmp(&b[..common]).then_with(|| rest(a).cmp(&rest(b)))
}

fn check_content_type(value: &Element<'_>) -> Result<(), E> {
    let found: ObjectIdentifier = value.decode().map_err(E::malformed("contentType"))?;
    match found == ID_CT_TST_INFO {
        true => Ok(()),
        false => Err(E::Type { part: "the attribute contentType", found, expected: "id-ct-TSTInfo" }),
    }
}

impl SigningCertificate {
    fn parse(name: &'static str, value: &Element<'_>) -> Result<Self, E> {
        let malformed = E::malformed(name);
        let mut fields = single(value.der, Tag::Sequence).and_then(|value| value.elements()).map_err(&malformed)?;
        let mut listed = fields.required(Tag::Sequence).and_then(|list| list.elements()).map_err(&malformed)?;
        fields.optional(Tag::Sequence).map_err(&malformed)?;
        fields.finish().map_err(&malformed)?;
        let first = CertificateId::parse(name, &listed.required(Tag::Sequence).map_err(&malformed)?)?;
        let mut others = Vec::new();
        while !listed.is_finished() {
            if others.len() == MAX_CERTIFICATES {
                return Err(E::wrong(name, "too many certificates"));
            }
            others.push(CertificateId::parse(name, &listed.required(Tag::Sequence).map_err(&malformed)?)?);
        }
        Ok(Self { name, first, others })
    }

    /// Checks that the attribute names this certificate as the one that signed.
    pub(super) fn check_signer(&self, certificate: &Certificate) -> Result<(), E> {
        if self.first.names(certificate) {
            return Ok(());
        }
        Err(E::OtherCertificate { attribute: self.name, subject: certificate.subject().to_owned() })
    }

    /// Checks that the attribute allows the certificates of a chain above the signer: "If more than one certificate is
    /// present, subsequent certificates limit the set of certificates that are used during validation" (RFC 5035, 4).
    /// The root comes from the trust store, so its trust does not depend on the attribute.
    pub(super) fn check_chain(&self, chain: &[Certificate]) -> Result<(), E> {
        let issuers = chain.get(1..chain.len().saturating_sub(1)).unwrap_or_default();
        let is_listed = |certificate: &&Certificate| self.others.iter().any(|id| id.names(certificate));
        match issuers.iter().find(|certificate| !self.others.is_empty() && !is_listed(certificate)) {
            Some(certificate) => {
                Err(E::UnlistedCertificate { attribute: self.name, subject: certificate.subject().to_owned() })
            }
            None => Ok(()),
        }
    }
}

impl CertificateId {
    fn parse(name: &'static str, id: &Element<'_>) -> Result<Self, E> {
        let malformed = E::malformed(name);
        let mut fields = id.elements().map_err(&malformed)?;
        let algorithm = match name {
            "signingCertificate" => None,
            _ => Some(match fields.optional(Tag::Sequence).map_err(&malformed)? {
                Some(algorithm) => hash("the hashAlgorithm of signingCertificateV2", &algorithm)?,
                None => DigestAlgorithm::Sha256,
            }),
        };
        let hash = fields.required(Tag::OctetString).map_err(&malformed)?.content.to_vec();
        let issuer_serial = fields.optional(Tag::Sequence).map_err(&malformed)?;
        fields.finish().map_err(&malformed)?;
        let issuer_serial = issuer_serial.map(|value| issuer_serial_of(name, &value)).transpose()?;
        Ok(Self { algorithm, hash, issuer_serial })
    }

    fn names(&self, certificate: &Certificate) -> bool {
        let is_hash = match self.algorithm {
            Some(algorithm) => algorithm.hash(certificate.der()).as_ref() == self.hash,
            None => digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate.der()).as_ref() == self.hash,
        };
        is_hash
            && self.issuer_serial.as_ref().is_none_or(|(issuer, serial)| {
                issuer == certificate.issuer_bytes() && serial == certificate.serial_number()
            })
    }
}

/// `IssuerSerial`: "the issuer MUST contain only the issuer name from the certificate encoded in the directoryName
/// choice of GeneralNames" (RFC 5035, 4).
fn issuer_serial_of(name: &'static str, value: &Element<'_>) -> Result<(Vec<u8>, Vec<u8>), E> {
    let malformed = E::malformed(name);
    let mut fields = value.elements().map_err(&malformed)?;
    let mut names = fields.required(Tag::Sequence).and_then(|names| names.elements()).map_err(&malformed)?;
    let issuer = names.required(context(4)).map_err(&malformed)?;
    names.finish().map_err(&malformed)?;
    let issuer = single(issuer.content, Tag::Sequence).map_err(&malformed)?.der.to_vec();
    let serial = unsigned(&fields.required(Tag::Integer).map_err(&malformed)?).map_err(&malformed)?;
    let serial = serial.ok_or_else(|| E::wrong(name, "the serial number is negative"))?.to_vec();
    fields.finish().map_err(&malformed)?;
    Ok((issuer, serial))
}
