//! The pages of signing jobs.

pub(super) mod details;
pub(super) mod list;
pub(super) mod revoke;
pub(super) mod start;

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use super::html::parts::badge;
use super::profiles::Material;
use super::reply::Failure;
use super::visit::Visit;

/// A job, as `DescribeSigningJob` answers it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Job {
    job_id: String,
    #[serde(default)]
    source: Option<S3>,
    #[serde(default)]
    signed_object: Option<S3>,
    #[serde(default)]
    signing_material: Material,
    platform_id: String,
    platform_display_name: String,
    profile_name: String,
    profile_version: String,
    #[serde(default)]
    overrides: Option<Value>,
    #[serde(default)]
    signing_parameters: BTreeMap<String, String>,
    created_at: f64,
    completed_at: Option<f64>,
    signature_expires_at: Option<f64>,
    requested_by: String,
    status: String,
    status_reason: Option<String>,
    revocation_record: Option<Revocation>,
    job_owner: String,
    job_invoker: String,
}

/// A source or a signed object.
#[derive(Debug, Deserialize)]
struct S3 {
    s3: Object,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    bucket_name: String,
    key: String,
    version: Option<String>,
}

/// The revocation of a signature.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Revocation {
    reason: String,
    revoked_at: f64,
    revoked_by: String,
}

/// The job with this id.
///
/// # Errors
/// Returns the error of `DescribeSigningJob`.
async fn job(visit: &Visit<'_>, id: &str) -> Result<Job, Failure> {
    Ok(visit.call("DescribeSigningJob", json!({"jobId": id})).await?)
}

/// "Revocation status".
fn revocation_status(is_revoked: bool) -> Markup {
    if is_revoked {
        badge("Revoked")
    } else {
        html! { span.quiet { "Not revoked" } }
    }
}
