//! The validation `revocation`: neither the signature nor its profile nor its certificates were revoked.

use aws_signer::{
    CallError, RevocationQuery, RevokedEntity, SignerAttributes, SignerClient, SignerConfig, revocation_status,
};
use limits::Deadline;
use notary::Disposition;
use notary::envelope::{SigningScheme, VerifiedEnvelope};

use super::options::VerifyOptions;
use super::signer::Signer;
use super::verdict::CheckFailure;
use crate::revocation::{CertificateStatus, Status, check_chain};

pub(super) async fn check(
    envelope: &VerifiedEnvelope,
    signer: &Signer,
    options: &VerifyOptions,
    deadline: Deadline,
) -> Result<String, CheckFailure> {
    match signer {
        Signer::AwsSigner(signer) => ask_aws_signer(envelope, signer, &options.config, deadline).await,
        Signer::Certificate => check_certificates(envelope, options, deadline).await,
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
    let region = config.revocation_region(location);
    let region = region.map_err(|why| CheckFailure::misconfigured(format!("{NOT_CHECKED}: {why}")))?;
    tracing::info!(profile_version = %signer.profile_version, job = %signer.job, %region, "asking AWS Signer about revocation");
    let client = SignerClient::new(config, region).await;
    let revoked = revocation_status(&client, &query, deadline).await.map_err(not_asked)?;
    if revoked.is_empty() {
        return Ok("AWS Signer knows of no revocation".to_owned());
    }
    let names: Vec<String> = revoked.iter().map(ToString::to_string).collect();
    Err(CheckFailure { revoked, ..CheckFailure::new(format!("revoked: {}", names.join(", "))) })
}

const NOT_CHECKED: &str = "revocation could not be checked";

fn not_checked(why: impl std::fmt::Display) -> CheckFailure {
    CheckFailure::undetermined(format!("{NOT_CHECKED}: {why}"))
}

fn not_asked(why: CallError) -> CheckFailure {
    let failure = match why.disposition() {
        Disposition::Misconfigured => CheckFailure::misconfigured(format!("{NOT_CHECKED}: {why}")),
        Disposition::Undetermined | Disposition::Refused => not_checked(&why),
    };
    match why.advice() {
        Some(advice) => failure.with_remedy(advice.to_string()),
        None => failure,
    }
}

/// Asks whom the certificates name. One that was revoked decides, whatever is not known of others.
async fn check_certificates(
    envelope: &VerifiedEnvelope,
    options: &VerifyOptions,
    deadline: Deadline,
) -> Result<String, CheckFailure> {
    let attributes = envelope.attributes();
    let authentic = (attributes.signing_scheme == SigningScheme::SigningAuthority).then_some(attributes.signing_time);
    let statuses = check_chain(envelope.chain(), authentic, options.now, &options.revocation, deadline).await;
    let told = |is_told: fn(&Status) -> bool| {
        let told: Vec<String> = statuses.iter().filter(|s| is_told(&s.status)).map(ToString::to_string).collect();
        Some(told.join("; ")).filter(|told| !told.is_empty())
    };
    if let Some(reason) = told(|status| matches!(status, Status::Revoked(..))) {
        let revoked = statuses.iter().filter(|s| matches!(s.status, Status::Revoked(..)));
        let entity =
            |s: &CertificateStatus| RevokedEntity::Certificate { position: s.position, subject: s.subject.clone() };
        let revoked = revoked.map(entity).collect();
        return Err(CheckFailure { revoked, ..CheckFailure::new(format!("revoked: {reason}")) });
    }
    match told(|status| matches!(status, Status::Unknown(_))) {
        Some(unknown) => Err(not_checked(unknown)),
        None => Ok(told(|status| *status != Status::NotRevocable)
            .unwrap_or_else(|| "the certificates name no way to check revocation".to_owned())),
    }
}
