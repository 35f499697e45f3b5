//! Answers about revocation as the content of entries: JSON, read strictly.

use aws_signer::RevokedEntity;
use notation::revocation::RevocationStatus;
use serde::{Deserialize, Serialize};

use super::entry::Kind;

/// Longer answers are not shared, except revocations, which are shortened. Those of AWS Signer have some 200 bytes.
const MAX_BYTES: usize = 16 * 1024;
/// How much of the message of a long revocation is shared.
const SHORT: usize = 1000;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NotRevoked {
    message: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Revoked {
    message: String,
    entities: Vec<Entity>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Entity {
    Signature(String),
    SigningProfile(String),
    Certificate { position: usize, subject: String },
    Other(String),
}

/// The content of an entry. `None` if it says nothing, or is too long.
pub fn written(status: &RevocationStatus) -> Option<Vec<u8>> {
    let body = match status {
        RevocationStatus::NotRevoked(message) => serde_json::to_vec(&NotRevoked { message: message.clone() }),
        RevocationStatus::Revoked { entities, message } => {
            let entities = entities.iter().cloned().map(Entity::from).collect();
            let whole = serde_json::to_vec(&Revoked { message: message.clone(), entities });
            match whole {
                Ok(body) if body.len() > MAX_BYTES => {
                    let message = message.chars().take(SHORT).collect();
                    serde_json::to_vec(&Revoked { message, entities: Vec::new() })
                }
                whole => whole,
            }
        }
        RevocationStatus::Unknown(_) => return None,
    };
    body.ok().filter(|body| body.len() <= MAX_BYTES)
}

/// The answer in an entry of this kind. `None` if the entry is malformed.
pub fn read(body: &[u8], kind: Kind) -> Option<RevocationStatus> {
    if body.len() > MAX_BYTES {
        return None;
    }
    match kind {
        Kind::NotRevoked => {
            let NotRevoked { message } = serde_json::from_slice(body).ok()?;
            Some(RevocationStatus::NotRevoked(message))
        }
        Kind::Revoked => {
            let Revoked { message, entities } = serde_json::from_slice(body).ok()?;
            let entities = entities.into_iter().map(RevokedEntity::from).collect();
            Some(RevocationStatus::Revoked { entities, message })
        }
        Kind::Signature => None,
    }
}

impl From<RevokedEntity> for Entity {
    fn from(entity: RevokedEntity) -> Self {
        match entity {
            RevokedEntity::Signature(arn) => Self::Signature(arn),
            RevokedEntity::SigningProfile(arn) => Self::SigningProfile(arn),
            RevokedEntity::Certificate { position, subject } => Self::Certificate { position, subject },
            RevokedEntity::Other(name) => Self::Other(name),
        }
    }
}

impl From<Entity> for RevokedEntity {
    fn from(entity: Entity) -> Self {
        match entity {
            Entity::Signature(arn) => Self::Signature(arn),
            Entity::SigningProfile(arn) => Self::SigningProfile(arn),
            Entity::Certificate { position, subject } => Self::Certificate { position, subject },
            Entity::Other(name) => Self::Other(name),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use notary::ReasonCode;
    use notation::Failure;

    use super::*;

    #[test]
    fn answers_are_read_as_they_were_written() {
        let entities = vec![
            RevokedEntity::Signature("arn:job".to_owned()),
            RevokedEntity::SigningProfile("arn:profile".to_owned()),
            RevokedEntity::Certificate { position: 1, subject: "CN=\"a\"\u{7f}".to_owned() },
            RevokedEntity::Other(String::new()),
        ];
        for (kind, status) in [
            (Kind::NotRevoked, RevocationStatus::NotRevoked("not revoked".to_owned())),
            (Kind::Revoked, RevocationStatus::Revoked { entities, message: "revoked".to_owned() }),
        ] {
            let body = written(&status).unwrap();
            assert_eq!(read(&body, kind).unwrap(), status);
            let other = if kind == Kind::Revoked { Kind::NotRevoked } else { Kind::Revoked };
            assert_eq!(read(&body, other), None);
            assert_eq!(read(&body[..body.len() - 1], kind), None);
            assert_eq!(read(&body, Kind::Signature), None);
        }
    }

    #[test]
    fn what_says_nothing_or_is_long_is_not_shared_unless_it_is_a_revocation() {
        let unknown = RevocationStatus::Unknown(Failure::new(ReasonCode::Unreachable, "no answer"));
        assert_eq!(written(&unknown), None);
        assert_eq!(written(&RevocationStatus::NotRevoked("a".repeat(MAX_BYTES))), None);
        assert_eq!(read(&vec![b' '; MAX_BYTES + 1], Kind::NotRevoked), None);
        // That something is revoked must reach the others in any case.
        let message = "\u{1}".repeat(MAX_BYTES);
        let entities = vec![RevokedEntity::Other(message.clone())];
        let body = written(&RevocationStatus::Revoked { entities, message }).unwrap();
        let short = RevocationStatus::Revoked { entities: Vec::new(), message: "\u{1}".repeat(SHORT) };
        assert_eq!(read(&body, Kind::Revoked), Some(short));
    }
}
