//! The certificates and revocation reasons that a CRL covers: RFC 5280, 5.2.5 and 6.3.3 (b).

use der::Decode as _;
use notary::x509::Certificate;
use x509_cert::ext::pkix::crl::IssuingDistributionPoint;
use x509_cert::ext::pkix::crl::dp::{DistributionPoint, ReasonFlags};
use x509_cert::ext::pkix::name::DistributionPointName;

use super::super::error::CrlError;

/// A set of revocation reasons, as bits.
pub(super) type Reasons = u16;

/// All reasons: the bits 1 to 8 of ReasonFlags (bit 0 is unused).
pub(super) const ALL_REASONS: Reasons = 0x1fe;

/// The reasons that a distribution point's CRLs cover; all if it gives none.
pub(super) fn reasons_of(flags: Option<&ReasonFlags>) -> Reasons {
    flags.map_or(ALL_REASONS, |flags| flags.bits() & ALL_REASONS)
}

/// Checks that a CRL found at `point` with this issuing distribution point covers `certificate`; returns the reasons it
/// covers.
pub(super) fn check(
    issuing: Option<&[u8]>,
    point: &DistributionPoint,
    certificate: &Certificate,
) -> Result<Reasons, CrlError> {
    let reasons = reasons_of(point.reasons.as_ref());
    let Some(issuing) = issuing else { return Ok(reasons) };
    let issuing = IssuingDistributionPoint::from_der(issuing)?;
    let refused = |why| Err(CrlError::Scope(why));
    if issuing.indirect_crl {
        return refused("indirect CRLs are not supported");
    }
    if issuing.only_contains_attribute_certs {
        return refused("it lists only attribute certificates");
    }
    if issuing.only_contains_user_certs && certificate.is_authority() {
        return refused("it lists only end-entity certificates");
    }
    if issuing.only_contains_ca_certs && !certificate.is_authority() {
        return refused("it lists only CA certificates");
    }
    if let Some(name) = &issuing.distribution_point
        && !is_same_point(name, point)
    {
        return refused("it belongs to another distribution point");
    }
    Ok(reasons & reasons_of(issuing.only_some_reasons.as_ref()))
}

/// Whether the CRL and the certificate share a name of the distribution point. Names relative to the issuer's are
/// unsupported and never match.
fn is_same_point(name: &DistributionPointName, point: &DistributionPoint) -> bool {
    match (name, &point.distribution_point) {
        (DistributionPointName::FullName(a), Some(DistributionPointName::FullName(b))) => {
            a.iter().any(|name| b.contains(name))
        }
        _ => false,
    }
}
