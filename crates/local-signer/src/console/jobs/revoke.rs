//! "Revoke signature", with a reason.

use axum::http::StatusCode;
use maud::html;
use serde_json::{Value, json};

use super::{Job, job};
use crate::console::html::layout::Section;
use crate::console::html::parts::{code, error, facts, text_field, trail};
use crate::console::reply::{Reply, redirect};
use crate::console::visit::{Visit, status};
use crate::error::ApiError;

/// The form.
pub(in crate::console) async fn show(visit: &Visit<'_>, id: &str) -> Reply {
    visit.signed_in()?;
    form(visit, &job(visit, id).await?, None)
}

/// Revokes the signature of the job.
pub(in crate::console) async fn submit(visit: &Visit<'_>, id: &str) -> Reply {
    let job = job(visit, id).await?;
    let parameters = json!({"jobId": id, "jobOwner": job.job_owner, "reason": visit.form.get("reason")});
    match visit.call::<Value>("RevokeSignature", parameters).await {
        Ok(_) => Ok(redirect(&format!("{}?done=revoked", visit.path(&["jobs", id])))),
        Err(error) => form(visit, &job, Some(&error)),
    }
}

fn form(visit: &Visit<'_>, job: &Job, failed: Option<&ApiError>) -> Reply {
    let id = job.job_id.as_str();
    let own = visit.path(&["jobs", id]);
    let content = html! {
        (trail(&[("Signing jobs", visit.path(&["jobs"])), (id, own.clone())], "Revoke"))
        h1 { "Revoke signature" }
        (error(failed))
        section.card {
            p { strong { "You cannot undo this action." } " Verifiers reject the signature from now on, in all regions of the
                partition. Other signatures of the profile stay valid." }
            (facts(&[
                ("Job ID", code(id)),
                ("Signing profile used", html! { (job.profile_name) ", version " code { (job.profile_version) } }),
            ]))
            (visit.form(&visit.path(&["jobs", id, "revoke"]), html! {
                (text_field("reason", "Reason", "Up to 500 characters.", visit.form.text("reason"), true))
                div.actions {
                    button.danger type="submit" { "Revoke signature" }
                    a.button href=(own) { "Back" }
                }
            }))
        }
    };
    visit.page_with(failed.map_or(StatusCode::OK, status), Section::Jobs, "Revoke signature", content)
}
