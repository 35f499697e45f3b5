//! The links between the pages of a list.

use maud::{Markup, html};

use crate::console::visit::Visit;

/// The links below a list with `shown` rows. The API gives a token for the next page and none for the one before: the
/// browser's history has that.
pub(in crate::console) fn links(visit: &Visit<'_>, path: &str, shown: usize, next: Option<&str>) -> Markup {
    let number = number(visit);
    let first = visit.query.with(&[("page", ""), ("after", "")]);
    html! {
        nav.pages aria-label="Pages" {
            @if number > 1 { a.button href={ (path) "?" (first) } { "First page" } }
            span { "Page " (number) ", " (shown) @if shown == 1 { " row" } @else { " rows" } }
            @if let Some(next) = next {
                @let following = (number + 1).to_string();
                a.button rel="next" href={ (path) "?" (visit.query.with(&[("page", &following), ("after", next)])) } {
                    "Next page"
                }
            }
        }
    }
}

/// What an empty page says.
pub(in crate::console) fn empty(visit: &Visit<'_>, next: Option<&str>, nothing: &str) -> Markup {
    html! {
        p.empty {
            @if next.is_some() {
                "No match among the rows of this page. The next page continues the search."
            } @else if number(visit) > 1 {
                "No more rows."
            } @else {
                (nothing)
            }
        }
    }
}

fn number(visit: &Visit<'_>) -> u32 {
    visit.query.get("page").and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, 1_000_000)
}
