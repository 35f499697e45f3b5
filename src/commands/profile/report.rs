//! A signing profile in text and JSON: docs/output/common.schema.json.

use std::collections::BTreeMap;

use aws_signer::{ProfileRevocation, SignatureValidity, SigningProfile};
use notary::text::{printable, rfc3339};
use serde::Serialize;

use crate::management::facts::Facts;
use crate::management::report::OverridesReport;
use crate::output::exit::CliError;
use crate::output::{Output, WARN, paint};

/// A signing profile.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProfileReport {
    pub profile: String,
    profile_version: String,
    pub profile_name: String,
    pub profile_status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_reason: Option<String>,
    pub platform: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validity: Option<ValidityReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_material: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overrides: Option<OverridesReport>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    signing_parameters: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation: Option<RevocationReport>,
    tags: BTreeMap<String, String>,
}

/// How long signatures are valid.
#[derive(Debug, Serialize)]
pub(super) struct ValidityReport {
    value: i32,
    unit: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RevocationReport {
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_by: Option<String>,
}

impl From<SignatureValidity> for ValidityReport {
    fn from(validity: SignatureValidity) -> Self {
        Self { value: validity.value, unit: validity.unit.as_str() }
    }
}

impl ProfileReport {
    pub(super) fn new(profile: SigningProfile) -> Self {
        let revocation = |revocation: ProfileRevocation| RevocationReport {
            effective_time: revocation.effective_time.map(rfc3339),
            revoked_at: revocation.revoked_at.map(rfc3339),
            revoked_by: revocation.revoked_by,
        };
        Self {
            profile: profile.version.profile().to_string(),
            profile_version: profile.version.to_string(),
            profile_name: profile.version.profile().name().to_string(),
            profile_status: profile.status,
            status_reason: profile.status_reason,
            platform: profile.platform,
            platform_name: profile.platform_name,
            validity: profile.validity.map(ValidityReport::from),
            signing_material: profile.signing_material,
            overrides: OverridesReport::new(&profile.overrides),
            signing_parameters: profile.signing_parameters,
            revocation: profile.revocation.map(revocation),
            tags: profile.tags,
        }
    }

    /// Writes the report as text.
    pub(super) fn show(&self, validity: Option<SignatureValidity>, output: &Output) -> Result<(), CliError> {
        output.text(printable(&self.profile))?;
        let facts = Facts::new(output, 12);
        let status = match (self.profile_status.as_str(), &self.status_reason) {
            ("Active", None) => self.profile_status.clone(),
            (status, reason) => {
                let reason = reason.as_ref().map(|reason| format!(": {}", printable(reason))).unwrap_or_default();
                format!("{}{reason}", paint(WARN, status))
            }
        };
        output.text(crate::output::wrap::fact(2, "status", 12, &status, output.columns()))?;
        facts.say("version", self.profile_version.rsplit('/').next().unwrap_or_default())?;
        facts.say("platform", named(&self.platform, self.platform_name.as_deref()))?;
        facts.say_known("validity", validity)?;
        facts.say_known("certificate", self.signing_material.as_ref())?;
        self.overrides.as_ref().map_or(Ok(()), |overrides| overrides.show(&facts))?;
        facts.say_pairs("parameters", &self.signing_parameters)?;
        if let Some(revocation) = &self.revocation {
            facts.say_known("revoked from", revocation.effective_time.as_ref())?;
            facts.say_known("revoked at", revocation.revoked_at.as_ref())?;
            facts.say_known("revoked by", revocation.revoked_by.as_ref())?;
        }
        facts.say_pairs("tags", &self.tags)
    }
}

/// An id with its name for people.
pub(super) fn named(id: &str, name: Option<&str>) -> String {
    name.filter(|name| *name != id).map_or_else(|| id.to_owned(), |name| format!("{id} ({name})"))
}
