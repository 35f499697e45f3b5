//! A signing job in text and JSON: docs/output/common.schema.json.

use std::collections::BTreeMap;

use aws_signer::{JobRevocation, S3Object, SigningJob};
use notary::text::{printable, rfc3339};
use serde::Serialize;

use super::s3::uri;
use crate::management::facts::Facts;
use crate::management::report::OverridesReport;
use crate::output::exit::CliError;
use crate::output::wrap::fact;
use crate::output::{BAD, GOOD, Output, WARN, paint};

/// A signing job.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobReport {
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<String>,
    job_id: String,
    pub job_status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_version_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_invoker: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<ObjectReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_object: Option<ObjectReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_material: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overrides: Option<OverridesReport>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    signing_parameters: BTreeMap<String, String>,
    revoked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation: Option<RevocationReport>,
}

/// An object in Amazon S3.
#[derive(Debug, Clone, Serialize)]
struct ObjectReport {
    bucket: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct RevocationReport {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_by: Option<String>,
}

impl From<S3Object> for ObjectReport {
    fn from(S3Object { bucket, key, version }: S3Object) -> Self {
        Self { bucket, key, version }
    }
}

impl ObjectReport {
    fn uri(&self) -> String {
        uri(&self.bucket, &self.key, self.version.as_deref())
    }
}

impl JobReport {
    pub(super) fn new(job: SigningJob) -> Self {
        let revocation = |revocation: JobRevocation| RevocationReport {
            reason: revocation.reason,
            revoked_at: revocation.revoked_at.map(rfc3339),
            revoked_by: revocation.revoked_by,
        };
        Self {
            job: job.arn.map(|arn| arn.to_string()),
            job_id: job.id,
            job_status: job.status,
            status_reason: job.status_reason,
            profile_name: job.profile_name,
            profile_version_id: job.profile_version,
            platform: job.platform,
            platform_name: job.platform_name,
            created_at: job.created_at.map(rfc3339),
            completed_at: job.completed_at.map(rfc3339),
            expiry: job.signature_expires_at.map(rfc3339),
            requested_by: job.requested_by,
            job_invoker: job.invoker,
            job_owner: job.owner,
            source: job.source.map(ObjectReport::from),
            signed_object: job.signed_object.map(ObjectReport::from),
            signing_material: job.signing_material,
            overrides: OverridesReport::new(&job.overrides),
            signing_parameters: job.signing_parameters,
            revoked: job.is_revoked,
            revocation: job.revocation.map(revocation),
        }
    }

    /// The row of a table: id, status, start, profile and perhaps expiry.
    pub(super) fn row(&self, with_expiry: bool) -> Vec<String> {
        let text = |member: &Option<String>| member.clone().unwrap_or_default();
        let status = if self.revoked { format!("{}, revoked", self.job_status) } else { self.job_status.clone() };
        let mut row = vec![self.job_id.clone(), status, text(&self.created_at), text(&self.profile_name)];
        row.extend(with_expiry.then(|| text(&self.expiry)));
        row
    }

    /// Writes the report as text.
    pub(super) fn show(&self, output: &Output) -> Result<(), CliError> {
        const WIDTH: usize = 13;
        output.text(printable(self.job.as_ref().unwrap_or(&self.job_id)))?;
        let style = match self.job_status.as_str() {
            "Succeeded" => GOOD,
            "Failed" => BAD,
            _ => WARN,
        };
        let reason = self.status_reason.as_ref().map(|reason| format!(": {}", printable(reason))).unwrap_or_default();
        let status = format!("{}{reason}", paint(style, printable(&self.job_status)));
        output.text(fact(2, "status", WIDTH, &status, output.columns()))?;
        let facts = Facts::new(output, WIDTH);
        let version = self.profile_version_id.as_ref().map(|version| format!(", version {version}"));
        let profile = self.profile_name.as_ref().map(|name| format!("{name}{}", version.unwrap_or_default()));
        facts.say_known("profile", profile)?;
        let name = self.platform_name.as_ref().filter(|name| Some(*name) != self.platform.as_ref());
        let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
        facts.say_known("platform", self.platform.as_ref().map(|id| format!("{id}{name}")))?;
        facts.say_known("started", self.created_at.as_ref())?;
        facts.say_known("ended", self.completed_at.as_ref())?;
        facts.say_known("expires", self.expiry.as_ref())?;
        facts.say_known("requested by", self.requested_by.as_ref())?;
        facts.say_known("invoker", self.job_invoker.as_ref())?;
        facts.say_known("owner", self.job_owner.as_ref())?;
        facts.say_known("source", self.source.as_ref().map(ObjectReport::uri))?;
        facts.say_known("signed object", self.signed_object.as_ref().map(ObjectReport::uri))?;
        facts.say_known("certificate", self.signing_material.as_ref())?;
        self.overrides.as_ref().map_or(Ok(()), |overrides| overrides.show(&facts))?;
        facts.say_pairs("parameters", &self.signing_parameters)?;
        if let Some(revocation) = &self.revocation {
            facts.say("revoked", revocation.reason.as_deref().unwrap_or("without a reason"))?;
            facts.say_known("revoked at", revocation.revoked_at.as_ref())?;
            facts.say_known("revoked by", revocation.revoked_by.as_ref())?;
        }
        Ok(())
    }
}
