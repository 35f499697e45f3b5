//! The validation `revocation`: neither the signature nor its profile nor its certificates were revoked.

use super::signer::Signer;
use super::verdict::CheckFailure;
use crate::aws::{Deadline, RevocationQuery, SignerAttributes, SignerClient, SignerConfig, revocation_status};
use crate::envelope::VerifiedEnvelope;
use crate::x509::{CertificateChain, RevocationMethod};

pub(super) async fn check(
    envelope: &VerifiedEnvelope,
    signer: &Signer,
    config: &SignerConfig,
    deadline: Deadline,
) -> Result<String, CheckFailure> {
    match signer {
        Signer::AwsSigner(signer) => ask_aws_signer(envelope, signer, config, deadline).await,
        Signer::Certificate => check_certificates(envelope.chain()),
    }
}

async fn ask_aws_signer(
    envelope: &VerifiedEnvelope,
    signer: &SignerAttributes,
    config: &SignerConfig,
    deadline: Deadline,
) -> Result<String, CheckFailure> {
    let query = RevocationQuery {
        profile_version: &signer.profile_version,
        job: &signer.job,
        signing_time: envelope.attributes().signing_time,
        chain: envelope.chain(),
    };
    let location = signer.profile_version.location();
    let region = config.revocation_region(location).map_err(not_checked)?;
    let client = SignerClient::new(config, location.partition(), region).await;
    let revoked = revocation_status(&client, &query, deadline).await.map_err(not_checked)?;
    if revoked.is_empty() {
        return Ok("AWS Signer knows of no revocation".to_owned());
    }
    let names: Vec<String> = revoked.iter().map(ToString::to_string).collect();
    Err(CheckFailure { revoked, ..CheckFailure::new(format!("revoked: {}", names.join(", "))) })
}

fn not_checked(why: impl std::fmt::Display) -> CheckFailure {
    CheckFailure::undetermined(format!("revocation could not be checked: {why}"))
}

/// The root is left out, as in notation-core-go: nobody stands above it who could revoke it.
fn check_certificates(chain: &CertificateChain) -> Result<String, CheckFailure> {
    let certificates = chain.certificates();
    let issued = certificates.iter().take(certificates.len() - 1).enumerate();
    for (position, certificate) in issued {
        let method = match certificate.revocation_method() {
            None => continue,
            Some(RevocationMethod::Ocsp) => "an OCSP responder",
            Some(RevocationMethod::Crl) => "a CRL",
        };
        return Err(CheckFailure::new(format!(
            "revocation of notary.x509 certificates cannot be checked yet, and certificate {position} of the chain ({}) \
             names {method}",
            certificate.subject()
        )));
    }
    Ok("the certificates name no way to check revocation".to_owned())
}
