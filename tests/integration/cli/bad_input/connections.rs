//! Registries that hang, always refuse, send invalid answers or redirect: the error names the request, and exit code 3
//! marks failures that a retry may resolve.

use super::*;

/// Runs `verify`, `list`, `inspect`, `copy` and `sign` against a registry that answers every request with `reply`.
/// Asserts that each exits with `code` and these words, writes nothing to the registry and starts no local copy.
#[track_caller]
fn all(code: i32, words: &str, reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> FaultServer {
    let fixture = Fixture::new();
    let server = FaultServer::start(reply);
    let reference = reference(&server);
    let check = |command: &[&str]| {
        let short = ["--registry-timeout", "0.8"];
        let finished = fixture.run(&[command, &short].concat()).exits_with(code).says(words);
        let finished = finished.says("GET http://127.0.0.1:").says("/v2/a/");
        assert!(!finished.stdout.contains("ok      integrity"), "{finished}");
    };
    let image = reference.as_str();
    let arn = fixture.profile.arn.as_str();
    let commands = [
        vec!["verify", image, "--trusted-profile", arn],
        vec!["list", image],
        vec!["inspect", image],
        vec!["sign", image, "--profile", arn],
        vec!["copy", image, "oci:copied:v1"],
    ];
    at_once(commands.iter().map(|command| Box::new(|| check(command)) as Box<dyn FnOnce() + Send>));
    assert_no_content(&fixture.file("copied"));
    assert!(server.seen().iter().all(|request| request.method == "GET"));
    server
}

/// Asserts that the layout does not exist or lists nothing.
#[track_caller]
pub fn assert_no_content(layout: &std::path::Path) {
    let Ok(index) = std::fs::read_to_string(layout.join("index.json")) else { return };
    assert!(index.contains(r#""manifests":[]"#), "{index}");
}

#[test]
fn times_out_on_a_hanging_registry() {
    all(3, "no complete answer within 0.8 s", |_| Reply::Hang("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"));
    all(3, "no complete answer within 0.8 s", |_| Reply::Hang(""));
}

#[test]
fn fails_when_the_registry_closes_early() {
    all(3, "incomplete answer", |_| Reply::Close("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"));
    all(3, "the request failed", |_| Reply::Close(""));
}

#[test]
fn stops_after_repeated_401s() {
    all(2, "-> Log in to the registry", |_| Reply::status(401));
    let basic = |_: &Request| Reply::Answer(401, vec![("WWW-Authenticate", "Basic realm=x".to_owned())], Vec::new());
    let server = all(2, "-> Log in to the registry", basic);
    assert!(server.seen().len() <= 10, "{}", server.seen().len());
}

#[test]
fn retries_a_429_within_the_deadline() {
    let busy = |after: &'static str| {
        move |_: &Request| Reply::Answer(429, vec![("Retry-After", after.to_owned())], Vec::new())
    };
    let server = all(3, "retry after 3600 s", busy("3600"));
    assert_eq!(server.seen().len(), 5);
    all(3, "429", busy("0"));
    let fixture = Fixture::new();
    let envelope = fixture.envelope("v1");
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let server = fixture.signed(&[&envelope]).serve_with(move |_| {
        let first = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        first.then(|| Reply::Answer(429, vec![("Retry-After", "1".to_owned())], Vec::new()))
    });
    fixture.verify(&reference(&server), &["--registry-timeout", "10"]).succeeded();
}

#[test]
fn rejects_html_pages() {
    all(3, "got text/html", |_| Reply::content("text/html", "<html>Welcome</html>"));
    let fixture = Fixture::new();
    let server = fixture.repository().serve_with(|request| {
        request.path.contains("/referrers/").then(|| Reply::content("text/html", "<html>Welcome</html>"))
    });
    // Not the Referrers API: the referrers tag counts, and is not there.
    fixture.verify(&reference(&server), &[]).exits_with(1).says("there is no signature");
    let server = fixture.repository().serve_with(|request| {
        let is_list = request.path.contains("/referrers/") || request.path.contains("/manifests/sha256-");
        is_list.then(|| Reply::content("text/html", "<html>Sign in</html>"))
    });
    // Nor is the tag an index: "the client SHOULD assume there are no referrers".
    fixture.verify(&reference(&server), &[]).exits_with(1).says("there is no signature");
}

#[test]
fn a_retry_does_not_help_where_the_registry_or_its_content_stays_the_same() {
    all(2, "unsupported manifest type", |_| Reply::content("a/b", r#"{"mediaType":"a/b"}"#));
    let ambiguous = r#"{"schemaVersion":2,"config":{},"layers":[],"manifests":[]}"#;
    all(2, "unsupported manifest type", move |_| Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, ambiguous));
    let invalid = r#"{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid"}]}"#;
    all(2, "MANIFEST_INVALID", move |_| Reply::Answer(400, Vec::new(), invalid.into()));
    all(2, "HTTP request to an HTTPS server", |_| {
        Reply::Answer(400, Vec::new(), "Client sent an HTTP request to an HTTPS server.".into())
    });
}

#[test]
fn limits_redirects() {
    all(3, "redirect", |request| Reply::Answer(302, vec![("Location", request.path.clone())], Vec::new()));
    let fixture = Fixture::new();
    let envelope = fixture.envelope("v1");
    let looping = |request: &Request| {
        let to = vec![("Location", request.path.clone())];
        request.path.contains("/blobs/").then(|| Reply::Answer(307, to, Vec::new()))
    };
    let server = fixture.signed(&[&envelope]).serve_with(looping);
    let finished = fixture.verify(&reference(&server), &[]).exits_with(3);
    finished.says("more than 5 redirects").says("/blobs/sha256:");
    fixture.run(&["copy", &reference(&server), "oci:copied:v1"]).exits_with(3).says("more than 5 redirects");
    assert_no_content(&fixture.file("copied"));
}

#[test]
fn does_not_decompress_answers() {
    // A gzip body, although the request did not accept one.
    let packed = |_: &Request| {
        let headers =
            vec![("Content-Type", IMAGE_MANIFEST_MEDIA_TYPE.to_owned()), ("Content-Encoding", "gzip".to_owned())];
        Reply::Answer(200, headers, vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0, 0x43, 0xbf, 0xa6])
    };
    let server = all(3, "not a valid JSON document", packed);
    assert!(server.seen().iter().all(|request| request.header("Accept-Encoding").is_none()));
}

#[test]
fn limits_response_headers() {
    let fixture = Fixture::new();
    let headers: &'static str = format!("HTTP/1.1 200 OK\r\n{}", "X-More: x\r\n".repeat(2_000_000)).leak();
    let server = FaultServer::start(move |_| Reply::Close(headers));
    fixture.verify(&reference(&server), &["--registry-timeout", "1"]).exits_with(3).says("/v2/a/manifests/v1");
    let value: &'static str = format!("HTTP/1.1 200 OK\r\nX-Long: {}", "x".repeat(32 << 20)).leak();
    let server = FaultServer::start(move |_| Reply::Close(value));
    fixture.verify(&reference(&server), &["--registry-timeout", "1"]).exits_with(3).says("/v2/a/manifests/v1");
}

#[test]
fn a_registry_failing_midway_is_undetermined() {
    let fixture = Fixture::new();
    let envelope = fixture.envelope("v1");
    let path = format!("/v2/a/blobs/{}", Digest::sha256(&envelope));
    let hang = "HTTP/1.1 200 OK\r\n\r\n{";
    let server = fixture.signed(&[&envelope]).serve_with(move |r| (r.path == path).then_some(Reply::Hang(hang)));
    let finished = fixture.verify(&reference(&server), &["--registry-timeout", "0.8"]).exits_with(3);
    finished.says("unknown integrity").says("/blobs/sha256:").says("no complete answer");
    let server =
        fixture.signed(&[&envelope]).serve_with(|r| r.path.contains("/referrers/").then(|| Reply::status(500)));
    let finished = fixture.verify(&reference(&server), &["--registry-timeout", "0.8"]).exits_with(3);
    finished.says("/referrers/").says("500");
    // A 403 must not be taken for an empty list of signatures.
    let server =
        fixture.signed(&[&envelope]).serve_with(|r| r.path.contains("/referrers/").then(|| Reply::status(403)));
    fixture.verify(&reference(&server), &[]).exits_with(2).says("403");
}
