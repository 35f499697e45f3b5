//! The validation `authenticity`: the chain ends in a trust store of the scheme's type, and the signer is a trusted identity.

use notary::envelope::{SigningScheme, VerifiedEnvelope};
use notary::trust::policy::{TrustStoreType, TrustedIdentities};
use notary::trust::{IdentityVerdict, Subject, check_trusted_identity};
use notary::x509::Certificate;

use super::policy::{NoCertificates, VerificationPolicy};
use super::signer::Signer;
use super::verdict::CheckFailure;

/// `of_plugin` is what a verification plugin says of the signer, where that is asked instead of the policy.
pub(super) fn check(
    policy: &VerificationPolicy,
    envelope: &VerifiedEnvelope,
    signer: &Signer,
    of_plugin: Option<Result<String, CheckFailure>>,
) -> Result<String, CheckFailure> {
    let anchor = check_chain(policy, envelope)?;
    let identity = of_plugin.unwrap_or_else(|| check_identity(policy, envelope, signer))?;
    Ok(format!("the chain ends in the trusted {}. {identity}", anchor.subject()))
}

/// Finds the certificate of the chain that a trust store of the scheme's type has.
pub(super) fn check_chain<'a>(
    policy: &VerificationPolicy,
    envelope: &'a VerifiedEnvelope,
) -> Result<&'a Certificate, CheckFailure> {
    let scheme = envelope.attributes().signing_scheme;
    let trusted = policy.trusted_certificates(scheme).map_err(|why| {
        let failure =
            CheckFailure::new(format!("nobody vouches for signatures of the scheme {}: {why}", scheme.as_str()));
        failure.with_remedy(match why {
            NoCertificates::NoStore(_) => {
                format!("Add a trust store of the type {} to the policy.", store_type(scheme))
            }
            NoCertificates::Unreadable(_) => "Mend the trust store; nothing is trusted without it.".to_owned(),
        })
    })?;
    let chain = envelope.chain();
    chain.certificates().iter().find(|certificate| trusted.contains(certificate)).ok_or_else(|| {
        let root = chain.root().subject();
        CheckFailure::new(format!("no certificate of the chain is in the trust store; the chain ends in {root}"))
            .with_remedy(format!(
                "If signatures under {root} are to be trusted, add that root to the policy's trust store of the type {} \
                 (notation-aws-signer trust add), or name it with --root.",
                store_type(scheme)
            ))
    })
}

/// Whether the signer is a trusted identity of the policy.
pub(super) fn check_identity(
    policy: &VerificationPolicy,
    envelope: &VerifiedEnvelope,
    signer: &Signer,
) -> Result<String, CheckFailure> {
    match signer {
        Signer::AwsSigner(signer) => {
            let verdict = check_trusted_identity(&signer.profile_version, &policy.identities);
            match verdict.map_err(CheckFailure::of)? {
                IdentityVerdict { trusted: true, reason } => Ok(reason),
                IdentityVerdict { reason, .. } => Err(CheckFailure::new(reason).with_remedy(format!(
                    "If this profile is to be trusted, add {} to the policy's trustedIdentities, or name it with \
                     --trusted-profile.",
                    signer.profile_version.profile()
                ))),
            }
        }
        Signer::Certificate => trusted_subject(&policy.identities, envelope.chain().leaf()),
    }
}

/// The type of trust store whose certificates vouch for signatures of a scheme.
fn store_type(scheme: SigningScheme) -> TrustStoreType {
    match scheme {
        SigningScheme::X509 => TrustStoreType::Ca,
        SigningScheme::SigningAuthority => TrustStoreType::SigningAuthority,
    }
}

/// Whether the subject of the signing certificate is a trusted identity.
fn trusted_subject(identities: &TrustedIdentities, leaf: &Certificate) -> Result<String, CheckFailure> {
    let subject = leaf.subject();
    if *identities == TrustedIdentities::Any {
        return Ok(format!("Signed by {subject}; the policy trusts every identity."));
    }
    if identities.x509_subjects().next().is_none() {
        let reason = format!("Signed by {subject}, and the policy has no x509.subject among its trusted identities.");
        return Err(untrusted(reason, &subject));
    }
    match identities.matching_subject(&Subject::of(leaf).map_err(CheckFailure::of)?) {
        Some(name) => Ok(format!("Signed by {subject}, which the trusted identity x509.subject: {name} names.")),
        None => {
            Err(untrusted(format!("Signed by {subject}, which no trusted identity of the policy names."), &subject))
        }
    }
}

fn untrusted(reason: String, subject: &str) -> CheckFailure {
    CheckFailure::new(reason).with_remedy(format!(
        "If this signer is to be trusted, add an x509.subject with attributes of {subject} to the policy's \
         trustedIdentities."
    ))
}
