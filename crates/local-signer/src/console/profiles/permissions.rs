//! What the permissions of a profile allow, as sentences.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::Profile;
use crate::console::visit::Visit;
use crate::error::ApiError;

#[derive(Debug, Default, Deserialize)]
struct Policy {
    permissions: Vec<Permission>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permission {
    action: String,
    principal: String,
    statement_id: String,
    profile_version: Option<String>,
}

/// The section of the profile's page.
///
/// # Errors
/// Returns the error of `ListProfilePermissions`.
pub(super) async fn list(visit: &Visit<'_>, profile: &Profile) -> Result<Markup, ApiError> {
    let listed = visit.call("ListProfilePermissions", json!({"profileName": profile.profile_name})).await;
    let Policy { permissions } = match listed {
        // AWS answers so for a profile that has none.
        Err(error) if error.detail() == Some("PolicyNotFound") => Policy::default(),
        listed => listed?,
    };
    Ok(html! {
        section.card aria-labelledby="permissions" {
            h2 #permissions { "Permissions" span.quiet { " (" (permissions.len()) ")" } }
            p { "Account " (visit.account()) " owns this profile. Its users and roles may do what their policies allow." }
            @if permissions.is_empty() {
                p { "No other account may use this profile." }
            } @else {
                ul.sentences {
                    @for permission in &permissions { li { (sentence(permission)) } }
                }
                p.hint {
                    "The other account must allow the same actions in the policies of its users and roles."
                    @if profile.status != "Active" { " The profile is not active and cannot sign." }
                }
            }
        }
    })
}

/// Who may do what, with which versions.
fn sentence(permission: &Permission) -> Markup {
    let (verb, object) = match permission.action.as_str() {
        "signer:SignPayload" => ("sign payloads with", ""),
        "signer:StartSigningJob" => ("start signing jobs with", ""),
        "signer:GetSigningProfile" => ("read", ""),
        "signer:RevokeSignature" => ("revoke signatures of", ""),
        other => ("call", other),
    };
    let role = permission.principal.split_once(":iam::").and_then(|(_, rest)| rest.split_once(":role/"));
    html! {
        @match role {
            Some((account, role)) => { "The role " strong { (role) } " of account " strong { (account) } }
            None => { "All of account " strong { (permission.principal) } }
        }
        " may " (verb) " "
        @if !object.is_empty() { code { (object) } " on " }
        @match &permission.profile_version {
            Some(version) => { "version " code { (version) } " of this profile" }
            None => { "all versions of this profile" }
        }
        ". " span.quiet { "Statement " (permission.statement_id) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(action: &str, principal: &str, version: Option<&str>) -> String {
        let shown = sentence(&Permission {
            action: action.to_owned(),
            principal: principal.to_owned(),
            statement_id: "one".to_owned(),
            profile_version: version.map(str::to_owned),
        });
        let mut inside = false;
        let visible = |c: &char| {
            match c {
                '<' => inside = true,
                '>' => inside = false,
                _ => return !inside,
            }
            false
        };
        shown.into_string().chars().filter(visible).collect()
    }

    #[test]
    fn permissions_are_sentences() {
        assert_eq!(
            text("signer:SignPayload", "444455556666", None),
            "All of account 444455556666 may sign payloads with all versions of this profile. Statement one"
        );
        assert_eq!(
            text("signer:RevokeSignature", "arn:aws:iam::444455556666:role/team/ci", Some("abcdefghij")),
            "The role team/ci of account 444455556666 may revoke signatures of version abcdefghij of this profile. \
             Statement one"
        );
    }
}
