//! The sources themselves: AWS Signer for what it signed, OCSP and CRLs for certificates of others.

use aws_names::Location;
use aws_signer::{ClientPool, RevocationQuery, RevokedEntity, SignerAttributes, ask_revocation};

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

    fn prepare<'a>(&'a self, locations: &'a [Location]) -> BoxFuture<'a, ()> {
        self.aws_signer.prepare(locations)
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
        let query = RevocationQuery {
            profile_version: &signer.profile_version,
            job: &signer.job,
            signing_time: question.signing_time,
            chain: &question.chain,
        };
        match ask_revocation(&self.clients, &query, question.deadline).await {
            Err(why) => RevocationStatus::Unknown(Failure::from(&why).context(UNKNOWN)),
            Ok(answer) if answer.is_revoked() => {
                RevocationStatus::Revoked { message: answer.to_string(), entities: answer.revoked }
            }
            Ok(answer) => RevocationStatus::NotRevoked(answer.to_string()),
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

    /// Gets the client and the credentials for the one region that answers about all these places. With several, most
    /// of them would not be used.
    fn prepare<'a>(&'a self, locations: &'a [Location]) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let config = self.clients.config();
            let mut regions = locations.iter().map(|location| config.revocation_region(location).ok());
            let first = regions.next();
            if let Some(location) = locations.first()
                && regions.all(|region| Some(region) == first)
            {
                self.clients.prepare_for_revocation(location).await;
            }
        })
    }
}

impl RevocationSource for RevocationClient {
    fn status<'a>(&'a self, question: &'a RevocationQuestion) -> BoxFuture<'a, RevocationStatus> {
        Box::pin(async move { conclude(&check_chain(question, self).await) })
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
