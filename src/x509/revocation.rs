//! How a certificate says that it can be revoked: RFC 5280, 4.2.1.13 and 4.2.2.1.

use der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::{AuthorityInfoAccessSyntax, CrlDistributionPoints};

use super::certificate::Certificate;

const ID_AD_OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");

/// How the revocation of a certificate is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationMethod {
    /// An OCSP responder is asked.
    Ocsp,
    /// It is looked up in a CRL.
    Crl,
}

impl Certificate {
    /// The method that the certificate names, OCSP before CRL; `None` when it names none and so counts as not revoked:
    /// `trust-store-trust-policy.md`, "Certificate Revocation Evaluation".
    ///
    /// An extension that cannot be read names its method: what it says is not known, so nobody can say that it is nothing.
    #[must_use]
    pub fn revocation_method(&self) -> Option<RevocationMethod> {
        let ocsp = match self.fields().get_extension::<AuthorityInfoAccessSyntax>() {
            Ok(access) => access.iter().flat_map(|(_, access)| &access.0).any(|a| a.access_method == ID_AD_OCSP),
            Err(_) => true,
        };
        let crl = self.fields().get_extension::<CrlDistributionPoints>();
        match (ocsp, crl) {
            (true, _) => Some(RevocationMethod::Ocsp),
            (false, Ok(None)) => None,
            (false, _) => Some(RevocationMethod::Crl),
        }
    }
}
