//! "Start signing job": signs an object of a bucket.

use axum::http::StatusCode;
use maud::html;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::console::html::layout::Section;
use crate::console::html::parts::{error, text_field, trail};
use crate::console::reply::{Failure, Reply, redirect};
use crate::console::visit::{Visit, operation, status};
use crate::error::ApiError;
use crate::platforms::{self, Kind};

const OPERATION: &str = "StartSigningJob";

/// The names of profiles that the form proposes.
#[derive(Debug, Deserialize)]
struct Profiles {
    profiles: Vec<Proposed>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proposed {
    profile_name: String,
    platform_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    job_id: String,
}

/// Whether this program has the operation.
pub(in crate::console) fn exists() -> bool {
    operation(OPERATION).is_some()
}

/// Whether profiles of this platform sign objects of buckets.
pub(in crate::console) fn is_possible(platform_id: &str) -> bool {
    exists() && platforms::find(platform_id).is_some_and(|platform| platform.kind != Kind::Notation)
}

/// The form.
pub(in crate::console) async fn show(visit: &Visit<'_>) -> Reply {
    if !exists() {
        return Err(Failure::NotFound);
    }
    visit.signed_in()?;
    form(visit, None).await
}

/// Starts the job.
pub(in crate::console) async fn submit(visit: &Visit<'_>) -> Reply {
    if !exists() {
        return Err(Failure::NotFound);
    }
    let form_fields = &visit.form;
    let object = |members: &[(&str, &str)]| {
        let members =
            members.iter().filter_map(|(name, field)| Some(((*name).to_owned(), form_fields.get(field)?.into())));
        json!({ "s3": Value::Object(members.collect::<Map<String, Value>>()) })
    };
    let parameters = json!({
        "profileName": form_fields.get("profile"),
        "profileOwner": form_fields.get("owner"),
        "source": object(&[("bucketName", "source-bucket"), ("key", "source-key"), ("version", "source-version")]),
        "destination": object(&[("bucketName", "destination-bucket"), ("prefix", "destination-prefix")]),
        "clientRequestToken": form_fields.get("request-token"),
    });
    match visit.call::<Started>(OPERATION, parameters).await {
        Ok(started) => Ok(redirect(&format!("{}?done=started", visit.path(&["jobs", &started.job_id])))),
        Err(error) => form(visit, Some(&error)).await,
    }
}

async fn form(visit: &Visit<'_>, failed: Option<&ApiError>) -> Reply {
    let fields = &visit.form;
    let value = |name| fields.text(name);
    let profile = fields.get("profile").unwrap_or(visit.query.text("profile"));
    let found: Profiles = visit.call("ListSigningProfiles", json!({"statuses": ["Active"]})).await?;
    let proposed = found.profiles.iter().filter(|profile| is_possible(&profile.platform_id));
    // A form that is sent twice starts one job. After an error, another job is meant.
    let request_token = uuid::Uuid::new_v4().to_string();
    let content = html! {
        (trail(&[("Signing jobs", visit.path(&["jobs"]))], "Start"))
        h1 { "Start signing job" }
        (error(failed))
        (visit.form(&visit.path(&["jobs", "new"]), html! {
            input type="hidden" name="request-token" value=(request_token);
            section.card {
                h2 { "Signing profile" }
                div.field {
                    label for="profile" { "Profile name" }
                    p.hint #profile-hint { "An active profile for AWS Lambda or a device platform." }
                    input #profile type="text" name="profile" value=(profile) required list="profiles" autocomplete="off"
                        spellcheck="false" aria-describedby="profile-hint";
                    datalist #profiles { @for profile in proposed { option value=(profile.profile_name); } }
                }
                (text_field("owner", "Profile owner", "The account of the profile, if it is not this one.",
                    value("owner"), false))
            }
            section.card {
                h2 { "Code asset source" }
                (text_field("source-bucket", "Bucket", "", value("source-bucket"), true))
                (text_field("source-key", "Key", "For AWS Lambda, a file in the .zip format.", value("source-key"), true))
                (text_field("source-version", "Version",
                    "The version of the object. In a bucket that is a folder, null is the file as it is now.",
                    value("source-version"), true))
            }
            section.card {
                h2 { "Signature destination" }
                (text_field("destination-bucket", "Bucket", "", value("destination-bucket"), true))
                (text_field("destination-prefix", "Prefix",
                    "The signed object gets the prefix and the job ID as its key.", value("destination-prefix"), false))
            }
            div.actions {
                button.primary type="submit" { "Start" }
                a.button href=(visit.path(&["jobs"])) { "Cancel" }
            }
        }))
    };
    visit.page_with(failed.map_or(StatusCode::OK, status), Section::Jobs, "Start signing job", content)
}
