//! Judging an answer: RFC 6960, 3.2 and 4.2.2.2.

use der::asn1::{GeneralizedTime, ObjectIdentifier};
use der::{Decode as _, Encode as _, Header, Reader as _, SliceReader};
use notary::x509::Certificate;
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
/// How many of the certificates in a response are looked at. One is enough for any responder.
const MAX_CERTIFICATES: usize = 4;

/// What a response says of a certificate, after everything about it was verified.
#[derive(Debug)]
pub(crate) struct Verified {
    /// Until when it counts.
    pub(crate) until: OffsetDateTime,
    /// The revocation, or none: the certificate is good.
    pub(crate) revocation: Option<Revocation>,
    /// Who signed it in the issuer's place. That it was not revoked itself is not known.
    pub(crate) delegate: Option<Certificate>,
}

/// Verifies a response at `now` and reads what it says of `certificate`.
pub(crate) fn verify(
    der: &[u8],
    certificate: &Certificate,
    issuer: &Certificate,
    now: OffsetDateTime,
) -> Result<Verified, OcspError> {
    let response = basic_response(der)?;
    let (tbs, basic) = (signed_part(&response)?, BasicOcspResponse::from_der(&response)?);
    let delegate = signer(&basic, tbs, issuer, now)?;
    let data = &basic.tbs_response_data;
    if data.version.is_some_and(|version| version != 0) {
        return Err(OcspError::Malformed("it is not of version 1".to_owned()));
    }
    check_extensions(data.response_extensions.as_ref(), &[])?;
    let (mut until, mut revocation) = (None, None);
    for single in data.responses.iter().filter(|single| names(&single.cert_id, certificate, issuer)) {
        let (current, revoked) = judge(single, now)?;
        until = Some(until.map_or(current, |until: OffsetDateTime| until.min(current)));
        // One that says revoked outweighs any that says good.
        revocation = revoked.or(revocation);
    }
    Ok(Verified { until: until.ok_or(OcspError::OtherCertificate)?, revocation, delegate })
}

/// The BasicOCSPResponse in a response.
fn basic_response(der: &[u8]) -> Result<Vec<u8>, OcspError> {
    let response = OcspResponse::from_der(der)?;
    let refused = match response.response_status {
        OcspResponseStatus::Successful => None,
        OcspResponseStatus::MalformedRequest => Some("malformedRequest: it does not understand the request"),
        OcspResponseStatus::InternalError => Some("internalError: try again later"),
        OcspResponseStatus::TryLater => Some("tryLater: try again later"),
        OcspResponseStatus::SigRequired => Some("sigRequired: it answers signed requests only"),
        OcspResponseStatus::Unauthorized => Some("unauthorized: it cannot say anything about this certificate"),
    };
    if let Some(why) = refused {
        return Err(OcspError::Refused(why));
    }
    let bytes = response.response_bytes.ok_or_else(|| OcspError::Malformed("it has no content".to_owned()))?;
    if bytes.response_type != ID_PKIX_OCSP_BASIC {
        return Err(OcspError::Type(bytes.response_type));
    }
    Ok(bytes.response.as_bytes().to_vec())
}

/// The bytes that were signed, as they came.
fn signed_part(basic: &[u8]) -> der::Result<&[u8]> {
    let mut reader = SliceReader::new(basic)?;
    Header::decode(&mut reader)?;
    reader.tlv_bytes()
}

/// Who signed it: nobody's but the issuer's own signature, or that of a responder whom the issuer lets sign in its place.
fn signer(
    basic: &BasicOcspResponse,
    tbs: &[u8],
    issuer: &Certificate,
    now: OffsetDateTime,
) -> Result<Option<Certificate>, OcspError> {
    use OcspError::Signer;
    let id = &basic.tbs_response_data.responder_id;
    let signature = basic.signature.as_bytes().ok_or(Signer("the signature is malformed"))?;
    let has_signed = |signer: &Certificate| signer.has_signed(&basic.signature_algorithm, tbs, signature);
    if is(id, issuer) {
        return if has_signed(issuer) {
            Ok(None)
        } else {
            Err(Signer("the signature is not that of the issuer's key"))
        };
    }
    let mut why = "it names a responder whose certificate it does not have";
    for der in basic.certs.iter().flatten().take(MAX_CERTIFICATES) {
        let Ok(delegate) = Certificate::from_der(der.to_der()?) else { continue };
        if !is(id, &delegate) {
            continue;
        }
        why = if !delegate.names_as_issuer(issuer) || !delegate.is_signed_by(issuer) {
            "the responder's certificate is another authority's"
        } else if !delegate.may_sign_ocsp_responses() {
            "the responder's certificate is not for signing OCSP responses (extendedKeyUsage OCSPSigning)"
        } else if now < delegate.not_before() || now > delegate.not_after() {
            "the responder's certificate is not valid at this time"
        } else if !has_signed(&delegate) {
            "the signature is not that of the responder's key"
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

/// Until when one answer counts, and the revocation that it tells of.
fn judge(single: &SingleResponse, now: OffsetDateTime) -> Result<(OffsetDateTime, Option<Revocation>), OcspError> {
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
