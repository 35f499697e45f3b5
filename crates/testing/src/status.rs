//! OCSP responses and CRLs: valid ones, which a test can change before they are signed.

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, digest};
use time::{Duration, OffsetDateTime};

use super::der::{bits, oid, sequence, time, tlv};

pub const SHA1: &str = "1.3.14.3.2.26";
pub const INVALIDITY_DATE: &str = "2.5.29.24";
pub const REASON_CODE: &str = "2.5.29.21";
pub const CRL_NUMBER: &str = "2.5.29.20";
pub const DELTA_CRL_INDICATOR: &str = "2.5.29.27";
pub const ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";
pub const FRESHEST_CRL: &str = "2.5.29.46";

/// A signer: its name and the bits of its public key, both as in its certificate.
#[derive(Debug, Clone)]
pub struct Party {
    pub name: Vec<u8>,
    pub key: Vec<u8>,
}

pub fn sha1(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec()
}

/// GeneralizedTime for any year.
pub fn generalized(time: OffsetDateTime) -> Vec<u8> {
    let form = ::time::macros::format_description!("[year][month][day][hour][minute][second]Z");
    tlv(0x18, time.format(form).unwrap().as_bytes())
}

pub fn extension(id: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    sequence(&[&oid(id), critical, &tlv(4, value)])
}

/// The CertID of the certificate with this serial number (the content of its INTEGER).
pub fn cert_id(hash: (&str, &'static Algorithm), issuer: &Party, serial: &[u8]) -> Vec<u8> {
    let hashed = |bytes: &[u8]| tlv(4, digest(hash.1, bytes).as_ref());
    let algorithm = sequence(&[&oid(hash.0), &[5, 0]]);
    sequence(&[&algorithm, &hashed(&issuer.name), &hashed(&issuer.key), &tlv(2, serial)])
}

pub fn good() -> Vec<u8> {
    tlv(0x80, &[])
}

pub fn unknown() -> Vec<u8> {
    tlv(0x82, &[])
}

pub fn revoked(time: OffsetDateTime, reason: Option<u8>) -> Vec<u8> {
    let reason = reason.map_or(Vec::new(), |reason| tlv(0xa0, &[10, 1, reason]));
    tlv(0xa1, &[generalized(time), reason].concat())
}

/// The status of one certificate.
#[derive(Debug, Clone)]
pub struct Single {
    pub cert_id: Vec<u8>,
    pub cert_status: Vec<u8>,
    pub this_update: OffsetDateTime,
    pub next_update: Option<OffsetDateTime>,
    pub extensions: Vec<Vec<u8>>,
}

/// An OCSP response.
#[derive(Debug, Clone)]
pub struct OcspDraft {
    pub responder_id: Vec<u8>,
    pub singles: Vec<Single>,
    pub extensions: Vec<Vec<u8>>,
    pub certs: Vec<Vec<u8>>,
}

impl OcspDraft {
    /// A response of the issuer itself with this status, valid from one hour ago to one hour from now.
    pub fn new(issuer: &Party, serial: &[u8], cert_status: Vec<u8>, now: OffsetDateTime) -> Self {
        let single = Single {
            cert_id: cert_id((SHA1, &SHA1_FOR_LEGACY_USE_ONLY), issuer, serial),
            cert_status,
            this_update: now - Duration::HOUR,
            next_update: Some(now + Duration::HOUR),
            extensions: Vec::new(),
        };
        let responder_id = tlv(0xa1, &issuer.name);
        Self { responder_id, singles: vec![single], extensions: Vec::new(), certs: Vec::new() }
    }

    /// The signed response.
    pub fn sign(&self, algorithm: &[u8], sign: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let singles: Vec<u8> = self.singles.iter().flat_map(Single::der).collect();
        let tbs = sequence(&[
            &self.responder_id,
            &generalized(self.singles[0].this_update),
            &tlv(0x30, &singles),
            &extensions(0xa1, &self.extensions),
        ]);
        let certs = if self.certs.is_empty() { Vec::new() } else { tlv(0xa0, &tlv(0x30, &self.certs.concat())) };
        let basic = sequence(&[&tbs, algorithm, &bits(&sign(&tbs)), &certs]);
        let response = sequence(&[&oid("1.3.6.1.5.5.7.48.1.1"), &tlv(4, &basic)]);
        sequence(&[&[10, 1, 0], &tlv(0xa0, &response)])
    }
}

impl Single {
    fn der(&self) -> Vec<u8> {
        sequence(&[
            &self.cert_id,
            &self.cert_status,
            &generalized(self.this_update),
            &self.next_update.map_or(Vec::new(), |time| tlv(0xa0, &generalized(time))),
            &extensions(0xa1, &self.extensions),
        ])
    }
}

fn extensions(tag: u8, extensions: &[Vec<u8>]) -> Vec<u8> {
    if extensions.is_empty() { Vec::new() } else { tlv(tag, &tlv(0x30, &extensions.concat())) }
}

/// A CRL.
#[derive(Debug, Clone)]
pub struct CrlDraft {
    /// The encoded version (1 is v2); `None` omits it.
    pub version: Option<u8>,
    pub issuer: Vec<u8>,
    pub this_update: OffsetDateTime,
    pub next_update: Option<OffsetDateTime>,
    pub entries: Vec<Vec<u8>>,
    pub extensions: Vec<Vec<u8>>,
}

/// An entry of a CRL.
pub fn entry(serial: &[u8], at: OffsetDateTime, extensions: &[Vec<u8>]) -> Vec<u8> {
    let extensions = if extensions.is_empty() { Vec::new() } else { tlv(0x30, &extensions.concat()) };
    sequence(&[&tlv(2, serial), &time(at), &extensions])
}

pub fn reason(code: u8) -> Vec<u8> {
    extension(REASON_CODE, false, &[10, 1, code])
}

pub fn number(id: &str, critical: bool, number: u8) -> Vec<u8> {
    extension(id, critical, &[2, 1, number])
}

/// DistributionPoints with one point per URL.
pub fn distribution_points(urls: &[&str]) -> Vec<u8> {
    let point = |url: &&str| sequence(&[&tlv(0xa0, &full_name(url))]);
    tlv(0x30, &urls.iter().flat_map(point).collect::<Vec<u8>>())
}

/// DistributionPointName with one URL.
pub fn full_name(url: &str) -> Vec<u8> {
    tlv(0xa0, &tlv(0x86, url.as_bytes()))
}

impl CrlDraft {
    /// An empty full CRL of an issuer with number 5, valid from one hour ago to one hour from now.
    pub fn new(issuer: &Party, now: OffsetDateTime) -> Self {
        Self {
            version: Some(1),
            issuer: issuer.name.clone(),
            this_update: now - Duration::HOUR,
            next_update: Some(now + Duration::HOUR),
            entries: Vec::new(),
            extensions: vec![number(CRL_NUMBER, false, 5)],
        }
    }

    /// The signed CRL.
    pub fn sign(&self, algorithm: &[u8], sign: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let tbs = sequence(&[
            &self.version.map_or(Vec::new(), |version| vec![2, 1, version]),
            algorithm,
            &self.issuer,
            &time(self.this_update),
            &self.next_update.map_or(Vec::new(), time),
            &if self.entries.is_empty() { Vec::new() } else { tlv(0x30, &self.entries.concat()) },
            &extensions(0xa0, &self.extensions),
        ]);
        sequence(&[&tbs, algorithm, &bits(&sign(&tbs))])
    }
}
