//! A certificate with its key: those of the service's own authorities, and what they issue.

use std::collections::BTreeSet;
use std::fmt;

use notary::x509::Certificate;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use time::{Duration, OffsetDateTime};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

const AUTHORITY_LIFE: Duration = Duration::days(365);
const LEAF_LIFE: Duration = Duration::days(90);
/// The name of all authorities.
const AUTHORITY: &str = "notation-aws-signer admission authority";
/// For clients whose clocks are behind.
pub(crate) const BACKDATED: Duration = Duration::hours(1);

/// A certificate with its key.
pub(crate) struct Pair {
    pub(crate) certificate: Certificate,
    /// The certificate in PEM.
    pub(crate) pem: String,
    pub(crate) key: KeyPair,
}

/// Without the key.
impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").field("subject", &self.certificate.subject()).finish_non_exhaustive()
    }
}

impl Pair {
    /// A new authority.
    pub(crate) fn authority(now: OffsetDateTime) -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = authority_params();
        params.not_before = now - BACKDATED;
        params.not_after = now + AUTHORITY_LIFE;
        Self::of(&params.self_signed(&key)?, key)
    }

    /// A new certificate for the service.
    pub(crate) fn leaf(authority: &Self, names: &BTreeSet<String>, now: OffsetDateTime) -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(names.iter().cloned().collect::<Vec<_>>())?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "notation-aws-signer admission");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_before = (now - BACKDATED).max(authority.certificate.not_before());
        params.not_after = (now + LEAF_LIFE).min(authority.certificate.not_after());
        let issuer = Issuer::new(authority_params(), &authority.key);
        Self::of(&params.signed_by(&key, &issuer)?, key)
    }

    fn of(issued: &rcgen::Certificate, key: KeyPair) -> Result<Self, rcgen::Error> {
        let certificate = Certificate::from_der(issued.der().to_vec());
        // rcgen writes certificates that can be read.
        let certificate = certificate.map_err(|_| rcgen::Error::CouldNotParseCertificate)?;
        Ok(Self { certificate, pem: issued.pem(), key })
    }

    /// A certificate and its key, in PEM in this order or the other; `None` if they do not belong together.
    pub(crate) fn from_pem(text: &str) -> Option<Self> {
        let (certificate, pem) = certificate(text)?;
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).ok()?;
        let key = KeyPair::from_der_and_sign_algo(&key, &PKCS_ECDSA_P256_SHA256).ok()?;
        (certificate.subject_public_key() == key.public_key_raw()).then_some(Self { certificate, pem, key })
    }

    /// Whether this is an authority that this program made: only with its name, certificates name their issuer.
    pub(crate) fn is_authority(&self) -> bool {
        let certificate = &self.certificate;
        certificate.subject() == format!("CN={AUTHORITY}")
            && certificate.is_self_issued()
            && certificate.is_signed_by(certificate)
    }

    /// Whether this certificate of the service can still be used: for its time, its authority and its names.
    pub(crate) fn is_fit(&self, authority: &Self, names: &BTreeSet<String>, now: OffsetDateTime) -> bool {
        let certificate = &self.certificate;
        let der = CertificateDer::from(certificate.der());
        let Ok(parsed) = ParsedCertificate::try_from(&der) else { return false };
        let has = |name: &String| {
            ServerName::try_from(name.as_str())
                .is_ok_and(|name| rustls::client::verify_server_name(&parsed, &name).is_ok())
        };
        is_valid(certificate, now)
            && !is_worn(certificate, now)
            && self.is_issued_by(authority)
            && names.iter().all(has)
    }

    /// Whether the authority has issued it.
    pub(crate) fn is_issued_by(&self, authority: &Self) -> bool {
        self.certificate.names_as_issuer(&authority.certificate)
            && self.certificate.is_signed_by(&authority.certificate)
    }

    /// What its file has.
    pub(crate) fn file(&self) -> String {
        self.key.serialize_pem() + &self.pem
    }
}

/// What the certificates of all authorities have in common; with it a stored key signs as the same authority.
fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, AUTHORITY);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A certificate, and its PEM as it was read or written.
pub(crate) fn certificate(text: &str) -> Option<(Certificate, String)> {
    let start = text.find(BEGIN)?;
    let length = text[start..].find(END)? + END.len();
    let pem = &text[start..start + length];
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    Some((Certificate::from_der(der.to_vec()).ok()?, format!("{pem}\n")))
}

pub(crate) fn is_valid(certificate: &Certificate, now: OffsetDateTime) -> bool {
    (certificate.not_before()..=certificate.not_after()).contains(&now)
}

/// Whether two thirds of its life are over.
pub(crate) fn is_worn(certificate: &Certificate, now: OffsetDateTime) -> bool {
    let life = certificate.not_after() - certificate.not_before();
    now >= certificate.not_before() + life * 2 / 3
}

pub(crate) fn is_name(name: &str) -> bool {
    ServerName::try_from(name).is_ok()
}
