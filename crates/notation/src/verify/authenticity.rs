//! The validation `authenticity`: the chain ends in a trust store of the scheme's type, and the signer is a trusted
//! identity.

use notary::envelope::{SigningScheme, VerifiedEnvelope};
use notary::trust::policy::{TrustStoreType, TrustedIdentities};
use notary::trust::{IdentityVerdict, Subject, check_trusted_identity};
use notary::x509::Certificate;

use super::finding::Finding;
use super::policy::{NoCertificates, VerificationPolicy};
use super::reason::Reason;
use super::signer::Signer;

/// Checks the chain and the identity. `by_plugin` is the result of a verification plugin that checked the identity
/// instead.
pub(super) fn check(
    policy: &VerificationPolicy,
    envelope: &VerifiedEnvelope,
    signer: &Signer,
    by_plugin: Option<Result<Finding, Reason>>,
) -> Result<Finding, Reason> {
    let anchor = check_chain(policy, envelope)?.subject();
    let identity = match by_plugin {
        Some(result) => result?.to_string(),
        None => check_identity(policy, envelope, signer)?,
    };
    Ok(Finding::Trusted { anchor: anchor.to_owned(), identity })
}

/// Returns the certificate of the chain that is in a trust store of the scheme's type.
pub(super) fn check_chain<'a>(
    policy: &VerificationPolicy,
    envelope: &'a VerifiedEnvelope,
) -> Result<&'a Certificate, Reason> {
    let scheme = envelope.attributes().signing_scheme;
    let store_type = store_type(scheme);
    let trusted = policy.trusted_certificates(scheme).map_err(|why| match why {
        NoCertificates::NoStore(why) => Reason::NoTrustStore { scheme, store_type, why: why.clone() },
        NoCertificates::Unreadable(errors) => Reason::UnreadableTrustStore { errors: errors.clone() },
    })?;
    let chain = envelope.chain();
    let anchor = chain.certificates().iter().find(|certificate| trusted.contains(certificate));
    anchor.ok_or_else(|| Reason::UntrustedChain { root: chain.root().subject().to_owned(), store_type })
}

/// Checks that the signer is a trusted identity of the policy, and says which one.
pub(super) fn check_identity(
    policy: &VerificationPolicy,
    envelope: &VerifiedEnvelope,
    signer: &Signer,
) -> Result<String, Reason> {
    match signer {
        Signer::AwsSigner(signer) => {
            let verdict = check_trusted_identity(&signer.identity(), &policy.identities);
            match verdict.map_err(Reason::Wildcard)? {
                IdentityVerdict { trusted: true, reason } => Ok(reason),
                IdentityVerdict { reason: explanation, .. } => {
                    let profile = signer.identity().to_trust();
                    Err(Reason::UntrustedProfile { profile, explanation })
                }
            }
        }
        Signer::Certificate => check_subject(&policy.identities, envelope.chain().leaf()),
    }
}

/// Returns the type of trust store that applies to a signing scheme.
fn store_type(scheme: SigningScheme) -> TrustStoreType {
    match scheme {
        SigningScheme::X509 => TrustStoreType::Ca,
        SigningScheme::SigningAuthority => TrustStoreType::SigningAuthority,
    }
}

/// Checks that the subject of the signing certificate is a trusted identity.
fn check_subject(identities: &TrustedIdentities, leaf: &Certificate) -> Result<String, Reason> {
    let subject = leaf.subject();
    if *identities == TrustedIdentities::Any {
        return Ok(format!("signed by {subject}; the policy trusts every identity"));
    }
    if identities.x509_subjects().next().is_none() {
        return Err(Reason::UntrustedSubject { subject: subject.to_owned(), policy_has_subjects: false });
    }
    match identities.matching_subject(&Subject::from_certificate(leaf).map_err(Reason::Subject)?) {
        Some(name) => Ok(format!("signed by {subject}, which the trusted identity x509.subject: {name} names")),
        None => Err(Reason::UntrustedSubject { subject: subject.to_owned(), policy_has_subjects: true }),
    }
}
