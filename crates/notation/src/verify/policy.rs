//! The policy of a verification: a trust policy with the certificates of its trust stores, or only signing profiles and
//! roots.

use aws_names::Location;
use notary::envelope::SigningScheme;
use notary::trust::policy::{
    SignatureVerification, TrustPolicy, TrustStoreName, TrustStoreType, TrustedIdentities, TrustedIdentity,
    ValidationAction, ValidationType, VerificationLevel,
};
use notary::x509::Certificate;

use crate::trust_store::{TrustStore, TrustStoreError};

/// The trusted signers of a verification without trust policy. Every check is enforced.
#[derive(Debug, Clone)]
pub struct Trust {
    /// The trusted certificates: the chain must contain one of them, byte for byte.
    pub roots: Vec<Certificate>,
    /// The trusted signing profiles or profile versions.
    pub identities: Vec<TrustedIdentity>,
}

/// The verification level, trusted certificates and trusted identities of a verification. The type of a trust store
/// determines the signing scheme that its certificates apply to: `signing-scheme.md`, "Trust Stores".
#[derive(Debug, Clone)]
pub struct VerificationPolicy {
    name: String,
    pub(super) verification: SignatureVerification,
    ca: TrustedCertificates,
    signing_authority: TrustedCertificates,
    tsa: TrustedCertificates,
    pub(super) identities: TrustedIdentities,
}

/// The certificates of the trust stores of one type, or the reason why there are none.
type TrustedCertificates = Result<Vec<Certificate>, NoCertificates>;

/// Why no certificates apply to a signing scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoCertificates {
    /// The policy has no trust store of the type; the message says so.
    #[error("{0}")]
    NoStore(String),
    /// Trust stores of the policy cannot be read, with the reasons.
    #[error("{}", .0.join("; "))]
    Unreadable(Vec<String>),
}

impl VerificationPolicy {
    /// The policy of a trust policy statement. `read` reads its trust stores, for example
    /// [`NotationFolder::trust_store`](crate::NotationFolder::trust_store).
    ///
    /// An unreadable trust store is not an error here: as in notation, it fails the authenticity of signatures that
    /// need its type, and does not affect those of the other scheme. If one of several stores of a type is missing, the
    /// others do not apply either.
    #[must_use]
    pub fn from_statement(
        policy: &TrustPolicy,
        mut read: impl FnMut(&TrustStoreName) -> Result<TrustStore, TrustStoreError>,
    ) -> Self {
        let mut certificates = |kind: TrustStoreType| {
            let mut all = Vec::new();
            let mut unreadable = Vec::new();
            let mut names = policy.trust_stores_of(kind).peekable();
            if names.peek().is_none() {
                let name = policy.name();
                let reason = format!("the trust policy {name:?} has no trust store of the type {kind}");
                return Err(NoCertificates::NoStore(reason));
            }
            for name in names {
                match read(name) {
                    Ok(store) => all.extend_from_slice(store.certificates()),
                    Err(why) => unreadable.push(why.to_string()),
                }
            }
            if unreadable.is_empty() { Ok(all) } else { Err(NoCertificates::Unreadable(unreadable)) }
        };
        Self {
            ca: certificates(TrustStoreType::Ca),
            signing_authority: certificates(TrustStoreType::SigningAuthority),
            tsa: certificates(TrustStoreType::Tsa),
            name: policy.name().to_owned(),
            verification: policy.signature_verification().clone(),
            identities: policy.trusted_identities().clone(),
        }
    }

    /// The policy's name, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the level is `skip`, which verifies nothing.
    #[must_use]
    pub fn is_skip(&self) -> bool {
        self.verification.level() == VerificationLevel::Skip
    }

    /// One message for each trust store of the policy that cannot be read, to report before any signature is verified.
    pub fn unreadable(&self) -> impl Iterator<Item = &str> {
        let stores = [&self.ca, &self.signing_authority, &self.tsa].into_iter();
        let reasons = stores.filter_map(|certificates| match certificates {
            Err(NoCertificates::Unreadable(reasons)) => Some(reasons),
            Err(NoCertificates::NoStore(_)) | Ok(_) => None,
        });
        reasons.flatten().map(String::as_str)
    }

    /// Where the trusted signers of AWS Signer are whose signatures the policy checks for revocation.
    pub(super) fn revocation_locations(&self) -> Vec<Location> {
        match &self.identities {
            TrustedIdentities::Listed(listed)
                if self.signing_authority.is_ok()
                    && self.verification.action(ValidationType::Revocation) != ValidationAction::Skip =>
            {
                listed.iter().filter_map(TrustedIdentity::location).cloned().collect()
            }
            _ => Vec::new(),
        }
    }

    /// The roots of the trusted timestamping authorities, or the errors of their trust stores. `None` if the policy has
    /// no trust store of the type `tsa`.
    pub(super) fn timestamping_roots(&self) -> Option<Result<&[Certificate], &[String]>> {
        match &self.tsa {
            Ok(roots) => Some(Ok(roots)),
            Err(NoCertificates::Unreadable(errors)) => Some(Err(errors)),
            Err(NoCertificates::NoStore(_)) => None,
        }
    }

    /// The trusted certificates for a signing scheme, or the reason why there are none.
    pub(super) fn trusted_certificates(&self, scheme: SigningScheme) -> Result<&[Certificate], &NoCertificates> {
        let certificates = match scheme {
            SigningScheme::X509 => &self.ca,
            SigningScheme::SigningAuthority => &self.signing_authority,
        };
        certificates.as_deref()
    }
}

/// The roots are those of AWS Signer, a signing authority: they do not apply to signatures of the scheme `notary.x509`.
impl From<Trust> for VerificationPolicy {
    fn from(Trust { roots, identities }: Trust) -> Self {
        Self {
            name: "trusted signing profiles".to_owned(),
            verification: SignatureVerification::new(VerificationLevel::Strict),
            ca: Err(NoCertificates::NoStore(
                "only signing profiles of AWS Signer are trusted; there is no trust store of the type ca".to_owned(),
            )),
            signing_authority: Ok(roots),
            tsa: Err(NoCertificates::NoStore("there is no trust store of the type tsa".to_owned())),
            identities: TrustedIdentities::Listed(identities),
        }
    }
}
