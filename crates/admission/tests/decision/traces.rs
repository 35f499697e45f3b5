//! Traces, as a collector gets them.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use admission::config::{Adapter, Otlp};
use admission::decision::{Code, Outcome};
use admission::frontends::Answer;
use admission::metrics::Metrics;
use admission::trace::{self, Traces};
use hyper::HeaderMap;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;

use crate::collector::{Collector, attributes};
use crate::lines::Lines;
use crate::scene::{LONG, Scene, Tenant, assert_said, assert_verified, until};
use crate::source::unknown;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn tracing_to(url: &str, metrics: &Metrics) -> Traces {
    tracing_with(Otlp { endpoint: url.to_owned(), ca: None }, metrics)
}

fn tracing_with(otlp: Otlp, metrics: &Metrics) -> Traces {
    telling(otlp, metrics, &Lines::default())
}

/// As [`tracing_with`], with a log.
fn telling(otlp: Otlp, metrics: &Metrics, lines: &Lines) -> Traces {
    let traces = Traces::default();
    traces.set(Traces::prepare(Some(&otlp)).unwrap(), metrics, &lines.log());
    traces
}

fn headers(traceparent: &str) -> HeaderMap {
    HeaderMap::from_iter([("traceparent".parse().unwrap(), traceparent.parse().unwrap())])
}

/// Does work for a request with these headers.
async fn traced<T>(traces: &Traces, headers: &HeaderMap, work: impl Future<Output = T>) -> T {
    let span = traces.request(headers).expect("the request is traced");
    let done = trace::scope(span.context(), work).await;
    span.end(Some(Adapter::Verify), &Answer::text(200, "done"));
    done
}

/// The names from the top to each span, sorted.
fn tree(spans: &[Span]) -> Vec<String> {
    let path = |span: &Span| {
        let mut names = vec![span.name.clone()];
        let mut above = span.parent_span_id.clone();
        while let Some(parent) = spans.iter().find(|span| span.span_id == above) {
            names.push(parent.name.clone());
            above.clone_from(&parent.parent_span_id);
        }
        names.reverse();
        names.join(" > ")
    };
    let mut paths: Vec<String> = spans.iter().map(path).collect();
    paths.sort();
    paths
}

fn of<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name} in {:?}", tree(spans)))
}

#[tokio::test]
async fn a_cold_decision_is_a_tree_of_spans_below_that_of_the_caller() {
    let scene = Scene::new("");
    let image = scene.signed();
    scene.tenants.put(None, Tenant { id: "secret", password: Some(("robot", "hunter2")), ..Tenant::default() });
    let collector = Collector::start().await;
    let traces = tracing_to(&collector.url, &scene.metrics);
    let app = scene.app();
    assert_verified(&traced(&traces, &headers(PARENT), scene.one_and_idle(&app)).await);
    traces.close(LONG).await;
    let spans = collector.spans();
    assert_eq!(
        tree(&spans),
        [
            "admission verify",
            "admission verify > image",
            "admission verify > image > resolve",
            "admission verify > image > resolve > registry resolve",
            "admission verify > image > verify",
            "admission verify > image > verify > fetch",
            "admission verify > image > verify > fetch > registry fetch",
            "admission verify > image > verify > referrers",
            "admission verify > image > verify > referrers > registry referrers",
            "admission verify > image > verify > revocation",
            "admission verify > image > verify > revocation > authority ocsp",
        ]
    );
    let top = of(&spans, "admission verify");
    assert_eq!(hex::encode(&top.parent_span_id), "b7ad6b7169203331");
    for span in &spans {
        assert_eq!(hex::encode(&span.trace_id), "0af7651916cd43dd8448eb211c80319c");
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano && span.start_time_unix_nano > 0, "{span:?}");
    }
    let said = attributes(&of(&spans, "image").attributes);
    for expected in [
        ("admission.image.reference", app.as_str()),
        ("admission.image.digest", &image.digest.to_string()),
        ("admission.outcome", "verified"),
        ("admission.rule", "all"),
        ("admission.cached", "false"),
    ] {
        let expected = (expected.0.to_owned(), expected.1.to_owned());
        assert!(said.contains(&expected), "{expected:?}: {said:?}");
    }
    let resource = collector.resource();
    assert!(resource.contains(&("service.name".to_owned(), "notation-admission".to_owned())), "{resource:?}");
    let all = format!("{spans:?} {resource:?}");
    assert!(!all.contains("hunter2") && !all.contains("robot"), "{all}");
    let metrics = scene.metrics.encode();
    assert!(metrics.contains("trace_spans_total{result=\"sent\"} 11"), "{metrics}");
}

#[tokio::test]
async fn decisions_from_memory_have_spans_and_what_failed_says_so() {
    let scene = Scene::new("");
    scene.signed();
    scene.source.say(unknown());
    let collector = Collector::start().await;
    let traces = tracing_to(&collector.url, &scene.metrics);
    let none = HeaderMap::new();
    let decided = traced(&traces, &none, scene.one_and_idle(&scene.app())).await;
    assert_eq!(decided.outcome, Outcome::Undetermined);
    let refused = traced(&traces, &none, scene.one_and_idle("a/B")).await;
    assert_said(&refused, Outcome::Refused, Code::InvalidReference);
    traces.close(LONG).await;
    let spans = collector.spans();
    let images: Vec<&Span> = spans.iter().filter(|span| span.name == "image").collect();
    let code = |span: &Span| span.status.as_ref().map_or(StatusCode::Unset, |status| status.code());
    assert_eq!(images.iter().map(|span| code(span)).collect::<Vec<_>>(), [StatusCode::Error, StatusCode::Unset]);
    assert_eq!(code(of(&spans, "authority ocsp")), StatusCode::Error);
    let tops: Vec<&Span> = spans.iter().filter(|span| span.name == "admission verify").collect();
    assert!(tops[0].trace_id != tops[1].trace_id && tops[0].parent_span_id.is_empty(), "{tops:?}");
    let said = attributes(&images[1].attributes);
    assert!(said.contains(&("admission.reason".to_owned(), "invalid_reference".to_owned())), "{said:?}");
}

#[tokio::test]
async fn what_the_caller_does_not_record_is_not_recorded_here() {
    let scene = Scene::new("");
    let collector = Collector::start().await;
    let traces = tracing_to(&collector.url, &scene.metrics);
    assert!(traces.request(&headers(&PARENT.replace("-01", "-00"))).is_none());
    // A malformed header is as good as none.
    assert!(traces.request(&headers("00-zz-zz-01")).is_some());
    assert!(Traces::default().request(&headers(PARENT)).is_none());
    // Paths that are not served have no span.
    traces.request(&headers(PARENT)).unwrap().end(None, &Answer::text(404, "no"));
    traces.close(LONG).await;
    assert!(collector.spans().is_empty());
}

#[tokio::test]
async fn a_collector_with_tls_gets_spans_if_its_certificate_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        Some(path)
    };
    let certificates = [(); 2].map(|()| rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap());
    let collector = Collector::start_tls(&certificates[0]).await;
    let endpoint = collector.url.clone();
    for (number, (certificate, expected)) in certificates.iter().zip([1, 1]).enumerate() {
        let metrics = Metrics::new("0", &[]);
        let ca = file(&format!("{number}.pem"), &certificate.cert.pem());
        let traces = tracing_with(Otlp { endpoint: endpoint.clone(), ca }, &metrics);
        traced(&traces, &HeaderMap::new(), async {}).await;
        traces.close(LONG).await;
        // The second is another certificate than the collector's.
        assert_eq!(collector.spans().len(), expected);
        let result = ["sent", "failed"][number];
        let metrics = metrics.encode();
        assert!(metrics.contains(&format!("trace_spans_total{{result=\"{result}\"}} 1")), "{metrics}");
    }
    let problem = |ca| Traces::prepare(Some(&Otlp { endpoint: endpoint.clone(), ca })).unwrap_err().to_string();
    assert!(problem(file("empty.pem", "no certificate")).ends_with("empty.pem has no certificate in PEM"));
    assert!(problem(Some(folder.path().join("missing.pem"))).contains("missing.pem does not exist"));
}

#[tokio::test]
async fn a_dead_collector_costs_no_decision_and_no_memory() {
    let scene = Scene::new("");
    scene.signed();
    let app = scene.app();
    // One that hangs, and one that is not there.
    let hanging = Collector::start().await;
    hanging.hangs.store(true, Ordering::Relaxed);
    for url in [hanging.url.as_str(), "http://127.0.0.1:9"] {
        let metrics = Metrics::new("0", &[]);
        let traces = tracing_to(url, &metrics);
        let began = Instant::now();
        for _ in 0..3000 {
            assert_verified(&traced(&traces, &HeaderMap::new(), scene.one(&app)).await);
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{url}: {:?}", began.elapsed());
        let lost = |result: &str| {
            let text = metrics.encode();
            let line = text.lines().find_map(|line| {
                line.strip_prefix(&format!("notation_admission_trace_spans_total{{result=\"{result}\"}} "))
            });
            line.and_then(|count| count.parse::<u64>().ok()).unwrap()
        };
        // 6,000 spans; the queue holds 2,048, and 512 are on their way.
        until(|| lost("dropped") + lost("failed") >= 3000).await;
        assert_eq!(lost("sent"), 0);
        let began = Instant::now();
        traces.close(Duration::from_millis(100)).await;
        assert!(began.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn the_log_says_once_and_plainly_why_spans_are_lost() {
    let certificate = rcgen::generate_simple_self_signed((0..100).map(|n| format!("{n}.example")).collect::<Vec<_>>());
    let stranger = Collector::start_tls(&certificate.unwrap()).await;
    for (endpoint, why) in [
        // No program listens there.
        ("http://127.0.0.1:9", "\"reason\":\"no connection: Connection refused\""),
        (stranger.url.as_str(), "\"reason\":\"no connection: invalid peer certificate: "),
    ] {
        let lines = Lines::default();
        let folder = tempfile::tempdir().unwrap();
        let ca = endpoint.starts_with("https:").then(|| {
            let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
            let path = folder.path().join("ca.pem");
            std::fs::write(&path, other.cert.pem()).unwrap();
            path
        });
        let traces = telling(Otlp { endpoint: endpoint.to_owned(), ca }, &Metrics::new("0", &[]), &lines);
        for _ in 0..2 {
            traced(&traces, &HeaderMap::new(), async {}).await;
            lines.say("traces do not reach the collector").await;
        }
        traces.close(LONG).await;
        let text = lines.text();
        assert!(text.contains(why) && text.lines().all(|line| line.len() < 512), "{text}");
        assert_eq!(text.matches("traces do not reach the collector").count(), 1, "{text}");
    }
}
