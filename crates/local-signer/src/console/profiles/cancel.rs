//! "Cancel profile", with a confirmation.

use axum::http::StatusCode;
use maud::html;
use serde_json::{Value, json};

use super::{Profile, profile};
use crate::console::html::layout::Section;
use crate::console::html::parts::{error, trail};
use crate::console::reply::{Reply, redirect};
use crate::console::visit::{Visit, status};
use crate::error::ApiError;

/// The confirmation.
pub(in crate::console) async fn show(visit: &Visit<'_>, name: &str) -> Reply {
    visit.signed_in()?;
    form(visit, &profile(visit, name).await?, None)
}

/// Cancels the profile.
pub(in crate::console) async fn submit(visit: &Visit<'_>, name: &str) -> Reply {
    match visit.call::<Value>("CancelSigningProfile", json!({"profileName": name})).await {
        Ok(_) => Ok(redirect(&format!("{}?done=canceled", visit.path(&["profiles", name])))),
        Err(error) => form(visit, &profile(visit, name).await?, Some(&error)),
    }
}

fn form(visit: &Visit<'_>, profile: &Profile, failed: Option<&ApiError>) -> Reply {
    let name = profile.profile_name.as_str();
    let own = visit.path(&["profiles", name]);
    let content = html! {
        (trail(&[("Signing profiles", visit.path(&["profiles"])), (name, own.clone())], "Cancel"))
        h1 { "Cancel profile " (name) "?" }
        (error(failed))
        section.card {
            p { "A canceled profile cannot sign any more. Its signatures stay valid." }
            p { "The profile cannot be used again. It stays as canceled for two years and keeps its name taken." }
            (visit.form(&visit.path(&["profiles", name, "cancel"]), html! {
                div.actions {
                    button.danger type="submit" { "Cancel profile" }
                    a.button href=(own) { "Keep profile" }
                }
            }))
        }
    };
    visit.page_with(failed.map_or(StatusCode::OK, status), Section::Profiles, "Cancel profile", content)
}
