//! The validation `revocation`: neither the signature nor its profile nor its certificates were revoked.

use super::finding::Finding;
use super::reason::Reason;
use crate::revocation::{RevocationQuestion, RevocationSource, RevocationStatus};

pub(super) async fn check(source: &dyn RevocationSource, question: &RevocationQuestion) -> Result<Finding, Reason> {
    match source.status(question).await {
        RevocationStatus::NotRevoked(source) => Ok(Finding::NotRevoked(source)),
        RevocationStatus::Revoked { entities, message } => Err(Reason::Revoked { entities, message }),
        RevocationStatus::Unknown(failure) => Err(Reason::Undecided(failure)),
    }
}
