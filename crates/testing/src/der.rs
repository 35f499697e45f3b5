//! A minimal DER encoder for valid and invalid certificates.

use ::der::Encode as _;
use ::der::asn1::ObjectIdentifier;
use time::OffsetDateTime;
use time::macros::format_description;

/// One element: tag, length, content.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        short @ 0..0x80 => out.push(short as u8),
        long => {
            let bytes = long.to_be_bytes();
            let bytes = &bytes[bytes.iter().position(|b| *b != 0).unwrap()..];
            out.push(0x80 | bytes.len() as u8);
            out.extend(bytes);
        }
    }
    out.extend(content);
    out
}

pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

pub fn oid(text: &str) -> Vec<u8> {
    ObjectIdentifier::new(text).unwrap().to_der().unwrap()
}

/// A bit string without unused bits.
pub fn bits(content: &[u8]) -> Vec<u8> {
    tlv(3, &[&[0], content].concat())
}

/// A bit string with these bits set, counted from 0, in the shortest form, which DER requires.
pub fn named_bits(set: &[u8]) -> Vec<u8> {
    let mut bytes = [0u8; 2];
    for bit in set {
        bytes[usize::from(bit / 8)] |= 0x80 >> (bit % 8);
    }
    let length = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    let unused = bytes[..length].last().map_or(0, |last| last.trailing_zeros() as u8);
    tlv(3, &[&[unused], &bytes[..length]].concat())
}

/// A distinguished name with one common name of the string type `tag` (0x0c is UTF8String, 0x13 PrintableString).
pub fn name(tag: u8, common_name: &str) -> Vec<u8> {
    let attribute = sequence(&[&oid("2.5.4.3"), &tlv(tag, common_name.as_bytes())]);
    sequence(&[&tlv(0x31, &attribute)])
}

/// UTCTime until 2049, GeneralizedTime from 2050 on.
pub fn time(time: OffsetDateTime) -> Vec<u8> {
    if time.year() < 2050 {
        let utc = format_description!("[year repr:last_two][month][day][hour][minute][second]Z");
        tlv(0x17, time.format(utc).unwrap().as_bytes())
    } else {
        let generalized = format_description!("[year][month][day][hour][minute][second]Z");
        tlv(0x18, time.format(generalized).unwrap().as_bytes())
    }
}
