//! The subject of a signing certificate, read from its DER: RFC 5280, 4.1.2.6.
//!
//! notation 1.3.2 writes the subject as text and reads that as if it were an identity of a policy. Two things follow from that
//! there and not here:
//! - A subject with an attribute that notation has no name for (`DC`, `emailAddress`) matches no identity, not even one that
//!   names other attributes. The specification: "The `trustedIdentities` list items MUST support a full and partial list of
//!   all the attribute types present in subject DN of x509 certificate". Here such attributes are passed over.
//! - A subject without C, ST or O is an error. Here it is a subject that no identity matches: each names all three.

use std::collections::BTreeMap;

use der::asn1::Any;
use der::{Tag, Tagged};

use super::{AttributeType, DistinguishedName};
use crate::x509::Certificate;

/// Why identities cannot be compared with a certificate's subject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// An attribute type stands twice, so that it has no one value to compare. notation refuses it too.
    #[error(
        "the subject {subject} of the signing certificate has {kind} twice, trusted identities cannot tell which counts"
    )]
    Repeated {
        /// The subject, for people.
        subject: String,
        /// The type.
        kind: AttributeType,
    },
    /// An attribute's value is not text in an encoding that is compared.
    #[error("{kind} in the subject {subject} of the signing certificate is not text, so it cannot be compared")]
    NotText {
        /// The subject, for people.
        subject: String,
        /// The type.
        kind: AttributeType,
    },
}

/// The attributes of a certificate's subject that identities are compared by, each at most once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject(BTreeMap<AttributeType, String>);

impl Subject {
    /// Reads the subject of a certificate. How its attributes are grouped into RDNs does not matter, as in notation.
    ///
    /// # Errors
    /// [`SubjectError`] when an attribute that identities can name stands twice or is not text.
    pub fn of(certificate: &Certificate) -> Result<Self, SubjectError> {
        let mut attributes = BTreeMap::new();
        for attribute in certificate.subject_name().iter() {
            let Some(kind) = AttributeType::of_oid(&attribute.oid) else { continue };
            let Some(value) = text(&attribute.value) else {
                return Err(SubjectError::NotText { subject: certificate.subject(), kind });
            };
            if attributes.insert(kind, value).is_some() {
                return Err(SubjectError::Repeated { subject: certificate.subject(), kind });
            }
        }
        Ok(Self(attributes))
    }

    /// Whether the subject has every attribute of the identity with the same value. Values are compared as they are: nothing
    /// is trimmed or folded.
    #[must_use]
    pub fn matches(&self, identity: &DistinguishedName) -> bool {
        identity.attributes().all(|(kind, value)| self.0.get(&kind).is_some_and(|own| own == value))
    }
}

/// The text of a value. Teletex is read as ASCII only: what its other bytes mean differs between readers.
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
