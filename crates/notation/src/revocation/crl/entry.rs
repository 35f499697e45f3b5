//! The entries of a CRL for one certificate: RFC 5280, 5.1.2.6 and 5.3.

use der::asn1::{AnyRef, GeneralizedTime, ObjectIdentifier};
use der::{Decode as _, Reader as _, SliceReader, Tag, Tagged as _};
use time::OffsetDateTime;
use x509_cert::ext::pkix::CrlReason;
use x509_cert::time::Time;

use super::super::error::CrlError;
use super::super::status::Revocation;
use super::list::{malformed, next_is, read_extensions, sequence};

const REASON_CODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
const INVALIDITY_DATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.24");
/// The maximum number of entries of one certificate on one CRL. One is normal; two (a hold and its removal) occur.
const MAX_ENTRIES: usize = 16;

/// The entries with this serial number. Other entries are skipped, but a critical extension in any of them rejects the
/// CRL.
pub(super) fn entries_of(entries: &[u8], serial: &[u8]) -> Result<Vec<Revocation>, CrlError> {
    let mut found = Vec::new();
    let mut reader = SliceReader::new(entries)?;
    while !reader.is_finished() {
        let mut entry = sequence(reader.tlv_bytes()?)?;
        let number = AnyRef::decode(&mut entry)?;
        if number.tag() != Tag::Integer {
            return Err(malformed("an entry lacks its serial number"));
        }
        let zeros = number.value().iter().take_while(|byte| **byte == 0).count();
        let time = Time::decode(&mut entry)?;
        let mut revocation = Revocation { time: time.to_system_time().into(), reason: None, invalidity_date: None };
        if next_is(&entry, &[Tag::Sequence]) {
            for extension in read_extensions(entry.tlv_bytes()?)? {
                match extension.id {
                    REASON_CODE => revocation.reason = Some(CrlReason::from_der(extension.value)?),
                    INVALIDITY_DATE => {
                        let date = GeneralizedTime::from_der(extension.value)?;
                        revocation.invalidity_date = Some(date.to_system_time().into());
                    }
                    // "MUST NOT use that CRL to determine the status of any certificates": RFC 5280, 5.3.
                    id if extension.is_critical => return Err(CrlError::CriticalExtension(id)),
                    _ => {}
                }
            }
        }
        entry.finish()?;
        if number.value()[zeros..] == *serial {
            if found.len() == MAX_ENTRIES {
                return Err(malformed("too many entries for the certificate"));
            }
            found.push(revocation);
        }
    }
    Ok(found)
}

/// The status that follows from the entries of one certificate.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The certificate is not revoked.
    Good,
    /// The certificate is revoked, but only from a time after the signature.
    GoodWhenSigned(Revocation),
    /// The certificate is revoked.
    Revoked(Revocation),
}

/// Combines the entries, those of the delta CRL last. A permanent revocation always applies; of a hold and its removal,
/// the later one does.
pub(super) fn outcome(entries: &[Revocation], signing_time: Option<OffsetDateTime>) -> Outcome {
    let (counting, later): (Vec<&Revocation>, Vec<&Revocation>) =
        entries.iter().partition(|entry| entry.counts_at(signing_time));
    let is_temporary =
        |entry: &&Revocation| matches!(entry.reason, Some(CrlReason::CertificateHold | CrlReason::RemoveFromCRL));
    if let Some(permanent) = counting.iter().find(|entry| !is_temporary(entry)) {
        return Outcome::Revoked(**permanent);
    }
    // For equal times `max_by_key` returns the last entry, which is the delta CRL's.
    match counting.iter().max_by_key(|entry| entry.time) {
        Some(last) if last.reason == Some(CrlReason::CertificateHold) => Outcome::Revoked(**last),
        _ => later.first().map_or(Outcome::Good, |entry| Outcome::GoodWhenSigned(**entry)),
    }
}
