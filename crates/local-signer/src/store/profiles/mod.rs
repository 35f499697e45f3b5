//! Signing profiles: `PutSigningProfile`, `GetSigningProfile`, `ListSigningProfiles`, `CancelSigningProfile` and
//! `RevokeSigningProfile` in the AWS Signer API Reference.

mod list;

use std::collections::BTreeMap;

use aws_names::{ProfileArn, ProfileVersionArn};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

#[cfg(test)]
pub(super) use self::list::QUERY;
pub use self::list::{ListedProfile, ProfileFilter};
use super::{Store, StoreError, text};
use crate::platforms::Overrides;
use crate::validity::{ValidityPeriod, ValidityType};

/// How long a canceled profile is kept (the API Reference: "deleted two years after cancelation").
const CANCELED_KEPT: time::Duration = time::Duration::days(2 * 365);

/// The status of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProfileStatus {
    /// It may sign.
    Active,
    /// It may not sign; its signatures stay valid.
    Canceled,
    /// It may not sign; its signatures since the effective time are revoked.
    Revoked,
}

impl ProfileStatus {
    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Canceled => "Canceled",
            Self::Revoked => "Revoked",
        }
    }

    /// The status with this name in the database, which has no others.
    fn from_name(name: &str) -> Self {
        match name {
            "Active" => Self::Active,
            "Canceled" => Self::Canceled,
            _ => Self::Revoked,
        }
    }
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
    /// The ARN of the caller's own signing certificate.
    pub signing_material: Option<String>,
    /// Other algorithms or another format than the platform's defaults.
    pub overrides: Option<Overrides>,
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
    /// Adds an active profile. The name of a canceled profile is free again two years later.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub async fn add_profile(&self, profile: Profile) -> Result<ProfileAdded, StoreError> {
        self.write(move |database| {
            let arn = &profile.arn;
            let at = profile.arn.location();
            let name = arn.profile().name().as_str();
            let forgotten = (profile.created_at - CANCELED_KEPT).unix_timestamp();
            let key = params![at.partition().as_str(), at.region().as_str(), at.account().as_str(), name, forgotten];
            let removed = database
                .prepare_cached(
                    "DELETE FROM profiles WHERE partition = ? AND region = ? AND account = ? AND name = ?
                     AND status = 'Canceled' AND canceled_at < ?",
                )?
                .execute(key)?;
            if removed > 0 {
                database.execute(
                    "DELETE FROM permissions WHERE partition = ? AND region = ? AND account = ? AND profile_name = ?",
                    params![at.partition().as_str(), at.region().as_str(), at.account().as_str(), name],
                )?;
            }
            let added = database
                .prepare_cached(
                    "INSERT OR IGNORE INTO profiles (partition, region, account, name, version, platform_id,
                     validity_value, validity_type, signing_parameters, tags, created_at, status, signing_material,
                     overrides) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'Active', ?, ?)",
                )?
                .execute(params![
                    at.partition().as_str(),
                    at.region().as_str(),
                    at.account().as_str(),
                    name,
                    arn.version(),
                    profile.platform_id,
                    profile.validity.value,
                    profile.validity.unit.name(),
                    json(&profile.signing_parameters)?,
                    json(&profile.tags)?,
                    profile.created_at.unix_timestamp(),
                    profile.signing_material,
                    profile.overrides.as_ref().map(json).transpose()?,
                ])?;
            Ok(if added == 1 { ProfileAdded::Added } else { ProfileAdded::NameTaken })
        })
        .await
    }

    /// Returns the profile with this ARN, unless it was canceled two years before `now`.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails or the row is damaged.
    pub fn profile(&self, arn: &ProfileArn, now: OffsetDateTime) -> Result<Option<Profile>, StoreError> {
        let at = arn.location();
        let reader = self.reader();
        let mut statement = reader.prepare_cached(
            "SELECT version, platform_id, validity_value, validity_type, signing_parameters, tags, created_at, status,
             status_reason, effective_from, revoked_at, revoked_by, signing_material, overrides FROM profiles
             WHERE partition = ? AND region = ? AND account = ? AND name = ?
             AND (status <> 'Canceled' OR canceled_at IS NULL OR canceled_at >= ?)",
        )?;
        let key = params![
            at.partition().as_str(),
            at.region().as_str(),
            at.account().as_str(),
            arn.name().as_str(),
            (now - CANCELED_KEPT).unix_timestamp()
        ];
        let found = statement.query_row(key, |row| Ok(profile_of(row, arn))).optional()?;
        found.transpose()
    }

    /// Cancels an active profile; returns its status before, or `None` if it does not exist. A revoked profile stays
    /// revoked.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub async fn cancel_profile(
        &self,
        arn: ProfileArn,
        now: OffsetDateTime,
    ) -> Result<Option<ProfileStatus>, StoreError> {
        self.write(move |database| {
            let at = arn.location();
            let key = [at.partition().as_str(), at.region().as_str(), at.account().as_str(), arn.name().as_str()];
            let status = database
                .query_row(
                    "SELECT status FROM profiles WHERE partition = ? AND region = ? AND account = ? AND name = ?",
                    key,
                    status_of,
                )
                .optional()?;
            if status == Some(ProfileStatus::Active) {
                database.execute(
                    "UPDATE profiles SET status = 'Canceled', canceled_at = ?5
                     WHERE partition = ?1 AND region = ?2 AND account = ?3 AND name = ?4",
                    params![key[0], key[1], key[2], key[3], now.unix_timestamp()],
                )?;
            }
            Ok(status)
        })
        .await
    }

    /// Revokes a profile version, or moves the start of its revocation to an earlier time.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub async fn revoke_profile(
        &self,
        arn: ProfileVersionArn,
        revocation: ProfileRevocation,
    ) -> Result<ProfileRevoked, StoreError> {
        self.write(move |database| {
            match effective_from(database, &arn)? {
                None => return Ok(ProfileRevoked::NotFound),
                Some(Some(earlier)) if earlier < revocation.effective_from => {
                    return Ok(ProfileRevoked::FromEarlier(earlier));
                }
                // A repetition changes nothing, and the first reason is kept.
                Some(Some(same)) if same == revocation.effective_from => return Ok(ProfileRevoked::Revoked),
                Some(_) => {}
            }
            let at = arn.location();
            database.execute(
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
        .await
    }
}

pub(super) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// The status in a row with a column of this name.
pub(super) fn status_of(row: &Row<'_>) -> rusqlite::Result<ProfileStatus> {
    Ok(ProfileStatus::from_name(row.get_ref("status")?.as_str()?))
}

/// The effective time of a revocation: `None` if the profile version does not exist, `Some(None)` if it is not revoked.
fn effective_from(database: &Connection, arn: &ProfileVersionArn) -> Result<Option<Option<i64>>, StoreError> {
    let at = arn.location();
    Ok(database
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

/// The profile of a row with the columns of [`Store::profile`], by their number: looking for their names takes longer
/// than reading them.
fn profile_of(row: &Row<'_>, arn: &ProfileArn) -> Result<Profile, StoreError> {
    let damaged = |what: &str| StoreError::Damaged(format!("{arn}: {what}"));
    let json = |column: usize, what: &str| serde_json::from_str(text(row, column)?).map_err(|_| damaged(what));
    let time = |seconds: i64| OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| damaged("a time"));
    let status_reason: Option<String> = row.get(8)?;
    let revocation = match row.get::<_, Option<i64>>(9)? {
        None => None,
        Some(effective_from) => Some(ProfileRevocation {
            effective_from,
            revoked_at: time(row.get(10)?)?,
            revoked_by: row.get(11)?,
            reason: status_reason.clone().unwrap_or_default(),
        }),
    };
    let overrides: Option<String> = row.get(13)?;
    Ok(Profile {
        arn: arn.clone().with_version(text(row, 0)?).map_err(|_| damaged("version"))?,
        platform_id: row.get(1)?,
        validity: ValidityPeriod {
            value: row.get(2)?,
            unit: ValidityType::from_name(text(row, 3)?).ok_or_else(|| damaged("validity_type"))?,
        },
        signing_parameters: json(4, "signing_parameters")?,
        tags: json(5, "tags")?,
        created_at: time(row.get(6)?)?,
        status: ProfileStatus::from_name(text(row, 7)?),
        status_reason,
        revocation,
        signing_material: row.get(12)?,
        overrides: overrides
            .map(|overrides| serde_json::from_str(&overrides).map_err(|_| damaged("overrides")))
            .transpose()?,
    })
}
