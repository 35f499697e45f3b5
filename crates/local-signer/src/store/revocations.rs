//! Revoked profile versions, jobs and certificates: `GetRevocationStatus` in the AWS Signer API Reference.

use aws_names::{JobArn, ProfileVersionArn};
use rusqlite::{Connection, OptionalExtension as _, params};
use time::OffsetDateTime;

use super::{Reading, Store, StoreError};
use crate::validity::{ValidityPeriod, ValidityType};

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
    /// The current time. Revocations are forgotten six months after the expiry of a signature.
    pub now: OffsetDateTime,
}

/// How long after the expiry of a signature its revocation is still answered, as in the Developer Guide.
const KEPT: ValidityPeriod = ValidityPeriod { value: 6, unit: ValidityType::Months };

pub(super) const JOB: &str =
    "SELECT expires_at FROM signing_jobs WHERE owner = ? AND id = ? AND revoked_at IS NOT NULL";

impl Store {
    /// Returns the revoked parts (profile version, job, certificates) of a signature.
    ///
    /// The result is the same in all regions of a partition, since the ARNs name their region. Unknown parts are not
    /// revoked.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub fn revoked_entities(&self, query: &RevocationQuery<'_>) -> Result<Vec<String>, StoreError> {
        let reader = self.reader();
        let reader = Reading::begin(&reader)?;
        let mut revoked = Vec::new();
        if profile_is_revoked(&reader, query)? {
            revoked.push(query.profile.to_string());
        }
        let owner = self.scopes.number(&reader, query.job.location())?;
        if let Some(owner) = owner
            && job_is_revoked(&reader, owner, query)?
        {
            revoked.push(query.job.to_string());
        }
        revoked.extend(revoked_certificates(&reader, query)?);
        Ok(revoked)
    }

    /// Revokes a certificate in all regions of a partition. `identifier` is its composite identifier: the hex SHA-384
    /// of its TBS bytes, followed by the same hash of its issuer.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub async fn revoke_certificate(
        &self,
        partition: String,
        identifier: String,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.write(move |database| {
            database.execute(
                "INSERT OR IGNORE INTO revoked_certificates (partition, identifier, revoked_at) VALUES (?, ?, ?)",
                params![partition, identifier.to_ascii_lowercase(), now.unix_timestamp()],
            )?;
            Ok(())
        })
        .await
    }
}

/// Whether the revocation of a signature that expires at this time (Unix seconds) is still answered at `now`.
fn is_kept(expires_at: Option<i64>, now: OffsetDateTime) -> bool {
    let expires_at = expires_at.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    expires_at.is_none_or(|expires_at| now <= KEPT.end(expires_at))
}

fn profile_is_revoked(database: &Connection, query: &RevocationQuery<'_>) -> Result<bool, StoreError> {
    let at = query.profile.location();
    let validity: Option<(u32, String)> = database
        .prepare_cached(
            "SELECT validity_value, validity_type FROM profiles
             WHERE partition = ? AND region = ? AND account = ? AND name = ? AND version = ? AND effective_from <= ?",
        )?
        .query_row(
            params![
                at.partition().as_str(),
                at.region().as_str(),
                at.account().as_str(),
                query.profile.profile().name().as_str(),
                query.profile.version(),
                query.signed_at
            ],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((value, unit)) = validity else { return Ok(false) };
    let unit = ValidityType::from_name(&unit).ok_or_else(|| StoreError::Damaged(format!("{}", query.profile)))?;
    let signed_at = OffsetDateTime::from_unix_timestamp(query.signed_at.div_euclid(1000)).ok();
    let expires_at = signed_at.map(|signed_at| ValidityPeriod { value, unit }.end(signed_at).unix_timestamp());
    Ok(is_kept(expires_at, query.now))
}

/// Whether the job is revoked; `owner` is the number of its location.
fn job_is_revoked(database: &Connection, owner: i64, query: &RevocationQuery<'_>) -> Result<bool, StoreError> {
    let expires_at: Option<Option<i64>> =
        database.prepare_cached(JOB)?.query_row(params![owner, query.job.id()], |row| row.get(0)).optional()?;
    Ok(expires_at.is_some_and(|expires_at| is_kept(expires_at, query.now)))
}

/// The revoked certificates, in the caller's spelling and order.
fn revoked_certificates(database: &Connection, query: &RevocationQuery<'_>) -> Result<Vec<String>, StoreError> {
    let partition = query.profile.location().partition().as_str();
    // Most partitions have none.
    if !database
        .prepare_cached("SELECT 1 FROM revoked_certificates WHERE partition = ? LIMIT 1")?
        .exists([partition])?
    {
        return Ok(Vec::new());
    }
    let mut statement =
        database.prepare_cached("SELECT 1 FROM revoked_certificates WHERE partition = ? AND identifier = ?")?;
    let mut revoked = Vec::new();
    for certificate in query.certificates {
        if statement.exists([partition, &certificate.to_ascii_lowercase()])? {
            revoked.push(certificate.clone());
        }
    }
    Ok(revoked)
}
