//! The status as a page. `maud` escapes all texts; [`super::view`] has made them printable and short.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::parts::{alert, badge, counts, fact, outside, rate, seconds, section, size, time, verdict};
use super::view::{Cache, Counts, Decision, Failure, Image, Quota, Replicas, Rule, Running, UpstreamError, View};

const STYLE: &str = include_str!("style.css");

/// The page loads nothing: no script, no image, no font. Its style is in it, and known by its hash.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
    );
    // Base64 and the words here are valid in a header. Without its style the page can be read, too.
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// What browsers may load for the page.
#[must_use]
pub fn content_security_policy() -> HeaderValue {
    POLICY.clone()
}

/// The page.
pub(super) fn html(view: &View) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { "Admission status" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "Admission" }
                    @if view.is_ready { (badge("good", "ready")) } @else { (badge("bad", "not ready")) }
                    span.quiet { "notation-aws-signer " (view.version) }
                    span.when { span.quiet { "as of " } (time(&view.time)) }
                }
                main {
                    (alerts(view))
                    (summary(view))
                    (decisions("Refused, or not judged", "stopped", &view.decisions.stopped,
                        "No request was refused since the start.", true))
                    (decisions("Let through without a valid signature", "let-through", &view.decisions.let_through,
                        "No image was let through by a rule that warns or audits.", true))
                    (running(&view.running))
                    (rules(&view.rules, &view.without_rule))
                    (caches(&view.caches))
                    (quota(&view.quota, view))
                    (upstream_errors(&view.upstream_errors))
                    (decisions("Admitted", "admitted", &view.decisions.admitted,
                        "No request was admitted since the start.", false))
                }
            }
        }
    };
    page.into_string()
}

fn alerts(view: &View) -> Markup {
    html! {
        @if let Some(missing) = &view.missing { (alert("Not ready", None, missing)) }
        @if let Some(Failure { time, reason }) = &view.configuration.failure {
            (alert("A changed configuration is not in force; the one before still is", Some(time), reason))
        }
        @if view.is_certificate_old {
            (alert("The certificate expires within 14 days", None, view.certificate_expires.as_deref().unwrap_or_default()))
        }
    }
}

fn summary(view: &View) -> Markup {
    let configuration = &view.configuration;
    let requests = &view.requests;
    section(
        "Service",
        "service",
        html! {
            dl {
                (fact("Running since", time(&view.started)))
                (fact("Configuration", html! { code { (configuration.file) } }))
                (fact("Loaded", time(&configuration.loaded)))
                (fact("Adapters", html! { (configuration.adapters.join(", ")) }))
                (fact("Certificate expires", match &view.certificate_expires {
                    Some(expires) => time(expires),
                    None => html! { span.quiet { "served without TLS" } },
                }))
                (fact("Replicas", html! {
                    (view.replicas.expected) span.quiet { " by aws.revocation.replicas" }
                }))
                (fact("Shared cache", shared_cache(&view.replicas)))
                (fact("Requests in work", html! { (requests.in_work) }))
                (fact("Turned away by overload", html! { (requests.shed) }))
                (fact("Stale verdicts used", html! { (requests.stale) }))
            }
        },
    )
}

fn shared_cache(replicas: &Replicas) -> Markup {
    html! {
        @match replicas.shared_cache {
            "none" => span.quiet { "none: each replica remembers for itself" },
            "connected" => (badge("good", "connected")),
            state => (badge("bad", state)),
        }
        @if replicas.rejected_entries > 0 {
            " " (badge("bad", &format!("{} entries rejected", replicas.rejected_entries)))
        }
    }
}

fn decisions(title: &str, id: &str, decisions: &[Decision], nothing: &str, is_open: bool) -> Markup {
    let table = html! {
        table {
            thead { tr { th { "Time" } th { "Request" } th { "Images" } } }
            tbody { @for decision in decisions { (decision_row(decision)) } }
        }
    };
    section(
        title,
        id,
        html! {
            @if decisions.is_empty() {
                p.quiet { (nothing) }
            } @else if is_open {
                (table)
            } @else {
                details { summary { "The last " (decisions.len()) } (table) }
            }
        },
    )
}

fn decision_row(decision: &Decision) -> Markup {
    let object = [&decision.operation, &decision.kind, &decision.name].into_iter().flatten();
    html! {
        tr {
            td data-column="Time" { div { (time(&decision.time)) br; span.quiet { (format!("{:.1} ms", decision.milliseconds)) } } }
            td data-column="Request" {
                div {
                    (verdict(decision.decision)) " " span.quiet { (decision.adapter) }
                    @if decision.dry_run { " " (badge("plain", "dry run")) }
                    div { @for word in object { (outside(word)) " " } }
                    @if let Some(namespace) = &decision.namespace {
                        div { span.quiet { "namespace " } (outside(namespace)) }
                    }
                    @if let Some(user) = &decision.user { div { span.quiet { "by " } (outside(user)) } }
                }
            }
            td data-column="Images" {
                div {
                    @for one in &decision.images { (image(one)) }
                    @if decision.more_images > 0 { p.quiet { (decision.more_images) " more images" } }
                }
            }
        }
    }
}

fn image(image: &Image) -> Markup {
    html! {
        div.image {
            (verdict(image.outcome)) " " (outside(&image.reference))
            @if image.stale { " " (badge("busy", "stale")) }
            @if let Some(message) = &image.message { p.why { (message) } }
            @if let Some(digest) = image.digest.as_ref().filter(|digest| !image.reference.contains(digest.as_str())) {
                div { span.quiet { "digest " } (outside(digest)) }
            }
            @if let Some(signer) = &image.signer { div { span.quiet { "signer " } (outside(signer)) } }
            @if let Some(rule) = &image.rule {
                div { span.quiet { "rule " } (outside(rule)) @if image.cached { span.quiet { ", from memory" } } }
            }
        }
    }
}

fn running(running: &Running) -> Markup {
    section(
        "Running images",
        "running",
        html! {
            @if let Some(Failure { time, reason }) = &running.failure { (alert("The last scan failed", Some(time), reason)) }
            @match (&running.scanned, running.interval_seconds) {
                (None, None) => p.quiet { "Running Pods are not scanned: scan.interval is not set." },
                (None, Some(_)) => p.quiet { "No scan has ended yet." },
                (Some(scanned), _) => {
                    p {
                        "Scanned " (time(scanned)) @if let Some(ms) = running.milliseconds { span.quiet { " in " (ms) " ms" } }
                        ". Containers: " (counts(&running.containers))
                    }
                    @if !running.images.is_empty() {
                        table {
                            thead { tr { th { "Image" } th { "Where" } th.number { "Containers" } } }
                            tbody {
                                @for one in &running.images {
                                    tr {
                                        td data-column="Image" { (image(&one.image)) }
                                        td data-column="Where" { div { (outside(&one.place)) @if one.containers > 1 { span.quiet { " and others" } } } }
                                        td.number data-column="Containers" { div { (one.containers) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        },
    )
}

fn rules(rules: &[Rule], without: &Counts) -> Markup {
    let any = html! { span.quiet { "all" } };
    let list = |texts: &Option<Vec<String>>| match texts {
        None => any.clone(),
        Some(texts) => html! { @for text in texts { (outside(text)) " " } },
    };
    let numbers = |counts: &Counts| {
        html! {
            td.number data-column="Verified" { div { (counts.verified) } }
            td.number data-column="Refused" { div { (counts.refused) } }
            td.number data-column="Undetermined" { div { (counts.undetermined) } }
            td.number data-column="Exempt" { div { (counts.exempt) } }
        }
    };
    section(
        "Rules",
        "rules",
        html! {
            p.quiet { "The first that matches decides. The numbers are images since the start." }
            table {
                thead {
                    tr {
                        th { "Rule" } th { "Namespaces" } th { "Images" } th { "Action" } th.number { "Verified" } th.number { "Refused" }
                        th.number { "Undetermined" } th.number { "Exempt" }
                    }
                }
                tbody {
                    @for rule in rules {
                        tr {
                            td data-column="Rule" { div { (outside(&rule.name)) } }
                            td data-column="Namespaces" {
                                div {
                                    (list(&rule.namespaces))
                                    @if let Some(labels) = &rule.namespace_labels {
                                        @for (key, value) in labels { (outside(&format!("{key}={value}"))) " " }
                                    }
                                }
                            }
                            td data-column="Images" { div { (list(&rule.images)) } }
                            td data-column="Action" {
                                div { (rule.action) @if let Some(policy) = &rule.policy { " " (outside(policy)) } }
                            }
                            (numbers(&rule.decided))
                        }
                    }
                    tr {
                        td data-column="Rule" { div { span.quiet { "no rule" } } }
                        td data-column="Namespaces" { div {} }
                        td data-column="Images" { div {} }
                        td data-column="Action" { div { "refused" } }
                        (numbers(without))
                    }
                }
            }
        },
    )
}

fn caches(caches: &[Cache]) -> Markup {
    section(
        "Caches",
        "caches",
        html! {
            table {
                thead {
                    tr {
                        th { "Cache" } th.number { "Entries" } th.number { "Memory" } th.number { "Hits" } th.number { "Shared" }
                        th.number { "Misses" } th.number { "Hit rate" }
                    }
                }
                tbody {
                    @for cache in caches {
                        tr {
                            td data-column="Cache" { div { (cache.name) } }
                            td.number data-column="Entries" { div { (cache.entries) } }
                            td.number data-column="Memory" { div { (size(cache.bytes)) } }
                            td.number data-column="Hits" { div { (cache.hits) } }
                            td.number data-column="Shared" { div { (cache.shared) } }
                            td.number data-column="Misses" { div { (cache.misses) } }
                            td.number data-column="Hit rate" { div { (rate(cache)) } }
                        }
                    }
                }
            }
        },
    )
}

fn quota(quota: &Quota, view: &View) -> Markup {
    section(
        "Quota of revocation checks",
        "quota",
        html! {
            dl {
                (fact("Calls permitted now", match quota.tokens {
                    Some(tokens) => html! { (tokens) span.quiet { " in the region with the fewest" } },
                    None => html! { span.quiet { "nothing was asked yet" } },
                }))
                (fact("Checks waiting", html! { (quota.waiting) }))
                (fact("Calls a second", html! {
                    @if view.replicas.shared_cache == "connected" {
                        (view.replicas.rate) span.quiet { " shared by all replicas" }
                    } @else {
                        (format!("{:.1}", view.replicas.rate_of_this))
                        span.quiet { " of " (view.replicas.rate) " for all replicas" }
                    }
                }))
                (fact("Answers are used for", html! { (seconds(quota.ttl_seconds)) }))
                (fact("While revocation is unknown", match quota.stale_for_seconds {
                    0.0 => html! { "images are not admitted" },
                    time => html! { "verified ones stay so for " (seconds(time)) },
                }))
            }
        },
    )
}

fn upstream_errors(errors: &[UpstreamError]) -> Markup {
    section(
        "Failed requests to other services",
        "errors",
        html! {
            @if errors.is_empty() {
                p.quiet { "None in the last 15 minutes." }
            } @else {
                p.quiet { "In the last 15 minutes." }
                table {
                    thead { tr { th { "Service" } th { "Operation" } th { "Result" } th.number { "Requests" } th { "Last" } } }
                    tbody {
                        @for error in errors {
                            tr {
                                td data-column="Service" { div { (error.upstream) } }
                                td data-column="Operation" { div { (error.operation) } }
                                td data-column="Result" { div { (error.code) } }
                                td.number data-column="Requests" { div { (error.count) } }
                                td data-column="Last" { div { (time(&error.last)) } }
                            }
                        }
                    }
                }
            }
        },
    )
}
