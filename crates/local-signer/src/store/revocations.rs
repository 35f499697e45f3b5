//! Revoked profile versions, jobs and certificates: `GetRevocationStatus` in the AWS Signer API Reference.

use aws_names::{JobArn, ProfileVersionArn};
use rusqlite::{Connection, OptionalExtension as _, Params, params};
use time::OffsetDateTime;

use super::{Store, StoreError};

/// The parts of one signature to check for revocation.
#[derive(Debug, Clone)]
pub struct RevocationQuery<'a> {
    /// The profile version that signed.
    pub profile: &'a ProfileVersionArn,
    /// The job that signed.
    pub job: &'a JobArn,
    /// The composite identifiers of the chain's certificates, in the caller's spelling.
    pub certificates: &'a [String],
    /// The signing time; Unix milliseconds.
    pub signed_at: i64,
}

impl Store {
    /// Returns the revoked parts (profile version, job, certificates) of a signature, in the caller's spelling.
    ///
    /// The result is the same in all regions of a partition, since the ARNs name their region. Unknown parts are not
    /// revoked.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub fn revoked_entities(&self, query: &RevocationQuery<'_>) -> Result<Vec<String>, StoreError> {
        let reader = self.reader();
        let mut revoked = Vec::new();
        let profile = query.profile;
        let job = query.job;
        let at = profile.location();
        if exists(
            &reader,
            "SELECT 1 FROM profiles WHERE partition = ? AND region = ? AND account = ? AND name = ? AND version = ?
             AND effective_from <= ?",
            params![
                at.partition().as_str(),
                at.region().as_str(),
                at.account().as_str(),
                profile.profile().name().as_str(),
                profile.version(),
                query.signed_at
            ],
        )? {
            revoked.push(profile.to_string());
        }
        let at = job.location();
        if exists(
            &reader,
            "SELECT 1 FROM jobs WHERE partition = ? AND region = ? AND account = ? AND id = ? AND revoked_at IS NOT NULL",
            params![at.partition().as_str(), at.region().as_str(), at.account().as_str(), job.id()],
        )? {
            revoked.push(job.to_string());
        }
        for certificate in query.certificates {
            if exists(
                &reader,
                "SELECT 1 FROM revoked_certificates WHERE partition = ? AND identifier = ?",
                params![profile.location().partition().as_str(), certificate.to_ascii_lowercase()],
            )? {
                revoked.push(certificate.clone());
            }
        }
        Ok(revoked)
    }

    /// Revokes a certificate in all regions of a partition. `identifier` is its composite identifier: the hex SHA-384
    /// of its TBS bytes, followed by the same hash of its issuer.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub fn revoke_certificate(&self, partition: &str, identifier: &str, now: OffsetDateTime) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT OR IGNORE INTO revoked_certificates (partition, identifier, revoked_at) VALUES (?, ?, ?)",
                params![partition, identifier.to_ascii_lowercase(), now.unix_timestamp()],
            )?;
            Ok(())
        })
    }
}

fn exists(connection: &Connection, query: &str, key: impl Params) -> Result<bool, StoreError> {
    Ok(connection.prepare_cached(query)?.query_row(key, |_| Ok(())).optional()?.is_some())
}
