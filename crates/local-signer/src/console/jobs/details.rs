//! "Signing job details".

use maud::{Markup, html};

use super::{Job, Object, job, revocation_status};
use crate::console::html::layout::Section;
use crate::console::html::parts::{badge, code, facts, optional, success, time, trail};
use crate::console::reply::Reply;
use crate::console::visit::Visit;

/// The page.
pub(in crate::console) async fn show(visit: &Visit<'_>, id: &str) -> Reply {
    let job = job(visit, id).await?;
    let own = visit.path(&["jobs", &job.job_id]);
    let done = match visit.query.text("done") {
        "started" => Some("The signing job is started."),
        "revoked" => Some("The signature is revoked."),
        _ => None,
    };
    let content = html! {
        (trail(&[("Signing jobs", visit.path(&["jobs"]))], &job.job_id))
        @if let Some(done) = done { (success(done)) }
        div.heading {
            h1 { "Signing job " (badge(&job.status)) }
            div.actions {
                @if job.status == "InProgress" { a.button href=(own) { "Refresh" } }
                @if job.status == "Succeeded" && job.revocation_record.is_none() {
                    a.button.danger href=(visit.path(&["jobs", &job.job_id, "revoke"])) { "Revoke signature" }
                }
            }
        }
        section.card aria-labelledby="details" {
            h2 #details { "Signing job details" }
            (facts(&details(visit, &job)))
        }
        @if let Some(record) = &job.revocation_record {
            section.card aria-labelledby="revocation" {
                h2 #revocation { "Revocation" }
                (facts(&[
                    ("Revoked at", time(record.revoked_at)),
                    ("Revoked by", code(&record.revoked_by)),
                    ("Reason", html! { (record.reason) }),
                ]))
            }
        }
        @if let Some(source) = &job.source { (object("Code asset", "Code asset source", &source.s3)) }
        @if let Some(signed) = &job.signed_object { (object("Signed object", "Signed object", &signed.s3)) }
        @if job.source.is_none() {
            section.card { p.quiet { "This signature was made with SignPayload. It has no objects in buckets." } }
        }
    };
    visit.page(Section::Jobs, &format!("Signing job {}", job.job_id), content)
}

fn details(visit: &Visit<'_>, job: &Job) -> Vec<(&'static str, Markup)> {
    let mut details = vec![
        ("Job ID", code(&job.job_id)),
        (
            "Signing profile used",
            html! { a href=(visit.path(&["profiles", &job.profile_name])) { (job.profile_name) } },
        ),
        ("Version of signing profile used", code(&job.profile_version)),
        ("Requested by", code(&job.requested_by)),
        ("Signing platform", html! { (job.platform_display_name) br; span.quiet { (job.platform_id) } }),
        ("Signing status", badge(&job.status)),
        ("Status reason", optional(job.status_reason.as_ref().map(|reason| html! { (reason) }))),
        ("Revocation status", revocation_status(job.revocation_record.is_some())),
        ("Started at", time(job.created_at)),
        ("Completed at", optional(job.completed_at.map(time))),
        ("Signature expires at", optional(job.signature_expires_at.map(time))),
        ("Job owner", html! { "Account " (job.job_owner) }),
        ("Job invoker", html! { "Account " (job.job_invoker) }),
    ];
    if let Some(arn) = &job.signing_material.certificate_arn {
        details.push(("Signing certificate", code(arn)));
    }
    if let Some(overrides) = &job.overrides {
        details.push(("Overrides", code(&overrides.to_string())));
    }
    if !job.signing_parameters.is_empty() {
        let lines = html! { @for (key, value) in &job.signing_parameters { code { (key) "=" (value) } br; } };
        details.push(("Signing parameters", lines));
    }
    details
}

/// An object with its bucket, key and version.
fn object(title: &str, kind: &str, object: &Object) -> Markup {
    let id = kind.to_lowercase().replace(' ', "-");
    let names = [format!("{kind} bucket"), format!("{kind} key"), format!("{kind} version")];
    let mut values = vec![(names[0].as_str(), code(&object.bucket_name)), (names[1].as_str(), code(&object.key))];
    if let Some(version) = &object.version {
        values.push((names[2].as_str(), code(version)));
    }
    html! {
        section.card aria-labelledby=(id) {
            h2 id=(id) { (title) " details" }
            (facts(&values))
        }
    }
}
