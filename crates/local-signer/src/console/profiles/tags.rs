//! "Manage tags" of a profile: add, change and remove.

use axum::http::StatusCode;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::{Profile, profile};
use crate::console::fields::Fields;
use crate::console::html::layout::Section;
use crate::console::html::parts::{error, text_field, trail};
use crate::console::html::table::table;
use crate::console::reply::{Reply, redirect};
use crate::console::visit::{Visit, status};
use crate::error::ApiError;

/// Empty rows for tags, with the values of a form that was sent before.
pub(super) fn rows(fields: &Fields, number: usize) -> Markup {
    let keys: Vec<&str> = fields.all("tag-key").collect();
    let values: Vec<&str> = fields.all("tag-value").collect();
    html! {
        @for row in 0..number {
            div.pair.tags {
                div {
                    label for={ "tag-key-" (row) } class=[(row > 0).then_some("unseen")] { "Tag key" }
                    input id={ "tag-key-" (row) } type="text" name="tag-key" maxlength="128" autocomplete="off"
                        value=(keys.get(row).copied().unwrap_or_default());
                }
                div {
                    label for={ "tag-value-" (row) } class=[(row > 0).then_some("unseen")] { "Tag value" }
                    input id={ "tag-value-" (row) } type="text" name="tag-value" maxlength="256" autocomplete="off"
                        value=(values.get(row).copied().unwrap_or_default());
                }
            }
        }
    }
}

/// The page.
pub(in crate::console) async fn show(visit: &Visit<'_>, name: &str) -> Reply {
    visit.signed_in()?;
    form(visit, &profile(visit, name).await?, None)
}

/// Adds, changes or removes a tag.
pub(in crate::console) async fn submit(visit: &Visit<'_>, name: &str) -> Reply {
    let profile = profile(visit, name).await?;
    let arn = &profile.arn;
    let changed = match visit.form.all("remove").next() {
        Some(key) => visit.call::<Value>("UntagResource", json!({"resourceArn": arn, "tagKeys": [key]})).await,
        None => {
            let tags = json!({ visit.form.text("key"): visit.form.text("value") });
            visit.call::<Value>("TagResource", json!({"resourceArn": arn, "tags": tags})).await
        }
    };
    match changed {
        Ok(_) => Ok(redirect(&visit.path(&["profiles", name, "tags"]))),
        Err(error) => form(visit, &profile, Some(&error)),
    }
}

fn form(visit: &Visit<'_>, profile: &Profile, failed: Option<&ApiError>) -> Reply {
    let name = profile.profile_name.as_str();
    let path = visit.path(&["profiles", name, "tags"]);
    let steps = [("Signing profiles", visit.path(&["profiles"])), (name, visit.path(&["profiles", name]))];
    let remove = |key: &str| {
        visit.form(
            &path,
            html! {
                button.small type="submit" name="remove" value=(key) aria-label={ "Remove tag " (key) } { "Remove" }
            },
        )
    };
    let tags = profile.tags.iter().map(|(key, value)| vec![html! { (key) }, html! { (value) }, remove(key)]).collect();
    let content = html! {
        (trail(&steps, "Tags"))
        h1 { "Manage tags" }
        (error(failed))
        section.card aria-labelledby="current" {
            h2 #current { "Tags of " (name) }
            @if profile.tags.is_empty() { p.empty { "No tags." } }
            @else { (table("Tags", &["Key", "Value", "Change"], tags)) }
        }
        section.card aria-labelledby="add" {
            h2 #add { "Add or change a tag" }
            (visit.form(&path, html! {
                (text_field("key", "Tag key",
                    "1 to 128 letters, digits and the characters + , - . / : ; < = _, not starting with aws:",
                    visit.form.text("key"), true))
                (text_field("value", "Tag value", "Up to 256 characters. The value of an existing key is replaced.",
                    visit.form.text("value"), false))
                div.actions {
                    button.primary type="submit" { "Save tag" }
                    a.button href=(visit.path(&["profiles", name])) { "Done" }
                }
            }))
        }
    };
    visit.page_with(failed.map_or(StatusCode::OK, status), Section::Profiles, "Manage tags", content)
}
