//! Small parts of pages: alerts, statuses, times, facts, fields of forms.

use maud::{Markup, html};
use notary::text::rfc3339;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::error::ApiError;

/// A problem that a screen reader announces.
pub(in crate::console) fn alert(title: &str, text: &str) -> Markup {
    html! { div.alert.bad role="alert" { strong { (title) } p { (text) } } }
}

/// The error of an operation, if there is one, in AWS's words.
pub(in crate::console) fn error(error: Option<&ApiError>) -> Markup {
    html! { @if let Some(error) = error { (alert(error.code().name(), &error.to_string())) } }
}

/// The result of a change.
pub(in crate::console) fn success(text: &str) -> Markup {
    html! { div.alert.good role="status" { p { (text) } } }
}

/// A status with a color; the text alone says everything.
pub(in crate::console) fn badge(status: &str) -> Markup {
    let kind = match status {
        "Active" | "Succeeded" => "good",
        "Revoked" | "Failed" => "bad",
        "InProgress" => "busy",
        _ => "plain",
    };
    html! { span class={ "badge " (kind) } { (readable(status)) } }
}

/// The API's name of a status as words.
fn readable(status: &str) -> &str {
    if status == "InProgress" { "In progress" } else { status }
}

/// A time in Unix seconds, as the API has it.
pub(in crate::console) fn time(seconds: f64) -> Markup {
    #[expect(clippy::cast_possible_truncation, reason = "the fraction of a second is not shown")]
    let time = OffsetDateTime::from_unix_timestamp(seconds.floor() as i64);
    html! { @if let Ok(time) = time { (moment(time)) } }
}

/// A time in UTC.
pub(in crate::console) fn moment(time: OffsetDateTime) -> Markup {
    let day = time.format(format_description!("[year]-[month]-[day]")).unwrap_or_default();
    let clock = time.format(format_description!("[hour]:[minute]:[second]")).unwrap_or_default();
    html! { time datetime=(rfc3339(time)) { span { (day) } " " span { (clock) " " span.quiet { "UTC" } } } }
}

/// A technical name, such as an ARN, that may break anywhere.
pub(in crate::console) fn code(text: &str) -> Markup {
    html! { code { (text) } }
}

/// A value that may be absent.
pub(in crate::console) fn optional(value: Option<Markup>) -> Markup {
    html! { @match value { Some(value) => (value), None => span.quiet { "-" } } }
}

/// Names with their values.
pub(in crate::console) fn facts(facts: &[(&str, Markup)]) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in facts { div { dt { (name) } dd { (value) } } }
        }
    }
}

/// The page's place below its section.
pub(in crate::console) fn trail(steps: &[(&str, String)], here: &str) -> Markup {
    html! {
        nav.trail aria-label="Breadcrumb" {
            ol {
                @for (name, path) in steps { li { a href=(path) { (name) } } }
                li aria-current="page" { (here) }
            }
        }
    }
}

/// A field of a form. `input` has the id `name`.
pub(in crate::console) fn field(name: &str, label: &str, hint: &str, input: Markup) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            @if !hint.is_empty() { p.hint id={ (name) "-hint" } { (hint) } }
            (input)
        }
    }
}

/// A field with one line of text.
pub(in crate::console) fn text_field(name: &str, label: &str, hint: &str, value: &str, required: bool) -> Markup {
    let described = (!hint.is_empty()).then(|| format!("{name}-hint"));
    let input = html! {
        input type="text" id=(name) name=(name) value=(value) required[required] autocomplete="off" spellcheck="false"
            aria-describedby=[described];
    };
    field(name, label, hint, input)
}

/// A choice; each option has a value and a text.
pub(in crate::console) fn select(name: &str, options: &[(&str, &str)], chosen: &str) -> Markup {
    html! {
        select id=(name) name=(name) {
            @for (value, text) in options { option value=(value) selected[*value == chosen] { (text) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn shows_times_in_utc() {
        let shown = time(1_706_933_106.987).into_string();
        assert!(
            shown.contains(r#"datetime="2024-02-03T04:05:06Z""#)
                && shown.contains("<span>2024-02-03</span> <span>04:05:06 "),
            "{shown}"
        );
        assert_eq!(moment(datetime!(2024-02-03 04:05:06 UTC)).into_string(), shown);
        assert_eq!(time(1e300).into_string(), "");
    }

    #[test]
    fn escapes_texts() {
        let shown = alert("<b>", r#""><script>alert(1)</script>"#).into_string();
        assert!(!shown.contains("<script>") && !shown.contains("<b>"), "{shown}");
    }
}
