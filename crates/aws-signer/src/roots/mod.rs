//! The root certificates of AWS Signer, with the trust store names from AWS's documentation. A root covers the signing
//! profiles of all accounts in its partition (an isolated group of AWS regions), so a trust policy must also list the
//! profiles.
//!
//! The root of the China partition is not included, since it could not be found in public. Use a custom trust store
//! there.

use std::sync::LazyLock;

use aws_names::Partition;
use notary::trust::policy::{TrustStoreName, TrustStoreType};
use notary::x509::Certificate;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// Partition, store name, certificate.
const BUNDLED: [(Partition, &str, &str); 2] = [
    (Partition::AWS, "aws-signer-ts", include_str!("aws-signer-ts.pem")),
    (Partition::AWS_US_GOV, "aws-us-gov-signer-ts", include_str!("aws-us-gov-signer-ts.pem")),
];

static ROOTS: LazyLock<Vec<AwsSignerRoot>> =
    LazyLock::new(|| BUNDLED.iter().filter_map(AwsSignerRoot::parse).collect());

/// A root certificate of AWS Signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsSignerRoot {
    partition: Partition,
    trust_store: TrustStoreName,
    pem: &'static str,
    certificate: Certificate,
}

impl AwsSignerRoot {
    /// Never `None` for the bundled certificates, as a test checks.
    fn parse((partition, name, pem): &(Partition, &'static str, &'static str)) -> Option<Self> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
        let certificate = Certificate::from_der(der.to_vec()).ok()?;
        let trust_store = TrustStoreName::new(TrustStoreType::SigningAuthority, name).ok()?;
        Some(Self { partition: partition.clone(), trust_store, pem, certificate })
    }

    /// Returns the AWS partition of the signing profiles that it covers, such as `aws`.
    #[must_use]
    pub fn partition(&self) -> &Partition {
        &self.partition
    }

    /// Returns the trust store that AWS's documentation uses for it, such as `signingAuthority:aws-signer-ts`.
    #[must_use]
    pub fn trust_store(&self) -> &TrustStoreName {
        &self.trust_store
    }

    /// Returns the certificate in PEM, for a trust store.
    #[must_use]
    pub fn pem(&self) -> &'static str {
        self.pem
    }

    /// Returns the certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Returns the SHA-256 of the certificate in lower-case hexadecimal.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        self.certificate.thumbprint()
    }
}

/// Returns the bundled root certificates of AWS Signer, one per partition. They are parsed once.
#[must_use]
pub fn aws_signer_roots() -> &'static [AwsSignerRoot] {
    &ROOTS
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn bundled_roots_have_the_known_thumbprints() {
        let known: Vec<_> = aws_signer_roots()
            .iter()
            .map(|root| (root.partition().as_str(), root.trust_store().to_string(), root.thumbprint()))
            .collect();
        let expected = [
            ("aws", "aws-signer-ts", "90a87d0543c3f094dbff9589b6649affe2f3d6e0f308799be2258461c686473f"),
            ("aws-us-gov", "aws-us-gov-signer-ts", "673653ab76f41a10546cdeb4107ecd6df2c15c2c9a0d32ed97d271b4436fc3e8"),
        ];
        let expected =
            expected.map(|(partition, name, thumbprint)| (partition, format!("signingAuthority:{name}"), thumbprint));
        assert_eq!(known, expected);
    }

    #[test]
    fn bundled_roots_meet_the_specification() {
        for root in aws_signer_roots() {
            assert!(root.certificate().is_self_signed());
            root.certificate().check_authority().unwrap();
            assert!(root.certificate().not_after() > time::macros::datetime!(2122-01-01 0:00 UTC));
        }
    }
}
