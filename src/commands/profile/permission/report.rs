//! Permissions in JSON: docs/output/common.schema.json.

use aws_signer::Permission;
use serde::Serialize;

use crate::output::exit::CliError;
use crate::output::failure::FailureReport;

/// A permission, and what became of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PermissionReport {
    statement_id: String,
    action: String,
    principal: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_version_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureReport>,
}

impl PermissionReport {
    pub(super) fn new(permission: Permission) -> Self {
        let Permission { statement_id, action, principal, profile_version } = permission;
        Self { statement_id, action, principal, profile_version_id: profile_version, outcome: None, error: None }
    }

    /// The same permission, with what became of it.
    pub(super) fn with_outcome(self, outcome: &'static str) -> Self {
        Self { outcome: Some(outcome), ..self }
    }

    /// The same permission, with why nothing became of it.
    pub(super) fn with_error(self, why: CliError) -> Self {
        Self { error: Some(why.into()), ..self }
    }
}

/// The permissions of a profile: docs/output/profile-permission-add.schema.json, -list and -remove.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PermissionsReport {
    pub schema_version: u32,
    pub status: &'static str,
    pub profile_name: String,
    pub permissions: Vec<PermissionReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_size_bytes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more: Option<bool>,
}
