//! "Signing jobs": the list with filters and pages.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::{revocation_status, start};
use crate::console::html::layout::Section;
use crate::console::html::pages;
use crate::console::html::parts::{badge, optional, select, time};
use crate::console::html::table::table;
use crate::console::platforms;
use crate::console::reply::{Reply, redirect};
use crate::console::visit::Visit;

const STATUSES: [(&str, &str); 4] =
    [("", "All"), ("InProgress", "In progress"), ("Succeeded", "Succeeded"), ("Failed", "Failed")];
const REVOKED: [(&str, &str); 3] = [("", "All"), ("true", "Revoked"), ("false", "Not revoked")];
const COLUMNS: [&str; 7] = [
    "Job ID",
    "Profile name",
    "Platform",
    "Signing status",
    "Revocation status",
    "Started at (UTC)",
    "Signature expires at (UTC)",
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Jobs {
    jobs: Vec<Job>,
    next_token: Option<String>,
}

/// A row of the list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    job_id: String,
    profile_name: String,
    platform_display_name: String,
    status: String,
    is_revoked: bool,
    created_at: f64,
    signature_expires_at: Option<f64>,
}

/// The page.
pub(in crate::console) async fn show(visit: &Visit<'_>) -> Reply {
    if let Some(id) = visit.query.get("id") {
        return Ok(redirect(&visit.path(&["jobs", id])));
    }
    let query = &visit.query;
    let parameters = json!({
        "status": query.get("status"),
        "platformId": query.get("platform"),
        "isRevoked": query.get("revoked").map(|revoked| revoked == "true"),
        "requestedBy": query.get("requested-by"),
        "jobInvoker": query.get("invoker"),
        "signatureExpiresAfter": query.get("expires-after").map(day),
        "signatureExpiresBefore": query.get("expires-before").map(day),
        "nextToken": query.get("after"),
    });
    let found: Jobs = visit.call("ListSigningJobs", parameters).await?;
    let next = found.next_token.as_deref();
    let shown = found.jobs.len();
    let rows = found.jobs.iter().map(|job| row(visit, job)).collect();
    let path = visit.path(&["jobs"]);
    let content = html! {
        div.heading {
            h1 { "Signing jobs" }
            @if start::exists() {
                a.button.primary href=(visit.path(&["jobs", "new"])) { "Start signing job" }
            }
        }
        section.card aria-label="Signing jobs" {
            (filters(visit, &path))
            @if shown == 0 {
                (pages::empty(visit, next, "No signing jobs. Sign something, or choose another region or filter."))
            } @else {
                (table("Signing jobs", &COLUMNS, rows))
            }
            (pages::links(visit, &path, shown, next))
        }
    };
    visit.page(Section::Jobs, "Signing jobs", content)
}

/// The start of a day in UTC, as a time of the API; another text stays as it is, and the operation refuses it.
fn day(date: &str) -> String {
    if date.len() == 10 { format!("{date}T00:00:00Z") } else { date.to_owned() }
}

fn filters(visit: &Visit<'_>, path: &str) -> Markup {
    let query = &visit.query;
    let more = ["requested-by", "invoker", "expires-after", "expires-before"];
    html! {
        div.tools {
            form.filters method="get" action=(path) role="search" aria-label="Filter signing jobs" {
                div { label for="status" { "Signing status" } (select("status", &STATUSES, query.text("status"))) }
                div { label for="platform" { "Platform" } (platforms::choice(query.text("platform"))) }
                div { label for="revoked" { "Revocation" } (select("revoked", &REVOKED, query.text("revoked"))) }
                button type="submit" { "Filter" }
                details.more open[more.iter().any(|name| query.get(name).is_some())] {
                    summary { "More filters" }
                    div.filters {
                        div {
                            label for="requested-by" { "Requested by (ARN)" }
                            input #requested-by type="text" name="requested-by" value=(query.text("requested-by"));
                        }
                        div {
                            label for="invoker" { "Job invoker (account)" }
                            input #invoker type="text" name="invoker" inputmode="numeric" value=(query.text("invoker"));
                        }
                        div {
                            label for="expires-after" { "Expires after (UTC)" }
                            input #expires-after type="date" name="expires-after" value=(query.text("expires-after"));
                        }
                        div {
                            label for="expires-before" { "Expires before (UTC)" }
                            input #expires-before type="date" name="expires-before" value=(query.text("expires-before"));
                        }
                    }
                }
            }
            form.filters method="get" action=(path) aria-label="Open a signing job" {
                div {
                    label for="id" { "Job ID" }
                    input #id type="text" name="id" required autocomplete="off" spellcheck="false";
                }
                button type="submit" { "Open" }
            }
        }
    }
}

fn row(visit: &Visit<'_>, job: &Job) -> Vec<Markup> {
    vec![
        html! { a href=(visit.path(&["jobs", &job.job_id])) { code { (job.job_id) } } },
        html! { a href=(visit.path(&["profiles", &job.profile_name])) { (job.profile_name) } },
        html! { (job.platform_display_name) },
        html! { a href=(visit.path(&["jobs", &job.job_id])) { (badge(&job.status)) } },
        revocation_status(job.is_revoked),
        time(job.created_at),
        optional(job.signature_expires_at.map(time)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_times() {
        assert_eq!(day("2024-02-03"), "2024-02-03T00:00:00Z");
        assert_eq!(day("soon"), "soon");
    }
}
