//! Certificate extensions about revocation: where its status is available, and whether it may state the status of
//! others. RFC 5280, 4.2.1.13, 4.2.1.15 and 4.2.2.1; RFC 6960, 4.2.2.2.

use der::Error;
use der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{AuthorityInfoAccessSyntax, CrlDistributionPoints, ExtendedKeyUsage, KeyUsage};

use super::certificate::Certificate;

const ID_AD_OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
const ID_PKIX_OCSP_NOCHECK: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");
const ID_KP_OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");
const ID_CE_FRESHEST_CRL: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.46");

impl Certificate {
    /// Returns the URLs of its OCSP responders, in the certificate's order. A location that is not a URL gives an empty
    /// string.
    ///
    /// A malformed extension is an error, since it could name a responder.
    pub fn ocsp_responders(&self) -> Result<Vec<String>, Error> {
        let access = self.fields().get_extension::<AuthorityInfoAccessSyntax>()?;
        let descriptions = access.iter().flat_map(|(_, access)| &access.0).filter(|a| a.access_method == ID_AD_OCSP);
        Ok(descriptions.map(|a| url(&a.access_location).unwrap_or_default().to_owned()).collect())
    }

    /// Returns the distribution points of the CRLs that cover it.
    pub fn crl_distribution_points(&self) -> Result<Vec<DistributionPoint>, Error> {
        let points = self.fields().get_extension::<CrlDistributionPoints>()?;
        Ok(points.map(|(_, points)| points.0).unwrap_or_default())
    }

    /// Whether it has the extension freshestCRL, which locates delta CRLs.
    pub fn names_delta_crls(&self) -> bool {
        self.has_extension(ID_CE_FRESHEST_CRL)
    }

    /// Whether it may sign CRLs: its keyUsage, if present, has cRLSign.
    pub fn may_sign_crls(&self) -> bool {
        match self.fields().get_extension::<KeyUsage>() {
            Ok(usage) => usage.is_none_or(|(_, usage)| usage.crl_sign()),
            Err(_) => false,
        }
    }

    /// Whether its issuer has authorized it to sign OCSP responses: it has the extended key usage OCSPSigning.
    pub fn may_sign_ocsp_responses(&self) -> bool {
        let purposes = self.fields().get_extension::<ExtendedKeyUsage>();
        let usage = self.fields().get_extension::<KeyUsage>();
        purposes.is_ok_and(|purposes| purposes.is_some_and(|(_, purposes)| purposes.0.contains(&ID_KP_OCSP_SIGNING)))
            && usage.is_ok_and(|usage| usage.is_none_or(|(_, usage)| usage.digital_signature()))
    }

    /// Whether it has id-pkix-ocsp-nocheck, which exempts it from revocation checks while it is valid.
    pub fn has_ocsp_nocheck(&self) -> bool {
        self.has_extension(ID_PKIX_OCSP_NOCHECK)
    }

    fn has_extension(&self, id: ObjectIdentifier) -> bool {
        self.fields().extensions().is_some_and(|all| all.iter().any(|extension| extension.extn_id == id))
    }
}

/// Returns the URL if the name is one.
pub fn url(name: &GeneralName) -> Option<&str> {
    match name {
        GeneralName::UniformResourceIdentifier(url) => Some(url.as_str()),
        _ => None,
    }
}
