//! Requirements for code signing and timestamping certificates and their issuers: `signature-specification.md`,
//! "Certificate Requirements". Only basic constraints, key usage and extended key usage are evaluated, as the
//! specification says.
//!
//! notation-core-go 1.3.0 is less strict: it accepts non-critical basicConstraints in a CA certificate ("MUST be marked
//! as critical") and anyExtendedKeyUsage ("MUST NOT contain anyExtendedKeyUsage"). Both are rejected here. The
//! specification limits neither length nor type of a CA key. Here it must be a key that could also sign payloads, or a
//! longer RSA key, so that no certificate of a chain is weaker than its leaf.

use der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

use super::certificate::Certificate;

const ANY_EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
const EMAIL_PROTECTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");

/// The requirement that a certificate does not meet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequirementError {
    /// An evaluated extension is malformed or duplicated.
    #[error("its {0} extension is malformed or duplicated")]
    Malformed(&'static str),
    /// A CA certificate has no critical basicConstraints with cA true.
    #[error("it is not a certificate authority: basicConstraints must be critical with cA true")]
    NotAnAuthority,
    /// A CA certificate has more CAs below it than its path length allows.
    #[error("its path length allows {allowed} certificate authorities below it, but there are {found}")]
    PathLength {
        /// pathLenConstraint.
        allowed: u8,
        /// The number of CAs between it and the leaf.
        found: usize,
    },
    /// keyUsage is absent or not critical.
    #[error("keyUsage must be present and critical")]
    KeyUsageNotCritical,
    /// The key of a CA certificate must not sign certificates.
    #[error("keyUsage lacks keyCertSign")]
    NoCertSign,
    /// The signing certificate is a certificate authority.
    #[error("a signing certificate must not be a certificate authority (basicConstraints with cA true)")]
    LeafIsAuthority,
    /// The key of the signing certificate must not sign.
    #[error("keyUsage lacks digitalSignature")]
    NoDigitalSignature,
    /// The signing certificate has a forbidden key usage.
    #[error("keyUsage has {0}, which a signing certificate must not have")]
    ForbiddenKeyUsage(&'static str),
    /// The signing certificate has a forbidden extended key usage.
    #[error("extendedKeyUsage has {0}, which a signing certificate must not have")]
    ForbiddenExtendedKeyUsage(&'static str),
    /// A certificate for timestamping has no keyUsage.
    #[error("keyUsage must be present")]
    NoKeyUsage,
    /// The signing certificate of a timestamp is not for timestamping alone.
    #[error("extendedKeyUsage must be present and critical, and have timeStamping only")]
    NotForTimestamping,
    /// An issuer of a timestamp's signing certificate is for other purposes only.
    #[error("its extendedKeyUsage allows other purposes than timeStamping only")]
    AuthorityNotForTimestamping,
    /// The public key is neither RSA nor on P-256, P-384 or P-521.
    #[error("its public key is neither RSA nor on P-256, P-384 or P-521")]
    UnsupportedKey,
    /// The public key is too short.
    #[error("its public key is too short: RSA keys must have at least 2048 bits")]
    ShortKey,
}

impl Certificate {
    /// Whether its basicConstraints mark it as a certificate authority (CA).
    #[must_use]
    pub fn is_authority(&self) -> bool {
        matches!(basic_constraints(self), Ok(Some((_, BasicConstraints { ca: true, .. }))))
    }

    /// Whether issuer and subject are equal and its own key signed it: a root, or a self-signed signing certificate.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.is_self_issued() && self.is_signed_by(self)
    }

    /// Whether it is a root CA certificate whose keyUsage, if present, has keyCertSign.
    #[must_use]
    pub fn is_root_authority(&self) -> bool {
        let signs_certificates = match self.fields().get_extension::<KeyUsage>() {
            Ok(usage) => usage.is_none_or(|(_, usage)| usage.key_cert_sign()),
            Err(_) => false,
        };
        self.is_authority() && self.is_self_signed() && signs_certificates
    }

    /// Checks the requirements for a CA certificate in a code signing chain: an allowed key, and critical
    /// basicConstraints and keyUsage.
    ///
    /// # Errors
    /// Returns [`RequirementError`] with the first requirement that is not met.
    pub fn check_authority(&self) -> Result<(), RequirementError> {
        check_authority(self, 0)
    }
}

/// Checks the requirements for a signing certificate.
pub(super) fn check_leaf(leaf: &Certificate) -> Result<(), RequirementError> {
    use RequirementError as E;
    check_key(leaf)?;
    if basic_constraints(leaf)?.is_some_and(|(_, b)| b.ca) {
        return Err(E::LeafIsAuthority);
    }
    check_leaf_key_usage(critical_key_usage(leaf)?)?;
    let extended = extended_key_usage(leaf)?;
    for purpose in extended.iter().flat_map(|(_, e)| &e.0) {
        let name = match *purpose {
            ANY_EXTENDED_KEY_USAGE => "anyExtendedKeyUsage",
            SERVER_AUTH => "serverAuth",
            CLIENT_AUTH => "clientAuth",
            EMAIL_PROTECTION => "emailProtection",
            TIME_STAMPING => "timeStamping",
            // Not in the specification's list, but notation rejects it: an OCSP responder must not sign code.
            OCSP_SIGNING => "OCSPSigning",
            _ => continue,
        };
        return Err(E::ForbiddenExtendedKeyUsage(name));
    }
    Ok(())
}

/// Checks the requirements for a certificate of a timestamping authority's chain: its signing certificate at position
/// 0, or a CA certificate. They differ from those of code signing in two points. keyUsage "MUST be present and SHOULD
/// be marked critical", and extendedKeyUsage of the signing certificate "MUST be present and MUST be marked as
/// critical. The value MUST contain `id-kp-timeStamping` only."
pub(super) fn check_timestamping(certificate: &Certificate, position: usize) -> Result<(), RequirementError> {
    use RequirementError as E;
    let usage = |certificate: &Certificate| key_usage(certificate)?.map(|(_, usage)| usage).ok_or(E::NoKeyUsage);
    if let Some(authorities_below) = position.checked_sub(1) {
        check_authority_with(certificate, authorities_below, usage)?;
        // RFC 5280, 4.2.1.12: "the certificate MUST only be used for one of the purposes indicated".
        let purposes = extended_key_usage(certificate)?.map(|(_, purposes)| purposes.0);
        let is_allowed = |purpose: &ObjectIdentifier| [TIME_STAMPING, ANY_EXTENDED_KEY_USAGE].contains(purpose);
        return match purposes {
            Some(purposes) if !purposes.iter().any(is_allowed) => Err(E::AuthorityNotForTimestamping),
            _ => Ok(()),
        };
    }
    check_key(certificate)?;
    if basic_constraints(certificate)?.is_some_and(|(_, b)| b.ca) {
        return Err(E::LeafIsAuthority);
    }
    check_leaf_key_usage(usage(certificate)?)?;
    match extended_key_usage(certificate)? {
        Some((true, purposes)) if purposes.0 == [TIME_STAMPING] => Ok(()),
        _ => Err(E::NotForTimestamping),
    }
}

fn check_leaf_key_usage(usage: KeyUsage) -> Result<(), RequirementError> {
    use RequirementError as E;
    if !usage.digital_signature() {
        return Err(E::NoDigitalSignature);
    }
    let forbidden = [
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.crl_sign(), "cRLSign"),
        (usage.encipher_only(), "encipherOnly"),
        (usage.decipher_only(), "decipherOnly"),
    ];
    if let Some((_, name)) = forbidden.iter().find(|(set, _)| *set) {
        return Err(E::ForbiddenKeyUsage(name));
    }
    Ok(())
}

/// Checks the requirements for a CA certificate. `authorities_below` is the number of CAs between it and the leaf.
pub(super) fn check_authority(ca: &Certificate, authorities_below: usize) -> Result<(), RequirementError> {
    check_authority_with(ca, authorities_below, critical_key_usage)
}

fn check_authority_with(
    ca: &Certificate,
    authorities_below: usize,
    usage: impl Fn(&Certificate) -> Result<KeyUsage, RequirementError>,
) -> Result<(), RequirementError> {
    use RequirementError as E;
    check_key(ca)?;
    let Some((true, BasicConstraints { ca: true, path_len_constraint })) = basic_constraints(ca)? else {
        return Err(E::NotAnAuthority);
    };
    if let Some(allowed) = path_len_constraint.filter(|allowed| usize::from(*allowed) < authorities_below) {
        return Err(E::PathLength { allowed, found: authorities_below });
    }
    if !usage(ca)?.key_cert_sign() {
        return Err(E::NoCertSign);
    }
    Ok(())
}

fn check_key(certificate: &Certificate) -> Result<(), RequirementError> {
    match certificate.public_key() {
        None => Err(RequirementError::UnsupportedKey),
        Some(key) if !key.is_long_enough() => Err(RequirementError::ShortKey),
        Some(_) => Ok(()),
    }
}

fn basic_constraints(certificate: &Certificate) -> Result<Option<(bool, BasicConstraints)>, RequirementError> {
    certificate.fields().get_extension().map_err(|_| RequirementError::Malformed("basicConstraints"))
}

fn critical_key_usage(certificate: &Certificate) -> Result<KeyUsage, RequirementError> {
    match key_usage(certificate)? {
        Some((true, usage)) => Ok(usage),
        _ => Err(RequirementError::KeyUsageNotCritical),
    }
}

fn key_usage(certificate: &Certificate) -> Result<Option<(bool, KeyUsage)>, RequirementError> {
    certificate.fields().get_extension().map_err(|_| RequirementError::Malformed("keyUsage"))
}

fn extended_key_usage(certificate: &Certificate) -> Result<Option<(bool, ExtendedKeyUsage)>, RequirementError> {
    certificate.fields().get_extension().map_err(|_| RequirementError::Malformed("extendedKeyUsage"))
}
