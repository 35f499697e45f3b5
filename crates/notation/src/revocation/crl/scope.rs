//! Which certificates and which reasons a CRL is about: RFC 5280, 5.2.5 and 6.3.3 (b).

use der::Decode as _;
use notary::x509::Certificate;
use x509_cert::ext::pkix::crl::IssuingDistributionPoint;
use x509_cert::ext::pkix::crl::dp::{DistributionPoint, ReasonFlags};
use x509_cert::ext::pkix::name::DistributionPointName;

use super::super::error::CrlError;

/// Reasons for a revocation, as bits.
pub(super) type Reasons = u16;

/// All reasons that there are: the bits 1 to 8 of ReasonFlags, 0 being unused.
pub(super) const ALL_REASONS: Reasons = 0x1fe;

/// The reasons for which a distribution point's CRLs list certificates.
pub(super) fn reasons_of(flags: Option<&ReasonFlags>) -> Reasons {
    flags.map_or(ALL_REASONS, |flags| flags.bits() & ALL_REASONS)
}

/// The reasons for which `certificate` would be on a CRL with this issuing distribution point, which was found at `point`.
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
        return refused("it is an indirect CRL, which are not supported");
    }
    if issuing.only_contains_attribute_certs {
        return refused("it lists attribute certificates only");
    }
    if issuing.only_contains_user_certs && certificate.is_authority() {
        return refused("it lists no certificates of authorities");
    }
    if issuing.only_contains_ca_certs && !certificate.is_authority() {
        return refused("it lists certificates of authorities only");
    }
    if let Some(name) = &issuing.distribution_point
        && !is_same_point(name, point)
    {
        return refused("it is that of another distribution point");
    }
    Ok(reasons & reasons_of(issuing.only_some_reasons.as_ref()))
}

/// Whether one of the names of a CRL's place is one of those in the certificate. Names that are relative to an issuer's are not
/// known, and so never the same.
fn is_same_point(name: &DistributionPointName, point: &DistributionPoint) -> bool {
    match (name, &point.distribution_point) {
        (DistributionPointName::FullName(a), Some(DistributionPointName::FullName(b))) => {
            a.iter().any(|name| b.contains(name))
        }
        _ => false,
    }
}
