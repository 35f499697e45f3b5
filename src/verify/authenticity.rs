//! The validation `authenticity`: the chain ends in a trust store of the scheme's type, and the signer is a trusted identity.

use super::policy::VerificationPolicy;
use super::signer::Signer;
use super::verdict::CheckFailure;
use crate::envelope::VerifiedEnvelope;
use crate::trust::policy::TrustedIdentities;
use crate::trust::{IdentityVerdict, Subject, check_trusted_identity};
use crate::x509::Certificate;

pub(super) fn check(
    policy: &VerificationPolicy,
    envelope: &VerifiedEnvelope,
    signer: &Signer,
) -> Result<String, CheckFailure> {
    let scheme = envelope.attributes().signing_scheme;
    let trusted = policy.trusted_certificates(scheme).map_err(|why| {
        CheckFailure::new(format!("nobody vouches for signatures of the scheme {}: {why}", scheme.as_str()))
    })?;
    let chain = envelope.chain();
    let anchor = chain.certificates().iter().find(|certificate| trusted.contains(certificate)).ok_or_else(|| {
        let root = chain.root().subject();
        CheckFailure::new(format!("no certificate of the chain is in the trust store; the chain ends in {root}"))
    })?;
    let identity = match signer {
        Signer::AwsSigner(signer) => {
            let verdict = check_trusted_identity(&signer.profile_version, &policy.identities);
            match verdict.map_err(CheckFailure::of)? {
                IdentityVerdict { trusted: true, reason } => reason,
                IdentityVerdict { reason, .. } => return Err(CheckFailure::new(reason)),
            }
        }
        Signer::Certificate => trusted_subject(&policy.subjects, chain.leaf())?,
    };
    Ok(format!("the chain ends in the trusted {}. {identity}", anchor.subject()))
}

/// Whether the subject of the signing certificate is a trusted identity.
fn trusted_subject(identities: &TrustedIdentities, leaf: &Certificate) -> Result<String, CheckFailure> {
    let subject = leaf.subject();
    if *identities == TrustedIdentities::Any {
        return Ok(format!("Signed by {subject}; the policy trusts every identity."));
    }
    if identities.x509_subjects().next().is_none() {
        let reason = format!("Signed by {subject}, and the policy has no x509.subject among its trusted identities.");
        return Err(CheckFailure::new(reason));
    }
    match identities.matching_subject(&Subject::of(leaf).map_err(CheckFailure::of)?) {
        Some(name) => Ok(format!("Signed by {subject}, which the trusted identity x509.subject: {name} names.")),
        None => Err(CheckFailure::new(format!("Signed by {subject}, which no trusted identity of the policy names."))),
    }
}
