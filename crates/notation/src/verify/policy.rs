//! What verification is driven by: a trust policy with its trust stores read, or nothing but signing profiles and roots.

use notary::envelope::SigningScheme;
use notary::trust::policy::{
    SignatureVerification, TrustPolicy, TrustStoreName, TrustStoreType, TrustedIdentities, VerificationLevel,
};
use notary::x509::Certificate;

use crate::trust_store::{StoreError, TrustStore};

/// Who may have signed, where there is no trust policy: every check is enforced.
#[derive(Debug, Clone)]
pub struct Trust {
    /// The certificates of the trust store: one of them must be in the chain, byte for byte.
    pub roots: Vec<Certificate>,
    /// The ARNs of the signing profiles, or profile versions, that are trusted.
    pub identities: Vec<String>,
}

/// How signatures are verified, and against what. Certificates count only for the signing scheme that the type of their trust
/// store is for: `signing-scheme.md`, "Trust Stores".
#[derive(Debug, Clone)]
pub struct VerificationPolicy {
    name: String,
    pub(super) verification: SignatureVerification,
    ca: TrustedCertificates,
    signing_authority: TrustedCertificates,
    pub(super) has_tsa: bool,
    pub(super) subjects: TrustedIdentities,
    /// All identities as they stand in the policy, for AWS Signer's.
    pub(super) identities: Vec<String>,
}

/// The certificates of the trust stores of one type, or why there are none.
type TrustedCertificates = Result<Vec<Certificate>, NoCertificates>;

/// Why nobody vouches for signatures of a scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoCertificates {
    /// The policy has no trust store of that type, in a sentence.
    #[error("{0}")]
    NoStore(String),
    /// Trust stores that the policy names cannot be read, and why.
    #[error("{}", .0.join("; "))]
    Unreadable(Vec<String>),
}

impl VerificationPolicy {
    /// A policy of a document. `read` gives its trust stores, such as
    /// [`NotationFolder::trust_store`](crate::NotationFolder::trust_store).
    ///
    /// A trust store that cannot be read is no error here: it fails the authenticity of the signatures that need its type, as in
    /// notation, and leaves those of the other scheme alone. One that is missing never makes the others count on their own.
    #[must_use]
    pub fn of_statement(
        policy: &TrustPolicy,
        mut read: impl FnMut(&TrustStoreName) -> Result<TrustStore, StoreError>,
    ) -> Self {
        let mut certificates = |kind: TrustStoreType| {
            let (mut all, mut unreadable) = (Vec::new(), Vec::new());
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
            has_tsa: policy.trust_stores_of(TrustStoreType::Tsa).next().is_some(),
            name: policy.name().to_owned(),
            verification: policy.signature_verification().clone(),
            subjects: policy.trusted_identities().clone(),
            identities: policy.trusted_identities().to_strings(),
        }
    }

    /// The policy's name, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether nothing is verified.
    #[must_use]
    pub fn is_skip(&self) -> bool {
        self.verification.level() == VerificationLevel::Skip
    }

    /// The trust stores of the policy that cannot be read, and why, a sentence each. Whoever set them up can mend that before
    /// any signature is judged.
    pub fn unreadable(&self) -> impl Iterator<Item = &str> {
        let stores = [&self.ca, &self.signing_authority].into_iter();
        let reasons = stores.filter_map(|certificates| match certificates {
            Err(NoCertificates::Unreadable(reasons)) => Some(reasons),
            Err(NoCertificates::NoStore(_)) | Ok(_) => None,
        });
        reasons.flatten().map(String::as_str)
    }

    /// The certificates that may vouch for signatures of a scheme, or why there are none.
    pub(super) fn trusted_certificates(&self, scheme: SigningScheme) -> Result<&[Certificate], &NoCertificates> {
        let certificates = match scheme {
            SigningScheme::X509 => &self.ca,
            SigningScheme::SigningAuthority => &self.signing_authority,
        };
        certificates.as_deref()
    }
}

/// The roots are those of a signing authority, AWS Signer: they vouch for no signature of the scheme `notary.x509`.
impl From<Trust> for VerificationPolicy {
    fn from(Trust { roots, identities }: Trust) -> Self {
        Self {
            name: "trusted signing profiles".to_owned(),
            verification: SignatureVerification::new(VerificationLevel::Strict),
            ca: Err(NoCertificates::NoStore(
                "only signing profiles of AWS Signer are trusted, and no certificate of the type ca".to_owned(),
            )),
            signing_authority: Ok(roots),
            has_tsa: false,
            subjects: TrustedIdentities::Listed(Vec::new()),
            identities,
        }
    }
}
