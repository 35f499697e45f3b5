//! "Create signing profile", for AWS Lambda and for container images.

use aws_names::NOTATION_PLATFORM;
use axum::http::StatusCode;
use maud::html;
use serde_json::{Map, Value, json};

use super::tags::rows;
use crate::console::html::layout::Section;
use crate::console::html::parts::{error, field, select, text_field, trail};
use crate::console::reply::{Reply, redirect};
use crate::console::visit::{Visit, status};
use crate::error::ApiError;
use crate::platforms::LAMBDA_PLATFORM;

const UNITS: [(&str, &str); 3] = [("MONTHS", "months"), ("DAYS", "days"), ("YEARS", "years")];
/// The empty rows for tags.
const EMPTY_ROWS: usize = 3;

/// The form.
pub(in crate::console) fn show(visit: &Visit<'_>) -> Reply {
    visit.signed_in()?;
    form(visit, EMPTY_ROWS, None)
}

/// Creates the profile, or shows the form again with the error or with more rows for tags.
pub(in crate::console) async fn submit(visit: &Visit<'_>) -> Reply {
    if visit.form.get("more-tags").is_some() {
        return form(visit, visit.form.all("tag-key").count() + EMPTY_ROWS, None);
    }
    let name = visit.form.text("name");
    let tags = tags(visit);
    let parameters = json!({
        "profileName": name,
        "platformId": visit.form.text("platform"),
        "signatureValidityPeriod": validity(visit),
        "tags": if tags.is_empty() { Value::Null } else { Value::Object(tags) },
    });
    match visit.call::<Value>("PutSigningProfile", parameters).await {
        Ok(_) => Ok(redirect(&format!("{}?done=created", visit.path(&["profiles", name])))),
        Err(error) => form(visit, visit.form.all("tag-key").count(), Some(&error)),
    }
}

fn validity(visit: &Visit<'_>) -> Value {
    let value = visit.form.text("validity");
    // A text that is not a number fails as an operation's parameter does.
    let value = value.parse::<i64>().map_or_else(|_| Value::from(value), Value::from);
    json!({"value": value, "type": visit.form.text("unit")})
}

/// The tags with a key. A value without a key is kept with an empty key, which the operation refuses.
fn tags(visit: &Visit<'_>) -> Map<String, Value> {
    let pairs = visit.form.all("tag-key").zip(visit.form.all("tag-value"));
    let pairs = pairs.map(|(key, value)| (key.trim(), value.trim()));
    pairs.filter(|pair| *pair != ("", "")).map(|(key, value)| (key.to_owned(), value.into())).collect()
}

fn form(visit: &Visit<'_>, tag_rows: usize, failed: Option<&ApiError>) -> Reply {
    let fields = &visit.form;
    let platform = fields.get("platform").unwrap_or(LAMBDA_PLATFORM);
    let content = html! {
        (trail(&[("Signing profiles", visit.path(&["profiles"]))], "Create"))
        h1 { "Create signing profile" }
        (error(failed))
        (visit.form(&visit.path(&["profiles", "new"]), html! {
            section.card {
                h2 { "Profile" }
                (text_field("name", "Profile name",
                    "2 to 64 letters, digits and underscores. A name stays taken after its profile is canceled or revoked.",
                    fields.text("name"), true))
                fieldset {
                    legend { "Signing platform" }
                    @for (id, name, text) in [
                        (LAMBDA_PLATFORM, "AWS Lambda", "Zip files, with signing jobs"),
                        (NOTATION_PLATFORM, "Container images", "Images in registries, with SignPayload and notation"),
                    ] {
                        label.choice {
                            input type="radio" name="platform" value=(id) checked[id == platform];
                            span { strong { (name) } " " span.quiet { (text) } }
                        }
                    }
                }
                (field("validity", "Signature validity period",
                    "How long signatures stay valid: 1 day to 135 months.", html! {
                    div.pair {
                        input #validity type="number" name="validity" min="1" max="4050" required
                            value=(fields.get("validity").unwrap_or("135")) aria-describedby="validity-hint";
                        label.unseen for="unit" { "Unit of the validity period" }
                        (select("unit", &UNITS, fields.get("unit").unwrap_or("MONTHS")))
                    }
                }))
            }
            section.card {
                h2 { "Tags" }
                p.hint { "Optional, up to 50. Rows without a key and a value are ignored." }
                (rows(fields, tag_rows))
                button type="submit" name="more-tags" value="1" formnovalidate { "Add rows" }
            }
            div.actions {
                button.primary type="submit" { "Create profile" }
                a.button href=(visit.path(&["profiles"])) { "Cancel" }
            }
        }))
    };
    visit.page_with(failed.map_or(StatusCode::OK, status), Section::Profiles, "Create signing profile", content)
}
