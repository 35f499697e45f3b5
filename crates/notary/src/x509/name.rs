//! Names of certificates as text: RFC 4514.
//!
//! The text is that of `x509-cert`, which reads a list of all object identifiers for the name of each attribute type.
//! That was a twelfth of what `verify` did beside checking signatures.

use std::fmt::Write as _;

use der::asn1::{ObjectIdentifier, PrintableStringRef, Utf8StringRef};
use der::{Tag, Tagged};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::Name;

/// The attribute types that certificates commonly have.
const COMMON: [(ObjectIdentifier, &str); 6] = [
    (ObjectIdentifier::new_unwrap("2.5.4.3"), "CN"),
    (ObjectIdentifier::new_unwrap("2.5.4.10"), "O"),
    (ObjectIdentifier::new_unwrap("2.5.4.11"), "OU"),
    (ObjectIdentifier::new_unwrap("2.5.4.6"), "C"),
    (ObjectIdentifier::new_unwrap("2.5.4.8"), "ST"),
    (ObjectIdentifier::new_unwrap("2.5.4.7"), "L"),
];

/// The text of a name, the last part first.
pub(super) fn text(name: &Name) -> String {
    let parts: Vec<_> = name.iter_rdn().collect();
    let mut text = String::new();
    for (place, part) in parts.into_iter().rev().enumerate() {
        if place > 0 {
            text.push(',');
        }
        for (place, attribute) in part.iter().enumerate() {
            if place > 0 {
                text.push('+');
            }
            push(&mut text, attribute);
        }
    }
    text
}

fn push(text: &mut String, attribute: &AttributeTypeAndValue) {
    let known = COMMON.iter().find(|(oid, _)| *oid == attribute.oid);
    match (known, string(attribute)) {
        (Some((_, name)), Some(value)) => {
            text.push_str(name);
            text.push('=');
            push_escaped(text, value);
        }
        // Writing to a string does not fail.
        _ => _ = write!(text, "{attribute}"),
    }
}

/// The value, if it has one of the two types that certificates commonly have.
fn string(attribute: &AttributeTypeAndValue) -> Option<&str> {
    match attribute.value.tag() {
        Tag::Utf8String => Utf8StringRef::try_from(&attribute.value).ok().map(|value| value.as_str()),
        Tag::PrintableString => PrintableStringRef::try_from(&attribute.value).ok().map(|value| value.as_str()),
        _ => None,
    }
}

fn push_escaped(text: &mut String, value: &str) {
    let mut letters = value.chars().enumerate().peekable();
    while let Some((place, letter)) = letters.next() {
        match letter {
            '\0'..='\x1f' | '\x7f' => _ = write!(text, "\\{:02x}", u32::from(letter)),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => text.extend(['\\', letter]),
            '#' if place == 0 => text.extend(['\\', letter]),
            ' ' if place == 0 || letters.peek().is_none() => text.extend(['\\', letter]),
            _ => text.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use der::asn1::{Any, SetOfVec};
    use der::{Decode as _, Encode as _};
    use x509_cert::name::{RdnSequence, RelativeDistinguishedName};

    use super::*;

    fn attribute(oid: &str, tag: Tag, value: &str) -> AttributeTypeAndValue {
        AttributeTypeAndValue { oid: oid.parse().unwrap(), value: Any::new(tag, value.as_bytes()).unwrap() }
    }

    fn name(parts: Vec<Vec<AttributeTypeAndValue>>) -> Name {
        let part = |attributes| RelativeDistinguishedName::from(SetOfVec::from_iter(attributes).unwrap());
        let parts = RdnSequence::from(parts.into_iter().map(part).collect::<Vec<_>>());
        Name::from_der(&parts.to_der().unwrap()).unwrap()
    }

    const TAGS: [Tag; 6] =
        [Tag::Utf8String, Tag::PrintableString, Tag::Ia5String, Tag::TeletexString, Tag::BmpString, Tag::OctetString];

    #[test]
    fn every_name_has_the_text_that_x509_cert_gives_it() {
        let types = COMMON.iter().map(|(oid, _)| oid.to_string());
        // Serial number, street, domain component, e-mail address, and one without a name.
        let others = ["2.5.4.5", "2.5.4.9", "0.9.2342.19200300.100.1.25", "1.2.840.113549.1.9.1", "1.3.6.1.4.1.99999"];
        let types: Vec<String> = types.chain(others.map(str::to_owned)).collect();
        let mut values: Vec<String> =
            (0..=0x17f).filter_map(char::from_u32).map(|letter| format!("a{letter}b")).collect();
        values.extend(values.clone().iter().map(|value| value[1..].to_owned()));
        values.extend(
            ["", " ", "  ", "#", "a #", " a", "a ", "é ", " é", "Example, Inc.", "\u{202e}gpj"].map(str::to_owned),
        );
        for oid in &types {
            for tag in TAGS {
                for value in &values {
                    let name = name(vec![vec![attribute(oid, tag, value)]]);
                    assert_eq!(text(&name), name.to_string(), "{oid} {tag} {value:?}");
                }
            }
        }
    }

    #[test]
    fn parts_are_reversed_and_attributes_of_one_part_are_joined() {
        let country = || attribute("2.5.4.6", Tag::PrintableString, "US");
        let unit = || attribute("2.5.4.11", Tag::Utf8String, "Builds");
        let other = || attribute("1.3.6.1.4.1.99999", Tag::Utf8String, "x");
        for parts in [
            vec![],
            vec![vec![]],
            vec![vec![], vec![country()], vec![]],
            vec![vec![country()], vec![unit()], vec![other()]],
            vec![vec![country(), unit(), other()], vec![unit()]],
            vec![vec![other(), country()], vec![country(), other()]],
        ] {
            let name = name(parts);
            assert_eq!(text(&name), name.to_string());
        }
        assert_eq!(
            text(&name(vec![vec![country()], vec![unit(), other()]])),
            "OU=Builds+1.3.6.1.4.1.99999=#0c0178,C=US"
        );
    }
}
