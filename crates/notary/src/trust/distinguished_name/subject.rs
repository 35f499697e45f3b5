//! The subject of a signing certificate, read from its DER: RFC 5280, 4.1.2.6.
//!
//! notation 1.3.2 formats the subject as text and parses that like an identity of a policy. This has two consequences
//! that are avoided here:
//! - A subject with an attribute that notation has no name for (`DC`, `emailAddress`) matches no identity, not even one
//!   with other attributes. The specification: "The `trustedIdentities` list items MUST support a full and partial list
//!   of all the attribute types present in subject DN of x509 certificate". Here such attributes are ignored.
//! - A subject without C, ST or O is an error. Here it matches no identity, since every identity has all three.

use std::collections::BTreeMap;

use der::asn1::Any;
use der::{Tag, Tagged};

use super::{AttributeType, DistinguishedName};
use crate::x509::Certificate;

/// A subject that cannot be compared with identities.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// A duplicate attribute type, so there is no single value to compare. notation rejects it too.
    #[error(
        "the subject {subject} of the signing certificate has {kind} twice, so it cannot be compared with identities"
    )]
    Repeated {
        /// The subject, as text.
        subject: String,
        /// The attribute type.
        kind: AttributeType,
    },
    /// The value of an attribute is not text, or its encoding is not supported.
    #[error("{kind} in the subject {subject} of the signing certificate is not text, so it cannot be compared")]
    NotText {
        /// The subject, as text.
        subject: String,
        /// The attribute type.
        kind: AttributeType,
    },
}

/// The attributes of a certificate's subject that are compared with identities, without duplicates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject(BTreeMap<AttributeType, String>);

impl Subject {
    /// Reads the subject of a certificate. The grouping of attributes into RDNs does not matter, as in notation.
    ///
    /// # Errors
    /// Returns [`SubjectError`] if an attribute that identities can have is duplicated or not text.
    pub fn from_certificate(certificate: &Certificate) -> Result<Self, SubjectError> {
        let mut attributes = BTreeMap::new();
        for attribute in certificate.subject_name().iter() {
            let Some(kind) = AttributeType::from_oid(&attribute.oid) else { continue };
            let Some(value) = text(&attribute.value) else {
                return Err(SubjectError::NotText { subject: certificate.subject().to_owned(), kind });
            };
            if attributes.insert(kind, value).is_some() {
                return Err(SubjectError::Repeated { subject: certificate.subject().to_owned(), kind });
            }
        }
        Ok(Self(attributes))
    }

    /// Whether the subject has every attribute of the identity with the same value. Values are compared exactly,
    /// without trimming or case folding.
    #[must_use]
    pub fn matches(&self, identity: &DistinguishedName) -> bool {
        identity.attributes().all(|(kind, value)| self.0.get(&kind).is_some_and(|own| own == value))
    }
}

/// Returns a value as text. TeletexString must be ASCII: implementations disagree about its other bytes.
fn text(value: &Any) -> Option<String> {
    let bytes = value.value();
    match value.tag() {
        Tag::Utf8String => String::from_utf8(bytes.to_vec()).ok(),
        Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::TeletexString => {
            bytes.is_ascii().then(|| String::from_utf8_lossy(bytes).into_owned())
        }
        Tag::BmpString if bytes.len().is_multiple_of(2) => {
            let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    }
}
