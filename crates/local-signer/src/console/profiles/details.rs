//! The details of a profile.

use maud::{Markup, html};

use super::{Profile, Revocation, permissions, profile};
use crate::console::html::layout::Section;
use crate::console::html::parts::{badge, code, facts, success, time, trail};
use crate::console::html::table::table;
use crate::console::jobs;
use crate::console::reply::Reply;
use crate::console::visit::Visit;

/// The page.
pub(in crate::console) async fn show(visit: &Visit<'_>, name: &str) -> Reply {
    let profile = profile(visit, name).await?;
    let permissions = permissions::list(visit, &profile).await?;
    let name = profile.profile_name.as_str();
    let done = match visit.query.text("done") {
        "created" => Some("You have successfully created the signing profile."),
        "canceled" => Some("The signing profile is canceled."),
        "revoked" => Some("The signing profile is revoked."),
        _ => None,
    };
    let content = html! {
        (trail(&[("Signing profiles", visit.path(&["profiles"]))], name))
        @if let Some(done) = done { (success(done)) }
        div.heading {
            h1 { (name) " " (badge(&profile.status)) }
            (actions(visit, &profile))
        }
        section.card aria-labelledby="details" {
            h2 #details { "Details" }
            (facts(&details(&profile)))
        }
        @if let Some(record) = &profile.revocation_record { (revocation(&profile, record)) }
        section.card aria-labelledby="tags" {
            div.heading {
                h2 #tags { "Tags" span.quiet { " (" (profile.tags.len()) ")" } }
                @if profile.status != "Canceled" {
                    a.button href=(visit.path(&["profiles", name, "tags"])) { "Manage tags" }
                }
            }
            @if profile.tags.is_empty() { p.empty { "No tags." } }
            @else { (pairs("Tags", &profile.tags)) }
        }
        (permissions)
        @if !profile.signing_parameters.is_empty() {
            section.card aria-labelledby="parameters" {
                h2 #parameters { "Signing parameters" }
                (pairs("Signing parameters", &profile.signing_parameters))
            }
        }
    };
    visit.page(Section::Profiles, name, content)
}

fn actions(visit: &Visit<'_>, profile: &Profile) -> Markup {
    let name = profile.profile_name.as_str();
    let page = |action: &str| visit.path(&["profiles", name, action]);
    html! {
        div.actions {
            @if profile.status == "Active" && jobs::start::is_possible(&profile.platform_id) {
                a.button.primary href={ (visit.path(&["jobs", "new"])) "?profile=" (name) } { "Start signing job" }
            }
            @if profile.status == "Active" { a.button href=(page("cancel")) { "Cancel profile" } }
            a.button.danger href=(page("revoke")) { "Revoke profile" }
        }
    }
}

fn details(profile: &Profile) -> Vec<(&'static str, Markup)> {
    let mut details = vec![
        ("Profile name", html! { (profile.profile_name) }),
        ("Profile version", code(&profile.profile_version)),
        ("Platform", html! { (profile.platform_display_name) br; span.quiet { (profile.platform_id) } }),
        ("Status", badge(&profile.status)),
        ("Signature validity period", html! { (profile.signature_validity_period.text()) }),
        ("Profile ARN", code(&profile.arn)),
        ("Versioned profile ARN", code(&profile.profile_version_arn)),
    ];
    if let Some(reason) = profile.status_reason.as_ref().filter(|_| profile.revocation_record.is_none()) {
        details.push(("Status reason", html! { (reason) }));
    }
    if let Some(arn) = &profile.signing_material.certificate_arn {
        details.push(("Signing certificate", code(arn)));
    }
    if let Some(overrides) = &profile.overrides {
        details.push(("Overrides", code(&overrides.to_string())));
    }
    details
}

fn revocation(profile: &Profile, record: &Revocation) -> Markup {
    html! {
        section.card aria-labelledby="revocation" {
            h2 #revocation { "Revocation" }
            (facts(&[
                ("Effective from", time(record.revocation_effective_from)),
                ("Revoked at", time(record.revoked_at)),
                ("Revoked by", code(&record.revoked_by)),
                ("Reason", html! { (profile.status_reason.as_deref().unwrap_or_default()) }),
            ]))
        }
    }
}

fn pairs(caption: &str, pairs: &std::collections::BTreeMap<String, String>) -> Markup {
    let rows = pairs.iter().map(|(key, value)| vec![html! { (key) }, html! { (value) }]).collect();
    table(caption, &["Key", "Value"], rows)
}
