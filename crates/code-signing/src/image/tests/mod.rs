#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod material;
mod signed;

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_RSA_SHA256,
};

use super::SigningMaterial;

fn keys() -> [(&'static str, KeyPair); 4] {
    [
        ("RSA", &PKCS_RSA_SHA256),
        ("P-256", &PKCS_ECDSA_P256_SHA256),
        ("P-384", &PKCS_ECDSA_P384_SHA384),
        ("P-521", &PKCS_ECDSA_P521_SHA512),
    ]
    .map(|(name, algorithm)| (name, KeyPair::generate_for(algorithm).unwrap()))
}

fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    params
}

fn authority() -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, "authority");
    (params, KeyPair::generate().unwrap())
}

/// A certificate in PEM, and that of its authority.
fn issued(params: &CertificateParams, key: &KeyPair) -> (String, String) {
    let (authority, authority_key) = authority();
    let root = authority.self_signed(&authority_key).unwrap();
    let certificate = params.signed_by(key, &Issuer::from_params(&authority, &authority_key)).unwrap();
    (certificate.pem(), root.pem())
}

fn material(key: &KeyPair) -> SigningMaterial {
    let (certificate, chain) = issued(&params(), key);
    SigningMaterial::from_pem(certificate.as_bytes(), key.serialize_pem().as_bytes(), Some(chain.as_bytes())).unwrap()
}
