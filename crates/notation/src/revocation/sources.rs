//! The sources themselves: AWS Signer for what it signed, OCSP and CRLs for certificates of others.

use aws_signer::{ClientPool, RevocationQuery, RevokedEntity, SignerAttributes, revocation_status};

use super::source::{BoxFuture, RevocationQuestion, RevocationSource, RevocationStatus};
use super::{CertificateStatus, RevocationClient, Status, check_chain};
use crate::failure::Failure;
use crate::verify::Signer;

const UNKNOWN: &str = "revocation could not be checked";

/// Asks AWS Signer about its signatures, and OCSP responders and CRLs about all others.
#[derive(Debug, Clone)]
pub struct RevocationSources {
    aws_signer: AwsSignerRevocation,
    certificates: RevocationClient,
}

impl RevocationSources {
    /// Creates the sources; `clients` call AWS Signer.
    #[must_use]
    pub fn new(clients: ClientPool) -> Self {
        Self { aws_signer: AwsSignerRevocation::new(clients), certificates: RevocationClient::new() }
    }
}

impl RevocationSource for RevocationSources {
    fn status<'a>(&'a self, question: &'a RevocationQuestion) -> BoxFuture<'a, RevocationStatus> {
        match &question.signer {
            Signer::AwsSigner(_) => self.aws_signer.status(question),
            Signer::Certificate => self.certificates.status(question),
        }
    }
}

/// `GetRevocationStatus` of AWS Signer.
#[derive(Debug, Clone)]
pub struct AwsSignerRevocation {
    clients: ClientPool,
}

impl AwsSignerRevocation {
    /// Creates the source.
    #[must_use]
    pub fn new(clients: ClientPool) -> Self {
        Self { clients }
    }

    async fn ask(&self, question: &RevocationQuestion, signer: &SignerAttributes) -> RevocationStatus {
        let unknown = |why: Failure| RevocationStatus::Unknown(why.context(UNKNOWN));
        let location = signer.profile_version.location();
        let client = match question.deadline.run(self.clients.for_revocation(location)).await {
            Some(Ok(client)) => client,
            Some(Err(why)) => return unknown(Failure::from(&why)),
            None => return unknown(Failure::deadline(question.deadline)),
        };
        tracing::info!(
            profile_version = %signer.profile_version, job = %signer.job, region = %client.region(),
            "asking AWS Signer about revocation"
        );
        let query = RevocationQuery {
            profile_version: &signer.profile_version,
            job: &signer.job,
            signing_time: question.signing_time,
            chain: &question.chain,
        };
        match revocation_status(&client, &query, question.deadline).await {
            Err(why) => unknown(Failure::from(&why)),
            Ok(revoked) if revoked.is_empty() => {
                RevocationStatus::NotRevoked("AWS Signer reports no revocation".to_owned())
            }
            Ok(entities) => {
                let names: Vec<String> = entities.iter().map(ToString::to_string).collect();
                RevocationStatus::Revoked { entities, message: format!("revoked: {}", names.join(", ")) }
            }
        }
    }
}

impl RevocationSource for AwsSignerRevocation {
    fn status<'a>(&'a self, question: &'a RevocationQuestion) -> BoxFuture<'a, RevocationStatus> {
        match &question.signer {
            Signer::AwsSigner(signer) => Box::pin(self.ask(question, signer)),
            Signer::Certificate => {
                let why = format!("{UNKNOWN}: AWS Signer did not make the signature");
                Box::pin(std::future::ready(RevocationStatus::Unknown(Failure::new(notary::ReasonCode::Internal, why))))
            }
        }
    }
}

impl RevocationSource for RevocationClient {
    fn status<'a>(&'a self, question: &'a RevocationQuestion) -> BoxFuture<'a, RevocationStatus> {
        Box::pin(async move {
            let RevocationQuestion { chain, now, deadline, .. } = question;
            conclude(&check_chain(chain, question.authentic_signing_time(), *now, self, *deadline).await)
        })
    }
}

/// A revoked certificate decides, even if the status of others is unknown.
fn conclude(statuses: &[CertificateStatus]) -> RevocationStatus {
    let listed = |wanted: fn(&Status) -> bool| {
        let listed: Vec<String> = statuses.iter().filter(|s| wanted(&s.status)).map(ToString::to_string).collect();
        Some(listed.join("; ")).filter(|listed| !listed.is_empty())
    };
    let is_revoked = |status: &Status| matches!(status, Status::Revoked(..));
    if let Some(message) = listed(is_revoked) {
        let revoked = statuses.iter().filter(|s| is_revoked(&s.status));
        let entity =
            |s: &CertificateStatus| RevokedEntity::Certificate { position: s.position, subject: s.subject.clone() };
        return RevocationStatus::Revoked {
            entities: revoked.map(entity).collect(),
            message: format!("revoked: {message}"),
        };
    }
    match listed(|status| matches!(status, Status::Unknown(_))) {
        Some(unknown) => {
            RevocationStatus::Unknown(Failure::new(notary::ReasonCode::Unreachable, format!("{UNKNOWN}: {unknown}")))
        }
        None => RevocationStatus::NotRevoked(
            listed(|status| *status != Status::NotRevocable)
                .unwrap_or_else(|| "no certificate names an OCSP responder or CRL".to_owned()),
        ),
    }
}
