//! Signing profiles: `PutSigningProfile`, `GetSigningProfile`, `RevokeSigningProfile` in the AWS Signer API Reference.

use std::collections::BTreeMap;

use aws_names::{ProfileArn, ProfileVersionArn};
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde::Serialize;
use time::OffsetDateTime;

use super::{Store, StoreError};
use crate::validity::{ValidityPeriod, ValidityType};

/// The status of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ProfileStatus {
    /// It may sign.
    Active,
    /// It may not sign; its signatures stay valid.
    Canceled,
    /// It may not sign; its signatures since the effective time are revoked.
    Revoked,
}

/// The revocation of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileRevocation {
    /// Signatures made at this time or later are revoked; Unix milliseconds.
    pub effective_from: i64,
    /// The time of the first revocation request.
    pub revoked_at: OffsetDateTime,
    /// The principal of the first revocation request.
    pub revoked_by: String,
    /// The reason.
    pub reason: String,
}

/// A signing profile with its only version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The ARN with the version.
    pub arn: ProfileVersionArn,
    /// The signing platform.
    pub platform_id: String,
    /// The validity period of its signatures.
    pub validity: ValidityPeriod,
    /// The caller's signing parameters, not interpreted.
    pub signing_parameters: BTreeMap<String, String>,
    /// The tags.
    pub tags: BTreeMap<String, String>,
    /// The time of creation.
    pub created_at: OffsetDateTime,
    /// The status.
    pub status: ProfileStatus,
    /// The reason for the status, if given.
    pub status_reason: Option<String>,
    /// The revocation, if it is revoked.
    pub revocation: Option<ProfileRevocation>,
}

/// The outcome of [`Store::add_profile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileAdded {
    /// The profile is stored.
    Added,
    /// A profile with this name exists, in any status.
    NameTaken,
}

/// The outcome of [`Store::revoke_profile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileRevoked {
    /// The profile version is revoked from the given time.
    Revoked,
    /// The profile version does not exist.
    NotFound,
    /// The profile version is already revoked from this earlier time (Unix milliseconds).
    FromEarlier(i64),
}

impl Store {
    /// Adds an active profile.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub fn add_profile(&self, profile: &Profile) -> Result<ProfileAdded, StoreError> {
        let arn = &profile.arn;
        let at = profile.arn.location();
        let json = |map: &BTreeMap<String, String>| {
            serde_json::to_string(map).map_err(|error| StoreError::Damaged(error.to_string()))
        };
        let parameters = json(&profile.signing_parameters)?;
        let tags = json(&profile.tags)?;
        self.write(|transaction| {
            let added = transaction.execute(
                "INSERT OR IGNORE INTO profiles (partition, region, account, name, version, platform_id, validity_value,
                 validity_type, signing_parameters, tags, created_at, status)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'Active')",
                params![
                    at.partition().as_str(),
                    at.region().as_str(),
                    at.account().as_str(),
                    arn.profile().name().as_str(),
                    arn.version(),
                    profile.platform_id,
                    profile.validity.value,
                    profile.validity.unit.name(),
                    parameters,
                    tags,
                    profile.created_at.unix_timestamp(),
                ],
            )?;
            Ok(if added == 1 { ProfileAdded::Added } else { ProfileAdded::NameTaken })
        })
    }

    /// Returns the profile with this ARN.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails or the row is damaged.
    pub fn profile(&self, arn: &ProfileArn) -> Result<Option<Profile>, StoreError> {
        let at = arn.location();
        let reader = self.reader();
        let mut statement = reader
            .prepare_cached("SELECT * FROM profiles WHERE partition = ? AND region = ? AND account = ? AND name = ?")?;
        let key = params![at.partition().as_str(), at.region().as_str(), at.account().as_str(), arn.name().as_str()];
        let found = statement.query_row(key, |row| Ok(profile_of(row, arn))).optional()?;
        found.transpose()
    }

    /// Revokes a profile version, or moves the start of its revocation to an earlier time.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub fn revoke_profile(
        &self,
        arn: &ProfileVersionArn,
        revocation: &ProfileRevocation,
    ) -> Result<ProfileRevoked, StoreError> {
        self.write(|transaction| {
            match effective_from(transaction, arn)? {
                None => return Ok(ProfileRevoked::NotFound),
                Some(Some(earlier)) if earlier < revocation.effective_from => {
                    return Ok(ProfileRevoked::FromEarlier(earlier));
                }
                Some(_) => {}
            }
            let at = arn.location();
            transaction.execute(
                "UPDATE profiles SET status = 'Revoked', status_reason = ?, effective_from = ?,
                 revoked_at = coalesce(revoked_at, ?), revoked_by = coalesce(revoked_by, ?)
                 WHERE partition = ? AND region = ? AND account = ? AND name = ? AND version = ?",
                params![
                    revocation.reason,
                    revocation.effective_from,
                    revocation.revoked_at.unix_timestamp(),
                    revocation.revoked_by,
                    at.partition().as_str(),
                    at.region().as_str(),
                    at.account().as_str(),
                    arn.profile().name().as_str(),
                    arn.version(),
                ],
            )?;
            Ok(ProfileRevoked::Revoked)
        })
    }
}

/// The effective time of a revocation: `None` if the profile version does not exist, `Some(None)` if it is not revoked.
fn effective_from(transaction: &Transaction<'_>, arn: &ProfileVersionArn) -> Result<Option<Option<i64>>, StoreError> {
    let at = arn.location();
    Ok(transaction
        .query_row(
            "SELECT effective_from FROM profiles
             WHERE partition = ? AND region = ? AND account = ? AND name = ? AND version = ?",
            params![
                at.partition().as_str(),
                at.region().as_str(),
                at.account().as_str(),
                arn.profile().name().as_str(),
                arn.version()
            ],
            |row| row.get(0),
        )
        .optional()?)
}

fn profile_of(row: &Row<'_>, arn: &ProfileArn) -> Result<Profile, StoreError> {
    let damaged = |what: &str| StoreError::Damaged(format!("{arn}: {what}"));
    let text = |column: &str| row.get::<_, String>(column);
    let json = |column: &str| serde_json::from_str(&text(column)?).map_err(|_| damaged(column));
    let time = |seconds: i64| OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| damaged("a time"));
    let status_reason: Option<String> = row.get("status_reason")?;
    let revocation = match row.get::<_, Option<i64>>("effective_from")? {
        None => None,
        Some(effective_from) => Some(ProfileRevocation {
            effective_from,
            revoked_at: time(row.get("revoked_at")?)?,
            revoked_by: row.get("revoked_by")?,
            reason: status_reason.clone().unwrap_or_default(),
        }),
    };
    Ok(Profile {
        arn: arn.clone().with_version(&text("version")?).map_err(|_| damaged("version"))?,
        platform_id: text("platform_id")?,
        validity: ValidityPeriod {
            value: row.get("validity_value")?,
            unit: ValidityType::from_name(&text("validity_type")?).ok_or_else(|| damaged("validity_type"))?,
        },
        signing_parameters: json("signing_parameters")?,
        tags: json("tags")?,
        created_at: time(row.get("created_at")?)?,
        status: match text("status")?.as_str() {
            "Active" => ProfileStatus::Active,
            "Canceled" => ProfileStatus::Canceled,
            _ => ProfileStatus::Revoked,
        },
        status_reason,
        revocation,
    })
}
