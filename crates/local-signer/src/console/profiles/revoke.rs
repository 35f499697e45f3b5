//! "Revoke profile", from a date and with a reason.

use axum::http::StatusCode;
use maud::html;
use serde_json::{Value, json};
use time::macros::format_description;

use super::{Profile, profile};
use crate::console::html::layout::Section;
use crate::console::html::parts::{error, field, text_field, time, trail};
use crate::console::reply::{Reply, redirect};
use crate::console::visit::{Visit, status};
use crate::error::ApiError;

/// The form.
pub(in crate::console) async fn show(visit: &Visit<'_>, name: &str) -> Reply {
    visit.signed_in()?;
    form(visit, &profile(visit, name).await?, None)
}

/// Revokes the version of the form.
pub(in crate::console) async fn submit(visit: &Visit<'_>, name: &str) -> Reply {
    let parameters = json!({
        "profileName": name,
        "profileVersion": visit.form.text("version"),
        "reason": visit.form.get("reason"),
        "effectiveTime": utc(visit.form.text("from")),
    });
    match visit.call::<Value>("RevokeSigningProfile", parameters).await {
        Ok(_) => Ok(redirect(&format!("{}?done=revoked", visit.path(&["profiles", name])))),
        Err(error) => form(visit, &profile(visit, name).await?, Some(&error)),
    }
}

/// The time of a field `datetime-local`, which has seconds only if they are not zero, as a time in UTC.
fn utc(local: &str) -> String {
    let seconds = if local.matches(':').count() == 1 { ":00" } else { "" };
    format!("{local}{seconds}Z")
}

fn form(visit: &Visit<'_>, profile: &Profile, failed: Option<&ApiError>) -> Reply {
    let name = profile.profile_name.as_str();
    let own = visit.path(&["profiles", name]);
    let now = visit.now().format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]"));
    let from = visit.form.get("from").map_or_else(|| now.unwrap_or_default(), str::to_owned);
    let content = html! {
        (trail(&[("Signing profiles", visit.path(&["profiles"])), (name, own.clone())], "Revoke"))
        h1 { "Revoke profile " (name) }
        (error(failed))
        section.card {
            p { strong { "You cannot undo this action." } " Revoke a profile only if its signatures must not be trusted any
                more, since all verifiers reject them." }
            @if let Some(record) = &profile.revocation_record {
                p { "The profile is revoked from " (time(record.revocation_effective_from))
                    ". The time can only be moved to an earlier one." }
            }
            (visit.form(&visit.path(&["profiles", name, "revoke"]), html! {
                input type="hidden" name="version" value=(profile.profile_version);
                (field("from", "Revoke signatures made since (UTC)",
                    "Signatures made at this time or later become invalid. The time must not be in the future.", html! {
                    input #from type="datetime-local" name="from" step="1" required value=(from)
                        aria-describedby="from-hint";
                }))
                (text_field("reason", "Reason", "Up to 500 characters.",
                    visit.form.text("reason"), true))
                div.actions {
                    button.danger type="submit" { "Revoke profile" }
                    a.button href=(own) { "Back" }
                }
            }))
        }
    };
    visit.page_with(failed.map_or(StatusCode::OK, status), Section::Profiles, "Revoke profile", content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_browsers_become_utc() {
        assert_eq!(utc("2024-02-03T04:05"), "2024-02-03T04:05:00Z");
        assert_eq!(utc("2024-02-03T04:05:06"), "2024-02-03T04:05:06Z");
        assert_eq!(utc("2024-02-03T04:05:06.5"), "2024-02-03T04:05:06.5Z");
    }
}
