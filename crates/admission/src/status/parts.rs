//! The parts that the page is made of: sections, badges, times, sizes.

use maud::{Markup, html};

use super::view::{Cache, Counts};

pub(super) fn section(title: &str, id: &str, content: Markup) -> Markup {
    html! { section aria-labelledby=(id) { h2 id=(id) { (title) } (content) } }
}

pub(super) fn fact(name: &str, value: Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

pub(super) fn alert(title: &str, at: Option<&str>, text: &str) -> Markup {
    html! {
        div.alert role="alert" {
            strong { (title) } @if let Some(at) = at { " (" (time(at)) ")" } p { (text) }
        }
    }
}

pub(super) fn badge(kind: &str, text: &str) -> Markup {
    html! { span class={ "badge " (kind) } { (text) } }
}

/// A decision, or an outcome; the color only repeats the word.
pub(super) fn verdict(word: &str) -> Markup {
    let kind = match word {
        "allowed" | "verified" => "good",
        "refused" => "bad",
        "undetermined" => "busy",
        _ => "plain",
    };
    badge(kind, word)
}

/// A text that others chose: it breaks anywhere, and its direction does not change that of the page.
pub(super) fn outside(text: &str) -> Markup {
    html! { code dir="auto" { (text) } }
}

pub(super) fn counts(counts: &Counts) -> Markup {
    html! {
        (counts.refused) " refused, " (counts.undetermined) " undetermined, " (counts.verified) " verified, "
        (counts.exempt) " exempt."
    }
}

/// `2026-01-02T03:04:05Z` as `2026-01-02 03:04:05 UTC`.
pub(super) fn time(time: &str) -> Markup {
    let shown = time.replace('T', " ");
    html! { time datetime=(time) { (shown.trim_end_matches('Z')) " " span.quiet { "UTC" } } }
}

pub(super) fn seconds(seconds: f64) -> String {
    match seconds {
        long if long >= 3600.0 => format!("{:.1} h", long / 3600.0),
        middle if middle >= 60.0 => format!("{:.1} min", middle / 60.0),
        short => format!("{short:.1} s"),
    }
}

#[allow(clippy::cast_precision_loss, reason = "the memory of caches is less than 2^53 bytes")]
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[allow(clippy::cast_precision_loss, reason = "a percentage")]
pub(super) fn rate(cache: &Cache) -> String {
    match cache.hits + cache.shared + cache.misses {
        0 => "-".to_owned(),
        all => format!("{:.1} %", (cache.hits + cache.shared) as f64 * 100.0 / all as f64),
    }
}
