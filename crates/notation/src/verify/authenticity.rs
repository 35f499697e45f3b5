//! The validation `authenticity`: the chain ends in a trust store of the scheme's type, and the signer is a trusted
//! identity.

use notary::envelope::{SigningScheme, VerifiedEnvelope};
use notary::trust::policy::{TrustStoreType, TrustedIdentities};
use notary::trust::{IdentityVerdict, Subject, check_trusted_identity};
use notary::x509::Certificate;

use super::finding::{Finding, MatchedIdentity};
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
    let (identity, matched) = match by_plugin {
        Some(result) => {
            let accepted = result?;
            let own = check_identity(policy, envelope, signer).map(|(_, matched)| matched).ok();
            let matched = match (&accepted, own) {
                (_, Some(own)) if own != MatchedIdentity::Any => own,
                (Finding::Plugin { name, .. }, _) => MatchedIdentity::Plugin(name.clone()),
                _ => MatchedIdentity::Any,
            };
            (accepted.to_string(), matched)
        }
        None => check_identity(policy, envelope, signer)?,
    };
    Ok(Finding::Trusted { anchor: anchor.to_owned(), identity, matched })
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

/// Checks that the signer is a trusted identity of the policy, and says which one: as a sentence, and by itself.
pub(super) fn check_identity(
    policy: &VerificationPolicy,
    envelope: &VerifiedEnvelope,
    signer: &Signer,
) -> Result<(String, MatchedIdentity), Reason> {
    match signer {
        Signer::AwsSigner(signer) => {
            let verdict = check_trusted_identity(&signer.identity(), &policy.identities);
            match verdict.map_err(Reason::Wildcard)? {
                IdentityVerdict { trusted: true, reason } => {
                    Ok((reason, MatchedIdentity::Profile(signer.profile_version.unversioned())))
                }
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
fn check_subject(identities: &TrustedIdentities, leaf: &Certificate) -> Result<(String, MatchedIdentity), Reason> {
    let subject = leaf.subject();
    if *identities == TrustedIdentities::Any {
        return Ok((format!("signed by {subject}; the policy trusts every identity"), MatchedIdentity::Any));
    }
    if identities.x509_subjects().next().is_none() {
        return Err(Reason::UntrustedSubject { subject: subject.to_owned(), policy_has_subjects: false });
    }
    match identities.matching_subject(&Subject::from_certificate(leaf).map_err(Reason::Subject)?) {
        Some(name) => {
            let matched = MatchedIdentity::Subject(name.to_string());
            Ok((format!("signed by {subject}, which the trusted identity {matched} names"), matched))
        }
        None => Err(Reason::UntrustedSubject { subject: subject.to_owned(), policy_has_subjects: true }),
    }
}
