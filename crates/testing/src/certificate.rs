//! Certificates and chains: valid ones, which a test can change before they are signed.

use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::der::{bits, name, named_bits, oid, sequence, time, tlv};
use super::key::{Key, Kind};

/// A second in the middle of the validity of all certificates here.
pub const NOW: OffsetDateTime = datetime!(2026-07-01 12:00:00 UTC);

pub const KEY_USAGE: &str = "2.5.29.15";
pub const BASIC_CONSTRAINTS: &str = "2.5.29.19";
pub const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
/// The extended key usage of timestamping.
pub const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
/// Bits of the key usage.
pub const DIGITAL_SIGNATURE: u8 = 0;
pub const KEY_CERT_SIGN: u8 = 5;

/// The content of a certificate.
#[derive(Debug)]
pub struct Spec {
    /// The encoded version (2 is v3); `None` omits it.
    pub version: Option<u8>,
    pub subject: Vec<u8>,
    /// The issuer's name if it differs from the subject of the next certificate.
    pub issuer: Option<Vec<u8>>,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    pub key: Key,
    /// A SubjectPublicKeyInfo that replaces the key's.
    pub spki: Option<Vec<u8>>,
    pub extensions: Vec<Extension>,
    /// The AlgorithmIdentifiers inside and outside the signed part, if they are not the correct ones.
    pub algorithms: Option<[Vec<u8>; 2]>,
}

#[derive(Debug, Clone)]
pub struct Extension {
    pub oid: &'static str,
    pub critical: bool,
    pub value: Vec<u8>,
}

pub fn basic_constraints(critical: bool, ca: bool, path_length: Option<u8>) -> Extension {
    let ca: &[u8] = if ca { &[1, 1, 0xff] } else { &[] };
    let path_length = path_length.map_or(Vec::new(), |length| vec![2, 1, length]);
    Extension { oid: BASIC_CONSTRAINTS, critical, value: sequence(&[ca, &path_length]) }
}

pub fn key_usage(critical: bool, set: &[u8]) -> Extension {
    Extension { oid: KEY_USAGE, critical, value: named_bits(set) }
}

pub fn extended_key_usage(critical: bool, purposes: &[&str]) -> Extension {
    let purposes: Vec<u8> = purposes.iter().flat_map(|purpose| oid(purpose)).collect();
    Extension { oid: EXTENDED_KEY_USAGE, critical, value: tlv(0x30, &purposes) }
}

impl Spec {
    fn new(common_name: &str, kind: Kind, extensions: Vec<Extension>) -> Self {
        Self {
            version: Some(2),
            subject: name(0x0c, common_name),
            issuer: None,
            not_before: NOW - Duration::days(3),
            not_after: NOW + Duration::days(4),
            key: Key::new(kind),
            spki: None,
            extensions,
            algorithms: None,
        }
    }

    pub fn leaf(kind: Kind) -> Self {
        Self::new("leaf", kind, vec![key_usage(true, &[DIGITAL_SIGNATURE])])
    }

    /// The signing certificate of a timestamping authority.
    pub fn tsa(kind: Kind) -> Self {
        let usage = [key_usage(true, &[DIGITAL_SIGNATURE]), extended_key_usage(true, &[TIME_STAMPING])];
        Self::new("tsa", kind, usage.to_vec())
    }

    pub fn authority(common_name: &str, kind: Kind) -> Self {
        let extensions = vec![basic_constraints(true, true, None), key_usage(true, &[KEY_CERT_SIGN])];
        Self::new(common_name, kind, extensions)
    }

    /// Adds an extension, or replaces the one with the same OID.
    pub fn set(&mut self, extension: Extension) {
        self.remove(extension.oid);
        self.extensions.push(extension);
    }

    pub fn remove(&mut self, oid: &str) {
        self.extensions.retain(|e| e.oid != oid);
    }

    /// The certificate, signed by `issuer`.
    pub fn sign(&self, issuer: &Self) -> Vec<u8> {
        let right = issuer.key.certificate_algorithm();
        let [inside, beside] = self.algorithms.as_ref().map_or([&right, &right], |[a, b]| [a, b]);
        let extension = |e: &Extension| {
            let critical: &[u8] = if e.critical { &[1, 1, 0xff] } else { &[] };
            sequence(&[&oid(e.oid), critical, &tlv(4, &e.value)])
        };
        let extensions: Vec<u8> = self.extensions.iter().flat_map(extension).collect();
        let tbs = sequence(&[
            &self.version.map_or(Vec::new(), |version| tlv(0xa0, &[2, 1, version])),
            &[2, 2, 0x12, 0x34],
            inside,
            self.issuer.as_ref().unwrap_or(&issuer.subject),
            &sequence(&[&time(self.not_before), &time(self.not_after)]),
            &self.subject,
            &self.spki.clone().unwrap_or_else(|| self.key.spki()),
            &if extensions.is_empty() { Vec::new() } else { tlv(0xa3, &tlv(0x30, &extensions)) },
        ]);
        sequence(&[&tbs, beside, &bits(&issuer.key.sign_certificate(&tbs))])
    }
}

/// The certificates of a chain on P-256: leaf, two intermediates and root, in this order.
pub fn specs() -> Vec<Spec> {
    let authorities = ["issuing", "policy", "root"].map(|name| Spec::authority(name, Kind::P256));
    [Spec::leaf(Kind::P256)].into_iter().chain(authorities).collect()
}

/// Signs each certificate with the next, and the last with itself.
pub fn issue(specs: &[Spec]) -> Vec<Vec<u8>> {
    specs.iter().enumerate().map(|(i, spec)| spec.sign(specs.get(i + 1).unwrap_or(spec))).collect()
}
