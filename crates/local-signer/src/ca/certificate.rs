//! The certificates of the local certificate authority: notaryproject/specifications, signature-specification.md,
//! "Certificate Requirements".

use aws_lc_rs::rand;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P384_SHA384, SerialNumber,
};
use time::OffsetDateTime;

use super::CaError;
use crate::clock::{EARLIEST, LATEST};

/// The maximum number of certificates between a CA certificate and the leaf.
type PathLength = u8;

pub const ROOT: (&str, PathLength) = ("notation-aws-signer local root CA", 1);
pub const INTERMEDIATE: (&str, PathLength) = ("notation-aws-signer local intermediate CA", 0);

/// Generates a P-384 key, for signatures with ECDSA and SHA-384.
pub fn new_key() -> Result<KeyPair, CaError> {
    Ok(KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?)
}

/// The parameters of a CA certificate that is valid for every signing clock.
pub fn ca_params((common_name, path_length): (&str, PathLength)) -> Result<CertificateParams, CaError> {
    let mut params = params(common_name, EARLIEST, LATEST)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// The parameters of a code signing certificate.
pub fn leaf_params(not_before: OffsetDateTime, not_after: OffsetDateTime) -> Result<CertificateParams, CaError> {
    let mut params = params("notation-aws-signer local signer", not_before, not_after)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    Ok(params)
}

fn params(
    common_name: &str,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
) -> Result<CertificateParams, CaError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject(common_name)?;
    params.serial_number = Some(serial_number()?);
    params.not_before = not_before;
    params.not_after = not_after;
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// A subject with the attributes that a trusted identity of a trust policy requires: C, ST and O.
fn subject(common_name: &str) -> Result<DistinguishedName, CaError> {
    let mut subject = DistinguishedName::new();
    // X.520 requires a PrintableString for the country; ISO 3166 reserves XX for private use.
    subject.push(DnType::CountryName, DnValue::PrintableString("XX".try_into()?));
    subject.push(DnType::StateOrProvinceName, "Local");
    subject.push(DnType::OrganizationName, "notation-aws-signer");
    subject.push(DnType::CommonName, common_name);
    Ok(subject)
}

/// 127 random bits with the highest set: a positive number of exactly sixteen octets.
fn serial_number() -> Result<SerialNumber, CaError> {
    let mut serial = [0; 16];
    rand::fill(&mut serial).map_err(|_| CaError::Random)?;
    serial[0] = serial[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&serial))
}
