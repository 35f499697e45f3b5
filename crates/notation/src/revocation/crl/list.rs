//! Parsing and verification of one CRL: RFC 5280, 5. Entries are read in place, so a CRL takes no more memory than its
//! bytes.

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Reader as _, SliceReader, Tag, TagNumber};
use notary::x509::{Certificate, is_supported_algorithm};
use time::OffsetDateTime;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::time::Time;

use super::super::currency::check_currency;
use super::super::error::CrlError;

pub(super) const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
pub(super) const DELTA_CRL_INDICATOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");
pub(super) const ISSUING_DISTRIBUTION_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
pub(super) const FRESHEST_CRL: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.46");
/// The supported extensions of a CRL, which may therefore be critical.
const KNOWN: [ObjectIdentifier; 4] = [CRL_NUMBER, DELTA_CRL_INDICATOR, ISSUING_DISTRIBUTION_POINT, FRESHEST_CRL];
/// The maximum number of extensions of a CRL or an entry. RFC 5280 defines seven and three.
const MAX_EXTENSIONS: usize = 32;

/// A current CRL with a valid signature of its issuer.
#[derive(Debug)]
pub(super) struct VerifiedCrl<'a> {
    /// The end of its validity.
    pub(super) until: OffsetDateTime,
    /// The DER of the entries, concatenated.
    pub(super) entries: &'a [u8],
    extensions: Vec<ExtensionRef<'a>>,
}

/// An extension, borrowed from the CRL.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExtensionRef<'a> {
    pub(super) id: ObjectIdentifier,
    pub(super) is_critical: bool,
    pub(super) value: &'a [u8],
}

impl<'a> VerifiedCrl<'a> {
    /// Reads a CRL in DER and verifies that `issuer` signed it and that it is current at `now`.
    pub(super) fn verify(der: &'a [u8], issuer: &Certificate, now: OffsetDateTime) -> Result<Self, CrlError> {
        let mut list = sequence(der)?;
        let tbs = list.tlv_bytes()?;
        let algorithm = AlgorithmIdentifierOwned::decode(&mut list)?;
        let signature = BitStringRef::decode(&mut list)?;
        list.finish()?;
        let fields = Fields::read(tbs)?;
        if fields.algorithm != algorithm {
            return Err(malformed("the signed signature algorithm differs from the outer one"));
        }
        if fields.issuer != issuer.subject_bytes() {
            return Err(CrlError::OtherIssuer);
        }
        if !issuer.may_sign_crls() {
            return Err(CrlError::NoCrlSign);
        }
        if !is_supported_algorithm(&algorithm) {
            return Err(CrlError::Algorithm(algorithm.oid));
        }
        if !signature.as_bytes().is_some_and(|signature| issuer.has_signed(&algorithm, tbs, signature)) {
            return Err(CrlError::Signature);
        }
        let until = check_currency(fields.this_update, fields.next_update, now)?;
        let unknown = fields.extensions.iter().find(|e| e.is_critical && !KNOWN.contains(&e.id));
        match unknown {
            Some(unknown) => Err(CrlError::CriticalExtension(unknown.id)),
            None => Ok(Self { until, entries: fields.entries, extensions: fields.extensions }),
        }
    }

    /// The value of an extension, if present.
    pub(super) fn extension(&self, id: ObjectIdentifier) -> Option<&'a [u8]> {
        self.extensions.iter().find(|extension| extension.id == id).map(|extension| extension.value)
    }
}

/// TBSCertList.
struct Fields<'a> {
    algorithm: AlgorithmIdentifierOwned,
    issuer: &'a [u8],
    this_update: OffsetDateTime,
    next_update: Option<OffsetDateTime>,
    entries: &'a [u8],
    extensions: Vec<ExtensionRef<'a>>,
}

impl<'a> Fields<'a> {
    fn read(tbs: &'a [u8]) -> Result<Self, CrlError> {
        const CRL_EXTENSIONS: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
        let mut reader = sequence(tbs)?;
        let is_version_2 = next_is(&reader, &[Tag::Integer]);
        if is_version_2 && u8::decode(&mut reader)? != 1 {
            return Err(malformed("invalid version"));
        }
        let algorithm = AlgorithmIdentifierOwned::decode(&mut reader)?;
        let issuer = reader.tlv_bytes()?;
        let this_update = Time::decode(&mut reader)?;
        let has_next_update = next_is(&reader, &[Tag::UtcTime, Tag::GeneralizedTime]);
        let next_update = has_next_update.then(|| Time::decode(&mut reader)).transpose()?;
        let has_entries = next_is(&reader, &[Tag::Sequence]);
        let entries = if has_entries { AnyRef::decode(&mut reader)?.value() } else { &[] };
        let mut extensions = Vec::new();
        if next_is(&reader, &[CRL_EXTENSIONS]) {
            if !is_version_2 {
                return Err(malformed("extensions require version 2"));
            }
            extensions = read_extensions(AnyRef::decode(&mut reader)?.value())?;
        }
        reader.finish()?;
        let next_update = next_update.map(|time| time.to_system_time().into());
        let this_update = this_update.to_system_time().into();
        Ok(Self { algorithm, issuer, this_update, next_update, entries, extensions })
    }
}

/// Reads the extensions in a SEQUENCE; duplicates are an error.
pub(super) fn read_extensions(der: &[u8]) -> Result<Vec<ExtensionRef<'_>>, CrlError> {
    let mut reader = sequence(der)?;
    let mut extensions: Vec<ExtensionRef<'_>> = Vec::new();
    while !reader.is_finished() {
        if extensions.len() == MAX_EXTENSIONS {
            return Err(malformed("too many extensions"));
        }
        let mut extension = sequence(reader.tlv_bytes()?)?;
        let id = ObjectIdentifier::decode(&mut extension)?;
        let is_critical = next_is(&extension, &[Tag::Boolean]) && bool::decode(&mut extension)?;
        let value = <&OctetStringRef>::decode(&mut extension)?.as_bytes();
        extension.finish()?;
        if extensions.iter().any(|other| other.id == id) {
            return Err(malformed("duplicate extension"));
        }
        extensions.push(ExtensionRef { id, is_critical, value });
    }
    Ok(extensions)
}

/// A reader of the contents of a SEQUENCE without trailing data.
pub(super) fn sequence(der: &[u8]) -> der::Result<SliceReader<'_>> {
    let whole = <&der::asn1::SequenceRef>::from_der(der)?;
    SliceReader::new(whole.as_bytes())
}

/// Whether another element follows, with one of these tags.
pub(super) fn next_is(reader: &SliceReader<'_>, tags: &[Tag]) -> bool {
    !reader.is_finished() && Tag::peek(reader).is_ok_and(|tag| tags.contains(&tag))
}

pub(super) fn malformed(why: &str) -> CrlError {
    CrlError::Malformed(why.to_owned())
}

impl From<der::Error> for CrlError {
    fn from(error: der::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}
