//! Cross-account permissions of profiles: `AddProfilePermission`, `RemoveProfilePermission` and
//! `ListProfilePermissions` in the AWS Signer API Reference.

use aws_names::ProfileArn;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;

use super::profiles::status_of;
use super::{ProfileStatus, Store, StoreError};

/// A permission: a statement of a profile's policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    /// The action, such as `signer:SignPayload`.
    pub action: String,
    /// An account id, or the ARN of a role.
    pub principal: String,
    /// The name of the statement, unique in the profile.
    pub statement_id: String,
    /// The version of the profile that it is limited to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_version: Option<String>,
}

/// The permissions of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// The permissions in the order in which they were added.
    pub permissions: Vec<Permission>,
    /// The revision; `None` before the first permission was added.
    pub revision: Option<String>,
}

/// The outcome of a change of the permissions of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PermissionChange {
    /// The permissions are changed.
    Changed,
    /// The same permission exists; the permissions have this revision.
    Same(String),
    /// The profile does not exist.
    NoProfile,
    /// The profile is canceled or revoked.
    NotActive(ProfileStatus),
    /// The caller's revision is not the current one, which is this; `None` without permissions.
    OtherRevision(Option<String>),
    /// A statement with this id exists (add), or does not exist (remove).
    Statement,
    /// The policy would be larger than the limit.
    TooLarge,
}

impl Store {
    /// The permissions of a profile; `None` if the profile does not exist.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub fn permissions(&self, arn: &ProfileArn) -> Result<Option<Permissions>, StoreError> {
        let reader = self.reader();
        let Some((revision, _)) = revision(&reader, arn)? else { return Ok(None) };
        Ok(Some(Permissions { permissions: permissions(&reader, arn)?, revision }))
    }

    /// Adds a permission if `expected` is the current revision; the profile then has the revision `next`. `fits`
    /// decides whether the policy with the permission is small enough.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub async fn add_permission(
        &self,
        arn: ProfileArn,
        permission: Permission,
        expected: Option<String>,
        next: String,
        fits: impl FnOnce(&[Permission]) -> bool + Send + 'static,
    ) -> Result<PermissionChange, StoreError> {
        self.write(move |database| {
            let Some((current, status)) = revision(database, &arn)? else { return Ok(PermissionChange::NoProfile) };
            if status != ProfileStatus::Active {
                return Ok(PermissionChange::NotActive(status));
            }
            let mut all = permissions(database, &arn)?;
            // To repeat a permission changes nothing, whatever the revision.
            if let Some(known) = all.iter().find(|known| known.statement_id == permission.statement_id) {
                return Ok(match current.filter(|_| *known == permission) {
                    Some(revision) => PermissionChange::Same(revision),
                    None => PermissionChange::Statement,
                });
            }
            if current != expected {
                return Ok(PermissionChange::OtherRevision(current));
            }
            all.push(permission.clone());
            if !fits(&all) {
                return Ok(PermissionChange::TooLarge);
            }
            let at = arn.location();
            database.execute(
                "INSERT INTO permissions (partition, region, account, profile_name, statement_id, action, principal,
                 profile_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    at.partition().as_str(),
                    at.region().as_str(),
                    at.account().as_str(),
                    arn.name().as_str(),
                    permission.statement_id,
                    permission.action,
                    permission.principal,
                    permission.profile_version,
                ],
            )?;
            set_revision(database, &arn, Some(&next))?;
            Ok(PermissionChange::Changed)
        })
        .await
    }

    /// Removes a permission if `expected` is the current revision; the profile then has the revision `next`, or none
    /// without permissions.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub async fn remove_permission(
        &self,
        arn: ProfileArn,
        statement_id: String,
        expected: Option<String>,
        next: String,
    ) -> Result<PermissionChange, StoreError> {
        self.write(move |database| {
            let Some((current, status)) = revision(database, &arn)? else { return Ok(PermissionChange::NoProfile) };
            if status != ProfileStatus::Active {
                return Ok(PermissionChange::NotActive(status));
            }
            if current.is_none() || current != expected {
                return Ok(PermissionChange::OtherRevision(current));
            }
            let at = arn.location();
            let removed = database.execute(
                "DELETE FROM permissions WHERE partition = ? AND region = ? AND account = ? AND profile_name = ?
                 AND statement_id = ?",
                params![
                    at.partition().as_str(),
                    at.region().as_str(),
                    at.account().as_str(),
                    arn.name().as_str(),
                    statement_id,
                ],
            )?;
            if removed == 0 {
                return Ok(PermissionChange::Statement);
            }
            // The last statement takes the policy with it.
            let next = (!permissions(database, &arn)?.is_empty()).then_some(next);
            set_revision(database, &arn, next.as_deref())?;
            Ok(PermissionChange::Changed)
        })
        .await
    }
}

/// The revision of the permissions of a profile, and its status; `None` if it does not exist.
fn revision(database: &Connection, arn: &ProfileArn) -> Result<Option<(Option<String>, ProfileStatus)>, StoreError> {
    let at = arn.location();
    let key = [at.partition().as_str(), at.region().as_str(), at.account().as_str(), arn.name().as_str()];
    let mut statement = database.prepare_cached(
        "SELECT permissions_revision, status FROM profiles
         WHERE partition = ? AND region = ? AND account = ? AND name = ?",
    )?;
    Ok(statement.query_row(key, |row| Ok((row.get(0)?, status_of(row)?))).optional()?)
}

fn set_revision(database: &Connection, arn: &ProfileArn, next: Option<&str>) -> Result<(), StoreError> {
    let at = arn.location();
    database.execute(
        "UPDATE profiles SET permissions_revision = ?5
         WHERE partition = ?1 AND region = ?2 AND account = ?3 AND name = ?4",
        params![at.partition().as_str(), at.region().as_str(), at.account().as_str(), arn.name().as_str(), next],
    )?;
    Ok(())
}

fn permissions(database: &Connection, arn: &ProfileArn) -> Result<Vec<Permission>, StoreError> {
    let at = arn.location();
    let key = [at.partition().as_str(), at.region().as_str(), at.account().as_str(), arn.name().as_str()];
    let mut statement = database.prepare_cached(
        "SELECT action, principal, statement_id, profile_version FROM permissions
         WHERE partition = ? AND region = ? AND account = ? AND profile_name = ? ORDER BY number",
    )?;
    let rows = statement.query_map(key, |row| {
        Ok(Permission {
            action: row.get(0)?,
            principal: row.get(1)?,
            statement_id: row.get(2)?,
            profile_version: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
