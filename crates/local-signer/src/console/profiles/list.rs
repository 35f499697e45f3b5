//! "Signing profiles": the list with filters and pages.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::Profile;
use crate::console::html::layout::Section;
use crate::console::html::pages;
use crate::console::html::parts::{badge, select};
use crate::console::html::table::table;
use crate::console::platforms;
use crate::console::reply::{Reply, redirect};
use crate::console::visit::Visit;

/// The statuses to choose from, with their names in the API.
const STATUSES: [(&str, &str); 5] = [
    ("", "Active and revoked"),
    ("all", "All"),
    ("Active", "Active"),
    ("Canceled", "Canceled"),
    ("Revoked", "Revoked"),
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profiles {
    profiles: Vec<Profile>,
    next_token: Option<String>,
}

/// The page.
pub(in crate::console) async fn show(visit: &Visit<'_>) -> Reply {
    if let Some(name) = visit.query.get("name") {
        return Ok(redirect(&visit.path(&["profiles", name])));
    }
    let status = visit.query.text("status");
    let platform = visit.query.text("platform");
    let parameters = json!({
        "includeCanceled": status == "all",
        "statuses": if matches!(status, "" | "all") { json!(null) } else { json!([status]) },
        "platformId": visit.query.get("platform"),
        "nextToken": visit.query.get("after"),
    });
    let found: Profiles = visit.call("ListSigningProfiles", parameters).await?;
    let next = found.next_token.as_deref();
    let shown = found.profiles.len();
    let rows = found.profiles.iter().map(|profile| row(visit, profile)).collect();
    let path = visit.path(&["profiles"]);
    let content = html! {
        div.heading {
            h1 { "Signing profiles" }
            a.button.primary href=(visit.path(&["profiles", "new"])) { "Create signing profile" }
        }
        section.card aria-label="Signing profiles" {
            div.tools {
                form.filters method="get" action=(path) role="search" aria-label="Filter signing profiles" {
                    div { label for="status" { "Status" } (select("status", &STATUSES, status)) }
                    div { label for="platform" { "Platform" } (platforms::choice(platform)) }
                    button type="submit" { "Filter" }
                }
                form.filters method="get" action=(path) aria-label="Open a signing profile" {
                    div {
                        label for="name" { "Profile name" }
                        input #name type="text" name="name" required autocomplete="off" spellcheck="false";
                    }
                    button type="submit" { "Open" }
                }
            }
            @if shown == 0 {
                (pages::empty(visit, next, "No signing profiles. Create one, or choose another region or filter."))
            } @else {
                (table("Signing profiles", &["Profile name", "Status", "Platform", "Version", "Validity", "Tags"], rows))
            }
            (pages::links(visit, &path, shown, next))
        }
    };
    visit.page(Section::Profiles, "Signing profiles", content)
}

fn row(visit: &Visit<'_>, profile: &Profile) -> Vec<Markup> {
    vec![
        html! { a href=(visit.path(&["profiles", &profile.profile_name])) { (profile.profile_name) } },
        badge(&profile.status),
        html! { (profile.platform_display_name) },
        html! { code.whole { (profile.profile_version) } },
        html! { span.whole { (profile.signature_validity_period.text()) } },
        html! {
            @for (key, value) in profile.tags.iter().take(3) { span.tag { (key) @if !value.is_empty() { "=" (value) } } " " }
            @if profile.tags.len() > 3 { span.quiet { "+" (profile.tags.len() - 3) } }
            @if profile.tags.is_empty() { span.quiet { "-" } }
        },
    ]
}
