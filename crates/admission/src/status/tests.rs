//! The page with everything that others can choose.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::config::Adapter;
use crate::decision::{Code, Decided, ImageDecision, Outcome, Verdict, Why};
use crate::frontends::scripted::decision;
use crate::metrics::{CacheName, CacheResult, CacheSize, Operation, ResponseCode, Upstream};
use crate::scan::Finding;
use crate::shared_cache::Rejection;

/// Markup, an attribute's end, an entity, a terminal's escape, text that runs backwards, and a NUL.
const HOSTILE: &str =
    "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&lt;\u{1b}[31m\u{202e}gnp.exe\0\r\n</code></style>";

fn config() -> Config {
    let text = "version: 1\npolicies: {default: {trustedProfiles: \
                [\"arn:aws:signer:us-west-2:111122223333:/signing-profiles/release\"]}}\n\
                rules:\n  - {name: \"<b>system</b>\", namespaces: [kube-system, 'infra-*'], action: exempt}\n  \
                - {name: rest, namespaceSelector: {matchLabels: {team: a}}, images: [\"docker.io/**\"], policy: default, action: warn}\n\
                scan: {interval: 1h}\naws: {revocation: {replicas: 3}}\n";
    Config::parse(text.as_bytes(), Path::new("/")).unwrap()
}

/// A decision in which every text of others is `text`.
fn hostile(verdict: Verdict, outcome: Outcome, text: &str) -> Record {
    let own = || Some(text.to_owned());
    Record {
        adapter: Adapter::Kubernetes.as_str(),
        uid: own(),
        user: own(),
        namespace: own(),
        kind: own(),
        name: own(),
        operation: own(),
        dry_run: true,
        verdict,
        images: vec![image(outcome, text).into()],
    }
}

fn image(outcome: Outcome, text: &str) -> ImageDecision {
    let why = Why { code: Code::Untrusted, check: Some("authenticity"), message: text.to_owned() };
    ImageDecision {
        rule: Some(text.into()),
        signer: Some(text.into()),
        why: (!outcome.is_good()).then(|| Arc::new(why)),
        is_stale: true,
        ..decision(text, outcome)
    }
}

/// A status that has everything, with these texts of others.
fn full(text: &str) -> Status {
    let metrics = Metrics::new("2.0.0", &["rest"]);
    metrics.cache(CacheName::Tag, CacheResult::Hit);
    metrics.watch_cache(CacheName::Tag, || CacheSize { entries: 3, bytes: 4096 });
    metrics.watch_quota(|| Some(12.0));
    metrics.watch_quota_waiting(|| 5);
    metrics.upstream(Upstream::Signer, Operation::Revocation, ResponseCode::from_status(429), Duration::ZERO);
    let refused: Decided = ImageDecision { rule: Some("rest".into()), ..decision("a:1", Outcome::Refused) }.into();
    metrics.decided(Adapter::Verify, Verdict::Refused, Duration::ZERO, &[refused]);
    let status = Status::new(Path::new(text), &config(), metrics);
    for (verdict, outcome) in [
        (Verdict::Refused, Outcome::Refused),
        (Verdict::Undetermined, Outcome::Undetermined),
        (Verdict::Allowed, Outcome::Refused),
        (Verdict::Allowed, Outcome::Verified),
    ] {
        status.decided(hostile(verdict, outcome, text), Duration::from_micros(1234));
    }
    status.loaded(Err(text));
    let mut list = RunningList::default();
    for outcome in [Outcome::Verified, Outcome::Refused] {
        let own = || text.to_owned();
        list.add(&Finding {
            namespace: own(),
            pod: own(),
            uid: own(),
            container: own(),
            decision: image(outcome, text),
        });
    }
    status.scanned(Scan::done(list, Duration::from_millis(42)));
    status.scan_failed(text);
    status
}

fn now(text: &str) -> Now {
    Now { missing: Some(text.to_owned()), certificate: Some(SystemTime::now()) }
}

#[test]
fn no_text_of_others_becomes_markup_or_reaches_a_terminal() {
    let html = full(HOSTILE).page(StatusForm::Html, now(HOSTILE));
    // The tags are those of the page: as many as with a harmless text.
    let tags = |html: &str| html.matches('<').count();
    let harmless = "x".repeat(HOSTILE.len());
    assert_eq!(tags(&html), tags(&full(&harmless).page(StatusForm::Html, now(&harmless))));
    for bad in ["<script", "<img", "</code></style>", "<b>", "\u{1b}", "\u{202e}", "\0", "\r"] {
        assert!(!html.contains(bad), "{bad:?}\n{html}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;") && html.contains("&amp;lt;"), "{html}");
    assert!(!html.contains("javascript:") && !html.contains("src=\"") && !html.contains("href="), "{html}");
    let json = full(HOSTILE).page(StatusForm::Json, now(HOSTILE));
    let read: Value = serde_json::from_str(&json).unwrap();
    let reference = read["decisions"]["stopped"][0]["images"][0]["reference"].as_str().unwrap();
    assert!(!reference.chars().any(notary::text::is_unprintable) && reference.starts_with("<script>"), "{reference}");
}

#[test]
fn the_json_form_has_its_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let schema = jsonschema::draft202012::options().build(&schema).unwrap();
    let empty = Status::new(Path::new("/etc/admission.yaml"), &config(), Metrics::new("2.0.0", &[]));
    for (status, now) in [(full(HOSTILE), now(HOSTILE)), (empty, Now { missing: None, certificate: None })] {
        let json: Value = serde_json::from_str(&status.page(StatusForm::Json, now)).unwrap();
        let errors: Vec<_> = schema.iter_errors(&json).map(|why| format!("{}: {why}", why.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{json:#}");
    }
}

#[test]
fn all_that_is_known_is_there() {
    let json: Value = serde_json::from_str(&full("a").page(StatusForm::Json, now("a"))).unwrap();
    let decisions = &json["decisions"];
    let verdicts: Vec<_> = decisions["stopped"].as_array().unwrap().iter().map(|one| &one["decision"]).collect();
    assert_eq!(verdicts, ["undetermined", "refused"]);
    assert_eq!(decisions["letThrough"][0]["images"][0]["message"], "authenticity: a");
    assert_eq!(decisions["admitted"][0]["milliseconds"], 1.234);
    let rules = &json["rules"];
    assert_eq!((&rules[0]["name"], &rules[0]["action"]), (&"<b>system</b>".into(), &"exempt".into()));
    assert_eq!((&rules[1]["action"], &rules[1]["policy"]), (&"warn".into(), &"default".into()));
    assert_eq!((&rules[1]["decided"]["refused"], &rules[1]["namespaceLabels"]["team"]), (&1.into(), &"a".into()));
    assert_eq!(
        json["caches"][0],
        serde_json::json!({
            "name": "tag", "entries": 3, "bytes": 4096, "hits": 1, "shared": 0, "misses": 0
        })
    );
    assert_eq!((&json["quota"]["tokens"], &json["quota"]["waiting"]), (&12.0.into(), &5.into()));
    assert_eq!((&json["upstreamErrors"][0]["code"], &json["upstreamErrors"][0]["count"]), (&"429".into(), &1.into()));
    assert_eq!((&json["replicas"]["expected"], &json["replicas"]["sharedCache"]), (&3.into(), &"none".into()));
    let running = &json["running"];
    assert_eq!(
        (&running["images"][0]["outcome"], &running["images"][1]["outcome"]),
        (&"refused".into(), &"verified".into())
    );
    assert_eq!((&running["failure"]["reason"], &running["milliseconds"]), (&"a".into(), &42.into()));
    assert_eq!((&json["configuration"]["failure"]["reason"], &json["isReady"]), (&"a".into(), &false.into()));
}

#[test]
fn the_shared_cache_is_connected_or_not() {
    let metrics = Metrics::new("2.0.0", &[]);
    let mut config = config();
    config.cache.redis = Some(crate::config::Redis {
        url: "redis://redis:6379".to_owned(),
        username_file: None,
        password_file: None,
        ca: None,
        key_files: Vec::new(),
        timeout: Duration::ZERO,
    });
    let status = Status::new(Path::new("a"), &config, metrics.clone());
    let shown = || {
        let json: Value = serde_json::from_str(&status.page(StatusForm::Json, now("a"))).unwrap();
        json["replicas"]["sharedCache"].clone()
    };
    assert_eq!(shown(), "not connected");
    let client = metrics.redis_client();
    metrics.redis_up(client, true);
    assert_eq!(shown(), "connected");
    metrics.redis_up(client, false);
    assert_eq!(shown(), "not connected");
}

#[test]
fn suspicious_entries_of_the_shared_cache_are_counted() {
    let metrics = Metrics::new("2.0.0", &[]);
    let status = Status::new(Path::new("a"), &config(), metrics.clone());
    let html = || status.page(StatusForm::Html, now("a"));
    // Late entries are usual.
    metrics.redis_rejected(Rejection::Expired);
    assert!(!html().contains("entries rejected"));
    for rejection in [Rejection::Forged, Rejection::Forged, Rejection::Moved] {
        metrics.redis_rejected(rejection);
    }
    assert!(html().contains("3 entries rejected"), "{}", html());
    let json: Value = serde_json::from_str(&status.page(StatusForm::Json, now("a"))).unwrap();
    assert_eq!(json["replicas"]["rejectedEntries"], 3);
}

#[test]
fn a_reload_that_succeeds_ends_the_failure_of_the_one_before() {
    let status = full("a");
    status.loaded(Ok(&config()));
    let json: Value = serde_json::from_str(&status.page(StatusForm::Json, now("a"))).unwrap();
    assert!(json["configuration"]["failure"].is_null());
}

#[test]
fn the_page_stays_small_whatever_is_asked() {
    let status = full("a");
    for number in 0..100 {
        let text = format!("{number}{}", "<".repeat(10_000));
        let mut record = hostile(Verdict::Refused, Outcome::Refused, &text);
        record.images = (0..20).map(|_| image(Outcome::Refused, &text).into()).collect();
        status.decided(record, Duration::ZERO);
    }
    let html = status.page(StatusForm::Html, now("a"));
    assert!(html.len() < 4 * 1024 * 1024, "{}", html.len());
}

#[test]
fn the_style_is_the_one_that_the_policy_names() {
    let html = full("a").page(StatusForm::Html, now("a"));
    let style = html.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
    let hash = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, hash);
    let policy = content_security_policy();
    let policy = policy.to_str().unwrap();
    assert!(policy.starts_with("default-src 'none';") && policy.contains(&format!("'sha256-{hash}'")), "{policy}");
    assert!(!html.contains("style=") && !html.contains("<script"), "{html}");
}
