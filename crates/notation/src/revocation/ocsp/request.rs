//! OCSP requests: RFC 6960, 4.1 and appendix A.1; RFC 5019.

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::Encode as _;
use der::asn1::{AnyRef, Null, ObjectIdentifier, OctetString};
use notary::x509::Certificate;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::message::{CertId, OcspRequest, Request, TbsRequest};

const SHA1_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
/// The hash functions in `CertID`. SHA-1 is safe here: it only identifies the issuer, and the response is signed.
const HASHES: [(ObjectIdentifier, &Algorithm); 4] = [
    (SHA1_ID, &SHA1_FOR_LEGACY_USE_ONLY),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1"), &SHA256),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"), &SHA384),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"), &SHA512),
];

/// The request for the status of a certificate, in DER. It identifies the issuer by SHA-1, the only hash that every
/// responder supports, and has no nonce, so that responders can return pre-signed responses (RFC 5019).
pub(super) fn request(certificate: &Certificate, issuer: &Certificate) -> der::Result<Vec<u8>> {
    let hash = |bytes| OctetString::new(digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref());
    let parameters = Some(AnyRef::from(Null).into());
    let req_cert = CertId {
        hash_algorithm: AlgorithmIdentifierOwned { oid: SHA1_ID, parameters },
        issuer_name_hash: hash(issuer.subject_bytes())?,
        issuer_key_hash: hash(issuer.subject_public_key())?,
        serial_number: SerialNumber::new(certificate.serial_number())?,
    };
    OcspRequest { tbs_request: TbsRequest { request_list: vec![Request { req_cert }] } }.to_der()
}

/// Whether a `CertID` identifies this certificate.
pub(super) fn names(id: &CertId, certificate: &Certificate, issuer: &Certificate) -> bool {
    let Some((_, hash)) = HASHES.iter().find(|(oid, _)| *oid == id.hash_algorithm.oid) else { return false };
    let serial = id.serial_number.as_bytes();
    serial[serial.iter().take_while(|byte| **byte == 0).count()..] == *certificate.serial_number()
        && digest(hash, issuer.subject_bytes()).as_ref() == id.issuer_name_hash.as_bytes()
        && digest(hash, issuer.subject_public_key()).as_ref() == id.issuer_key_hash.as_bytes()
}

/// SHA-1 of a certificate's public key, as in `ResponderID`.
pub(super) fn key_hash(certificate: &Certificate) -> Vec<u8> {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate.subject_public_key()).as_ref().to_vec()
}

/// The URL of a GET request: "{url}/{url-encoding of base-64 encoding of the DER encoding of the OCSPRequest}".
pub(super) fn get_url(responder: &Url, request: &[u8]) -> Url {
    let encoded = STANDARD.encode(request);
    let encoded = utf8_percent_encode(&encoded, NON_ALPHANUMERIC);
    let mut url = responder.clone();
    url.set_path(&format!("{}/{encoded}", responder.path().trim_end_matches('/')));
    url
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn escapes_base64_in_urls() {
        for (responder, url) in [
            ("http://a", "http://a/%2B%2F%2BAAA%3D%3D"),
            ("http://a/", "http://a/%2B%2F%2BAAA%3D%3D"),
            ("http://a/b/?c=d", "http://a/b/%2B%2F%2BAAA%3D%3D?c=d"),
        ] {
            assert_eq!(get_url(&Url::parse(responder).unwrap(), &[0xfb, 0xff, 0x80, 0]).as_str(), url);
        }
    }
}
