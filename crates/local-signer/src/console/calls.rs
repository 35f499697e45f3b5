//! "Recent calls": the last calls of the API and the changes made in the console, with their outcome.

use maud::{Markup, html};

use super::html::layout::Section;
use super::html::parts::{code, moment, select};
use super::html::table::table;
use super::recent::{RecentCall, Source};
use super::reply::Reply;
use super::visit::Visit;
use crate::operations::OPERATIONS;

/// The rows of the page.
const SHOWN: usize = 100;
const OUTCOMES: [(&str, &str); 3] = [("", "All"), ("ok", "Succeeded"), ("error", "Failed")];

/// The page.
pub(super) fn show(visit: &Visit<'_>) -> Reply {
    let calls = visit.console.recent().list();
    let query = &visit.query;
    let known = calls.len();
    let wanted = |call: &RecentCall| {
        query.get("operation").is_none_or(|operation| call.operation == Some(operation))
            && match query.text("outcome") {
                "ok" => call.error.is_none(),
                "error" => call.error.is_some(),
                _ => true,
            }
    };
    let rows: Vec<_> = calls.iter().filter(|call| wanted(call)).take(SHOWN).map(row).collect();
    let mut operations = vec![("", "All")];
    operations.extend(OPERATIONS.iter().map(|operation| (operation.name, operation.name)));
    let path = visit.path(&["calls"]);
    let content = html! {
        div.heading {
            h1 { "Recent calls" }
            a.button href={ (path) "?" (query.with(&[])) } { "Refresh" }
        }
        section.card aria-label="Recent calls" {
            div.tools {
                form.filters method="get" action=(path) role="search" aria-label="Filter recent calls" {
                    div {
                        label for="operation" { "Operation" }
                        (select("operation", &operations, query.text("operation")))
                    }
                    div { label for="outcome" { "Outcome" } (select("outcome", &OUTCOMES, query.text("outcome"))) }
                    button type="submit" { "Filter" }
                }
            }
            @if rows.is_empty() {
                p.empty { @if known == 0 { "No calls since the service started." } @else { "No call matches." } }
            } @else {
                (table("Recent calls", &["Time (UTC)", "Operation", "Outcome", "Duration", "Region", "Caller"], rows))
            }
            p.hint { "Calls of all regions and accounts since the service started, at most the last 600. Reading in the "
                "console is not listed." }
        }
    };
    visit.page(Section::Calls, "Recent calls", content)
}

fn row(call: &RecentCall) -> Vec<Markup> {
    let milliseconds = call.duration.as_secs_f64() * 1000.0;
    vec![
        moment(call.at),
        html! { @match call.operation { Some(name) => span.whole { (name) }, None => span.quiet { "Unknown" } } },
        html! {
            @match &call.error {
                None => { span.badge.good { (call.status) } },
                Some((code, message)) => {
                    span.badge.bad { (call.status) } " " (*code)
                    div.quiet { (message) }
                }
            }
        },
        html! { span.whole { (format!("{milliseconds:.1}")) " ms" } },
        html! { @match &call.region { Some(region) => span.whole { (region) }, None => span.quiet { "-" } } },
        html! {
            @match &call.caller { Some(arn) => (caller(arn)), None => span.quiet { "Not authenticated" } }
            @if call.source == Source::Console { " " span.quiet { "(console)" } }
        },
    ]
}

/// The account and the name in the ARN of a caller.
fn caller(arn: &str) -> Markup {
    let mut parts = arn.splitn(6, ':').skip(4);
    match (parts.next(), parts.next()) {
        (Some(account), Some(name)) => html! { (name) " " span.quiet.whole { (account) } },
        _ => code(arn),
    }
}
