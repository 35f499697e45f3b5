//! Verification of OCSP responses: RFC 6960, 3.2 and 4.2.2.2.

use der::asn1::{GeneralizedTime, ObjectIdentifier};
use der::{Decode as _, Encode as _, Header, Reader as _, SliceReader};
use notary::x509::{Certificate, is_supported_algorithm};
use time::OffsetDateTime;
use x509_cert::ext::Extensions;

use super::message::{
    BasicOcspResponse, CertStatus, ID_PKIX_OCSP_BASIC, OcspResponse, OcspResponseStatus, ResponderId, SingleResponse,
};
use super::request::{key_hash, names};
use crate::revocation::currency::check_currency;
use crate::revocation::error::OcspError;
use crate::revocation::status::Revocation;

const INVALIDITY_DATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.24");
/// The maximum number of certificates in a response that are checked. One is enough for any responder.
const MAX_CERTIFICATES: usize = 4;

/// The status of a certificate from a verified response.
#[derive(Debug)]
pub(crate) struct Verified {
    /// The end of its validity.
    pub(crate) until: OffsetDateTime,
    /// The revocation; `None` if the certificate is good.
    pub(crate) revocation: Option<Revocation>,
    /// The certificate of the delegated responder, if one signed. Its own revocation is not checked yet.
    pub(crate) delegate: Option<Certificate>,
}

/// Verifies a response at `now` and returns the status of `certificate`.
pub(crate) fn verify(
    der: &[u8],
    certificate: &Certificate,
    issuer: &Certificate,
    now: OffsetDateTime,
) -> Result<Verified, OcspError> {
    let response = basic_response(der)?;
    let tbs = signed_part(&response)?;
    let basic = BasicOcspResponse::from_der(&response)?;
    let delegate = signer(&basic, tbs, issuer, now)?;
    let data = &basic.tbs_response_data;
    if data.version.is_some_and(|version| version != 0) {
        return Err(OcspError::Malformed("unsupported version (only version 1 is supported)".to_owned()));
    }
    check_extensions(data.response_extensions.as_ref(), &[])?;
    let mut until = None;
    let mut revocation = None;
    for single in data.responses.iter().filter(|single| names(&single.cert_id, certificate, issuer)) {
        let (current, revoked) = check_validity(single, now)?;
        until = Some(until.map_or(current, |until: OffsetDateTime| until.min(current)));
        // A revoked status overrides a good one.
        revocation = revoked.or(revocation);
    }
    Ok(Verified { until: until.ok_or(OcspError::OtherCertificate)?, revocation, delegate })
}

/// The DER of the `BasicOCSPResponse` in a response.
fn basic_response(der: &[u8]) -> Result<Vec<u8>, OcspError> {
    let response = OcspResponse::from_der(der)?;
    let refused = match response.response_status {
        OcspResponseStatus::Successful => None,
        OcspResponseStatus::MalformedRequest => Some("malformedRequest: it cannot parse the request"),
        OcspResponseStatus::InternalError => Some("internalError: try again later"),
        OcspResponseStatus::TryLater => Some("tryLater: try again later"),
        OcspResponseStatus::SigRequired => Some("sigRequired: it requires signed requests"),
        OcspResponseStatus::Unauthorized => Some("unauthorized: it has no status for this certificate"),
    };
    if let Some(why) = refused {
        return Err(OcspError::Refused(why));
    }
    let bytes = response.response_bytes.ok_or_else(|| OcspError::Malformed("no content".to_owned()))?;
    if bytes.response_type != ID_PKIX_OCSP_BASIC {
        return Err(OcspError::Type(bytes.response_type));
    }
    Ok(bytes.response.as_bytes().to_vec())
}

/// The signed bytes, not re-encoded.
fn signed_part(basic: &[u8]) -> der::Result<&[u8]> {
    let mut reader = SliceReader::new(basic)?;
    Header::decode(&mut reader)?;
    reader.tlv_bytes()
}

/// Verifies that the issuer (`None`) or a responder delegated by it (its certificate) signed the response.
fn signer(
    basic: &BasicOcspResponse,
    tbs: &[u8],
    issuer: &Certificate,
    now: OffsetDateTime,
) -> Result<Option<Certificate>, OcspError> {
    use OcspError::Signer;
    let id = &basic.tbs_response_data.responder_id;
    let signature = basic.signature.as_bytes().ok_or(Signer("the signature is malformed"))?;
    if !is_supported_algorithm(&basic.signature_algorithm) {
        return Err(Signer("it is signed with an algorithm that is not supported"));
    }
    let has_signed = |signer: &Certificate| signer.has_signed(&basic.signature_algorithm, tbs, signature);
    if is(id, issuer) {
        return if has_signed(issuer) {
            Ok(None)
        } else {
            Err(Signer("the issuer's key does not verify the signature"))
        };
    }
    let mut why = "the responder's certificate is not in the response";
    for der in basic.certs.iter().flatten().take(MAX_CERTIFICATES) {
        let Ok(delegate) = Certificate::from_der(der.to_der()?) else { continue };
        if !is(id, &delegate) {
            continue;
        }
        why = if !delegate.has_supported_algorithm() {
            "the responder's certificate is signed with an algorithm that is not supported"
        } else if !delegate.names_as_issuer(issuer) || !delegate.is_signed_by(issuer) {
            "another authority issued the responder's certificate"
        } else if !delegate.may_sign_ocsp_responses() {
            "the responder's certificate is not for signing OCSP responses (extendedKeyUsage OCSPSigning)"
        } else if now < delegate.not_before() || now > delegate.not_after() {
            "the responder's certificate has expired or is not valid yet"
        } else if !has_signed(&delegate) {
            "the responder's key does not verify the signature"
        } else {
            return Ok(Some(delegate));
        };
    }
    Err(Signer(why))
}

fn is(id: &ResponderId, certificate: &Certificate) -> bool {
    match id {
        ResponderId::ByName(name) => name == certificate.subject_name(),
        ResponderId::ByKey(hash) => hash.as_bytes() == key_hash(certificate),
    }
}

/// The end of validity of a single response and the revocation in it, if any.
fn check_validity(
    single: &SingleResponse,
    now: OffsetDateTime,
) -> Result<(OffsetDateTime, Option<Revocation>), OcspError> {
    check_extensions(single.single_extensions.as_ref(), &[INVALIDITY_DATE])?;
    let until = check_currency(time(&single.this_update), single.next_update.as_ref().map(time), now)?;
    match &single.cert_status {
        CertStatus::Good(_) => Ok((until, None)),
        CertStatus::Unknown(_) => Err(OcspError::Unknown),
        CertStatus::Revoked(info) => {
            let mut extensions = single.single_extensions.iter().flatten();
            let invalidity = extensions.find(|extension| extension.extn_id == INVALIDITY_DATE);
            let invalidity = invalidity.map(|e| GeneralizedTime::from_der(e.extn_value.as_bytes())).transpose()?;
            let revocation = Revocation {
                time: time(&info.revocation_time),
                reason: info.revocation_reason,
                invalidity_date: invalidity.as_ref().map(time),
            };
            Ok((until, Some(revocation)))
        }
    }
}

fn check_extensions(extensions: Option<&Extensions>, known: &[ObjectIdentifier]) -> Result<(), OcspError> {
    let mut critical = extensions.into_iter().flatten().filter(|extension| extension.critical);
    match critical.find(|extension| !known.contains(&extension.extn_id)) {
        Some(unknown) => Err(OcspError::CriticalExtension(unknown.extn_id)),
        None => Ok(()),
    }
}

fn time(time: &GeneralizedTime) -> OffsetDateTime {
    time.to_system_time().into()
}

impl From<der::Error> for OcspError {
    fn from(error: der::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}
