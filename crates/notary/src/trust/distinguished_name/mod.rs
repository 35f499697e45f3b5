//! Distinguished names of trusted identities (`x509.subject`) and of certificates. `trust-store-trust-policy.md`,
//! "Trusted Identities Constraints"; the text form is that of RFC 4514.
//!
//! notation 1.3.2 is less strict:
//! - It accepts `;` between RDNs. The specification says "comma-separated one or more RDNs" and "All occurrences of the
//!   semicolon character (`;`) MUST be escaped".
//! - It accepts unknown attribute types (`DC`, `cn`), which never match a certificate. Here they are rejected, so that
//!   a policy has no identity that matches nothing. Types are upper case, as in the specification; notation does not
//!   treat `c=US` as a country either.
//! - It treats an attribute with an empty value as optional. The specification: "The RDN consists of an
//!   attribute type name followed by an equal sign and the string representation of the corresponding attribute value".
//! - It treats `"` at the start of a value as part of the value, so a quoted value (RFC 2253) does not match as
//!   intended. Here it is rejected, with the correct form in the error.
//! - After an escaped backslash it keeps an unescaped space at the end of a value. The specification: "If a value
//!   starts or ends with a space, then that space character MUST be escaped".

mod subject;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use der::asn1::ObjectIdentifier;
pub use subject::{Subject, SubjectError};

/// The name and the object identifier of each attribute type.
const TYPES: [(AttributeType, &str, ObjectIdentifier); 9] = [
    (AttributeType::Country, "C", ObjectIdentifier::new_unwrap("2.5.4.6")),
    (AttributeType::StateOrProvince, "ST", ObjectIdentifier::new_unwrap("2.5.4.8")),
    (AttributeType::Locality, "L", ObjectIdentifier::new_unwrap("2.5.4.7")),
    (AttributeType::Organization, "O", ObjectIdentifier::new_unwrap("2.5.4.10")),
    (AttributeType::OrganizationalUnit, "OU", ObjectIdentifier::new_unwrap("2.5.4.11")),
    (AttributeType::CommonName, "CN", ObjectIdentifier::new_unwrap("2.5.4.3")),
    (AttributeType::SerialNumber, "SERIALNUMBER", ObjectIdentifier::new_unwrap("2.5.4.5")),
    (AttributeType::Street, "STREET", ObjectIdentifier::new_unwrap("2.5.4.9")),
    (AttributeType::PostalCode, "POSTALCODE", ObjectIdentifier::new_unwrap("2.5.4.17")),
];
/// The attribute types required in an identity.
const REQUIRED: [AttributeType; 3] =
    [AttributeType::Country, AttributeType::StateOrProvince, AttributeType::Organization];

/// An attribute type that identities can have: those that notation has a name for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttributeType {
    /// `C`
    Country,
    /// `ST`, also written `S`
    StateOrProvince,
    /// `L`
    Locality,
    /// `O`
    Organization,
    /// `OU`
    OrganizationalUnit,
    /// `CN`
    CommonName,
    /// `SERIALNUMBER`
    SerialNumber,
    /// `STREET`
    Street,
    /// `POSTALCODE`
    PostalCode,
}

impl AttributeType {
    fn from_oid(oid: &ObjectIdentifier) -> Option<Self> {
        TYPES.iter().find(|(_, _, known)| known == oid).map(|(this, _, _)| *this)
    }

    fn from_name(name: &str) -> Result<Self, DistinguishedNameError> {
        let name = if name == "S" { "ST" } else { name };
        if let Some((this, _, _)) = TYPES.iter().find(|(_, known, _)| *known == name) {
            return Ok(*this);
        }
        let found = name.to_owned();
        Err(match TYPES.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(name)) {
            Some((this, _, _)) => DistinguishedNameError::LowerCaseType { found, written: *this },
            None => DistinguishedNameError::UnsupportedType { found },
        })
    }
}

impl fmt::Display for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = TYPES.iter().find(|(this, _, _)| this == self).map(|(_, name, _)| *name);
        f.pad(name.unwrap_or_default())
    }
}

/// An invalid distinguished name of a trusted identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DistinguishedNameError {
    /// A component is not `TYPE=VALUE`.
    #[error("{found:?} is not TYPE=VALUE; a comma within a value is written \\,")]
    NotAnAttribute {
        /// The component.
        found: String,
    },
    /// An unsupported attribute type.
    #[error(
        "the attribute type {found:?} is not supported; supported are C, ST (or S), L, O, OU, CN, SERIALNUMBER, STREET \
         and POSTALCODE"
    )]
    UnsupportedType {
        /// The type.
        found: String,
    },
    /// An attribute type that is not in upper case.
    #[error("the attribute type {found:?} must be written {written}")]
    LowerCaseType {
        /// The type as given.
        found: String,
        /// The correct type.
        written: AttributeType,
    },
    /// A duplicate attribute type.
    #[error("duplicate attribute type {0}; each type is allowed once")]
    Repeated(AttributeType),
    /// A required attribute type is missing.
    #[error("{0} is missing; C, ST (or S) and O are required")]
    Required(AttributeType),
    /// A value is empty.
    #[error("{0} has no value; omit the attribute to accept any value")]
    EmptyValue(AttributeType),
    /// RDNs are separated by a semicolon.
    #[error("RDNs are separated by commas; a semicolon within a value is written \\;")]
    Semicolon,
    /// An RDN with several attributes.
    #[error("RDNs with several attributes (\"+\") are not supported; a plus sign within a value is written \\+")]
    MultiValued,
    /// A value in the hexadecimal form.
    #[error("values in hexadecimal BER (\"=#\") are not supported; a number sign within a value is written \\#")]
    HexadecimalValue,
    /// A quoted value.
    #[error(
        "the value of {0} is in quotation marks, which are not supported; remove them, or write a literal one as \\\""
    )]
    Quoted(AttributeType),
    /// A backslash is followed by neither a special character nor two hexadecimal digits.
    #[error("{found:?} has an invalid escape; a backslash within a value is written \\\\")]
    Escape {
        /// The value.
        found: String,
    },
    /// The escaped bytes of a value are not UTF-8.
    #[error("{found:?} is not UTF-8 after unescaping")]
    NotUtf8 {
        /// The value.
        found: String,
    },
}

/// The distinguished name of a trusted identity: each attribute type at most once, with country, state or province and
/// organization required. The order of the RDNs does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DistinguishedName(BTreeMap<AttributeType, String>);

impl DistinguishedName {
    /// Returns the attributes in a fixed order.
    pub fn attributes(&self) -> impl Iterator<Item = (AttributeType, &str)> {
        self.0.iter().map(|(kind, value)| (*kind, value.as_str()))
    }

    fn value(&self, kind: AttributeType) -> Option<&str> {
        self.0.get(&kind).map(String::as_str)
    }

    /// Whether one certificate could match both names: no attribute type has different values in them.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.attributes().all(|(kind, value)| other.value(kind).is_none_or(|theirs| theirs == value))
    }
}

impl FromStr for DistinguishedName {
    type Err = DistinguishedNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        use DistinguishedNameError as E;
        if text.contains("=#") {
            return Err(E::HexadecimalValue);
        }
        let mut attributes = BTreeMap::new();
        for component in components(text)? {
            let Some((kind, value)) = component.split_once('=') else {
                return Err(E::NotAnAttribute { found: component.to_owned() });
            };
            let kind = AttributeType::from_name(kind.trim_matches(' '))?;
            if attributes.insert(kind, read_value(kind, value)?).is_some() {
                return Err(E::Repeated(kind));
            }
        }
        match REQUIRED.iter().find(|kind| !attributes.contains_key(kind)) {
            Some(kind) => Err(E::Required(*kind)),
            None => Ok(Self(attributes)),
        }
    }
}

/// Splits at unescaped commas.
fn components(text: &str) -> Result<Vec<&str>, DistinguishedNameError> {
    let mut components = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (position, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b';' => return Err(DistinguishedNameError::Semicolon),
            b'+' => return Err(DistinguishedNameError::MultiValued),
            b',' => {
                components.push(&text[start..position]);
                start = position + 1;
            }
            _ => {}
        }
    }
    components.push(&text[start..]);
    Ok(components)
}

/// Unescapes a value and trims unescaped spaces around it.
fn read_value(kind: AttributeType, text: &str) -> Result<String, DistinguishedNameError> {
    use DistinguishedNameError as E;
    let text = text.trim_start_matches(' ');
    match text.as_bytes().first() {
        None => return Err(E::EmptyValue(kind)),
        Some(b'#') => return Err(E::HexadecimalValue),
        Some(b'"') => return Err(E::Quoted(kind)),
        Some(_) => {}
    }
    let escape = || E::Escape { found: text.to_owned() };
    let mut value = Vec::new();
    let mut end = 0;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                let next = bytes.next().ok_or_else(escape)?;
                if b" \"#+,;<=>\\".contains(&next) {
                    value.push(next);
                } else {
                    let pair = [next, bytes.next().ok_or_else(escape)?];
                    let mut resolved = [0];
                    hex::decode_to_slice(pair, &mut resolved).map_err(|_| escape())?;
                    value.extend(resolved);
                }
                end = value.len();
            }
            b' ' => value.push(b' '),
            other => {
                value.push(other);
                end = value.len();
            }
        }
    }
    value.truncate(end);
    if value.is_empty() {
        return Err(E::EmptyValue(kind));
    }
    String::from_utf8(value).map_err(|_| E::NotUtf8 { found: text.to_owned() })
}

/// Formats the name so that this parser and notation parse it as the same name.
impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (kind, value)) in self.attributes().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(f, "{separator}{kind}=")?;
            let last = value.chars().count().saturating_sub(1);
            for (place, character) in value.chars().enumerate() {
                match character {
                    ' ' if place == 0 || place == last => f.write_str("\\ ")?,
                    ',' | ';' | '\\' | '"' | '+' | '<' | '>' | '#' => write!(f, "\\{character}")?,
                    '\0'..=' ' if character != ' ' => write!(f, "\\{:02X}", u32::from(character))?,
                    '\u{7f}' => f.write_str("\\7F")?,
                    _ => write!(f, "{character}")?,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
