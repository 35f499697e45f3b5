//! What requests must be like, and which wait or are refused.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http_body_util::BodyExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UnixStream};

use super::super::*;
use super::client::{answer, ask, exchange, http1, http2, post, request, status};
use super::setup::{LONG, Setup, limits, snapshot};
use crate::config::{self, Adapter};

#[tokio::test]
async fn serves_http_1_1_and_http_2_on_one_port() {
    let server = Setup::default().start().await;
    assert_eq!(ask(TcpStream::connect(server.adapters).await.unwrap()).await, (200.try_into().unwrap(), "2\n".into()));
    let text = exchange(server.adapters, &post("/validate?timeout=5s", "{\"a\":1}")).await;
    assert_eq!(status(&text), 200, "{text}");
    assert!(text.contains("content-type: text/plain") && text.ends_with("7\n"), "{text}");
    server.is_at_rest().await;
    assert_eq!(*server.counts.answered.lock().unwrap(), [(Some(Adapter::Kubernetes), 200); 2]);
}

#[tokio::test]
async fn refuses_requests_that_no_adapter_should_see() {
    let mut setup = Setup::default();
    setup.limits.body = 1000;
    let server = setup.start().await;
    let json = "content-type: application/json\r\n";
    let cases = [
        ("GET /validate HTTP/1.1", json, "", 405),
        ("PUT /validate HTTP/1.1", json, "", 405),
        ("POST /nothing HTTP/1.1", json, "", 404),
        ("POST /validate/ HTTP/1.1", json, "", 404),
        ("POST //validate HTTP/1.1", json, "", 404),
        ("POST /%76alidate HTTP/1.1", json, "", 404),
        ("POST /livez HTTP/1.1", json, "", 404),
        ("GET /metrics HTTP/1.1", "", "", 404),
        // An adapter that is switched off looks as if it did not exist, whatever the method is.
        ("POST /v1/verify HTTP/1.1", json, "", 404),
        ("GET /v1/verify HTTP/1.1", json, "", 404),
        ("OPTIONS * HTTP/1.1", json, "", 400),
        ("CONNECT a:443 HTTP/1.1", json, "", 400),
        ("POST /validate HTTP/1.1", "", "{}", 415),
        ("POST /validate HTTP/1.1", "content-type: text/json\r\n", "{}", 415),
        ("POST /validate HTTP/1.1", "content-type: application/jsonp\r\n", "{}", 415),
        ("POST /validate HTTP/1.1", "content-type: application/json\r\ncontent-type: text/plain\r\n", "{}", 415),
        ("POST /validate HTTP/1.1", "content-type: application/json\r\ncontent-encoding: gzip\r\n", "{}", 415),
        ("POST /validate HTTP/1.1", "content-type: Application/JSON; charset=utf-8\r\n", "{}", 200),
        ("POST /validate HTTP/1.1", "content-type: application/json ;x\r\ncontent-encoding: identity\r\n", "{}", 200),
    ];
    for (line, headers, body, expected) in cases {
        let text = format!("{line}\r\nhost: a\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
        let got = exchange(server.adapters, &text).await;
        assert_eq!(status(&got), expected, "{text}: {got}");
        assert_eq!(got.contains("allow: POST\r\n"), expected == 405, "{got}");
    }
    let get = exchange(server.operations, "GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(status(&get) == 200 && get.ends_with("a_total 1\n"), "{get}");
    assert!(get.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{get}");
    for (line, expected) in [
        ("GET /livez", 200),
        ("GET /healthz", 200),
        ("GET /readyz", 200),
        ("POST /livez", 405),
        ("POST /status", 405),
        ("PUT /status", 405),
        ("GET /status/", 404),
        ("GET /status?format=xml", 400),
        ("POST /validate", 404),
    ] {
        let got = exchange(server.operations, &format!("{line} HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        assert_eq!(status(&got), expected, "{line}: {got}");
    }
}

#[tokio::test]
async fn the_status_page_has_two_forms_and_is_for_no_other_site() {
    let server = Setup::default().start().await;
    for (path, accept, expected) in [
        ("/status", "", "Html"),
        ("/status", "accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n", "Html"),
        ("/status", "accept: */*\r\n", "Html"),
        ("/status", "accept: Application/JSON\r\n", "Json"),
        ("/status", "accept: application/json;q=0.9, text/html\r\n", "Json"),
        ("/status?format=json", "accept: text/html\r\n", "Json"),
        ("/status?format=html", "accept: application/json\r\n", "Html"),
    ] {
        let got = exchange(server.operations, &format!("GET {path} HTTP/1.1\r\nhost: a\r\n{accept}\r\n")).await;
        assert!(status(&got) == 200 && got.ends_with(expected), "{path} {accept}: {got}");
        let media_type = if expected == "Json" { "application/json" } else { "text/html; charset=utf-8" };
        for header in [
            format!("content-type: {media_type}"),
            "content-security-policy: default-src 'none'; style-src 'sha256-".to_owned(),
            "x-content-type-options: nosniff".to_owned(),
            "cache-control: no-store".to_owned(),
            "x-frame-options: DENY".to_owned(),
        ] {
            assert!(got.contains(&header), "{header}: {got}");
        }
    }
    let head = exchange(server.operations, "HEAD /status HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert!(status(&head) == 200 && head.contains("content-length: 4\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    // The adapters' listener has no such page.
    assert_eq!(status(&exchange(server.adapters, "GET /status HTTP/1.1\r\nhost: a\r\n\r\n").await), 404);
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_announced_or_not() {
    let mut setup = Setup::default();
    setup.limits.body = 100_000;
    let server = setup.start().await;
    let fits = "x".repeat(100_000);
    assert!(exchange(server.adapters, &post("/validate", &fits)).await.ends_with("100000\n"));
    let large = "x".repeat(100_001);
    let got = exchange(server.adapters, &post("/validate", &large)).await;
    assert!(status(&got) == 413 && got.contains("100000 bytes"), "{got}");
    let chunked = format!(
        "POST /validate HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n\
         {:x}\r\n{large}\r\n0\r\n\r\n",
        large.len()
    );
    assert_eq!(status(&exchange(server.adapters, &chunked).await), 413);
    // Nothing is sent before the server says that it wants it.
    let expects = "POST /validate HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100001\r\n\
                   expect: 100-continue\r\n\r\n";
    assert_eq!(status(&exchange(server.adapters, expects).await), 413);
    let mut sender = http2(TcpStream::connect(server.adapters).await.unwrap()).await;
    let sent = sender.send_request(request("/validate", large)).await.unwrap();
    assert_eq!(sent.status(), 413);
    // The connection goes on.
    let sent = sender.send_request(request("/validate", fits)).await.unwrap();
    assert_eq!(sent.into_body().collect().await.unwrap().to_bytes(), "100000\n");
}

#[tokio::test]
async fn requests_beyond_the_queue_are_refused_at_once_and_others_run_in_their_order() {
    let mut setup = Setup::default();
    (setup.limits.concurrent, setup.limits.queue) = (1, 2);
    let server = setup.start().await;
    let mut waiting = Vec::new();
    for number in 0..3 {
        let mut stream = TcpStream::connect(server.adapters).await.unwrap();
        stream.write_all(post("/validate?wait", &number.to_string()).as_bytes()).await.unwrap();
        server.eventually(|server| server.counts.inflight.load(Ordering::SeqCst) == number + 1).await;
        waiting.push(stream);
    }
    server.eventually(|server| server.app.calls.load(Ordering::SeqCst) == 1).await;
    let got = exchange(server.adapters, &post("/validate", "{}")).await;
    assert!(status(&got) == 429 && got.contains("retry-after: 1\r\n"), "{got}");
    assert_eq!(server.counts.shed.load(Ordering::SeqCst), 1);
    server.app.release.add_permits(3);
    for stream in &mut waiting {
        assert_eq!(status(&answer(stream).await), 200);
    }
    assert_eq!(*server.app.seen.lock().unwrap(), ["0", "1", "2"]);
}

#[tokio::test]
async fn a_request_is_refused_while_its_caller_still_waits() {
    let mut setup = Setup::default();
    (setup.limits.concurrent, setup.limits.deadline) = (1, Duration::from_millis(400));
    let server = setup.start().await;
    let mut first = TcpStream::connect(server.adapters).await.unwrap();
    first.write_all(post("/validate?hang", "{}").as_bytes()).await.unwrap();
    server.app.begun.notified().await;
    let start = std::time::Instant::now();
    let got = exchange(server.adapters, &post("/validate", "{}")).await;
    assert_eq!(status(&got), 429, "{got}");
    assert!(start.elapsed() >= Duration::from_millis(250));
    // The one that hangs has an answer, too.
    let got = answer(&mut first).await;
    assert!(status(&got) == 504 && got.contains("before the deadline"), "{got}");
    assert_eq!(status(&exchange(server.adapters, &post("/validate", "{}")).await), 200);
}

#[tokio::test]
async fn a_panic_is_answered_and_the_connection_goes_on() {
    let server = Setup::default().start().await;
    let mut sender = http2(TcpStream::connect(server.adapters).await.unwrap()).await;
    let got = sender.send_request(request("/validate?panic", "{}")).await.unwrap();
    assert_eq!(got.status(), 500);
    assert_eq!(sender.send_request(request("/validate", "{}")).await.unwrap().status(), 200);
    let mut sender = http1(TcpStream::connect(server.adapters).await.unwrap()).await;
    let got = sender.send_request(request("/validate?panic", "{}")).await.unwrap();
    assert_eq!(got.status(), 500);
    let body = got.into_body().collect().await.unwrap().to_bytes();
    assert!(!String::from_utf8_lossy(&body).contains("told to"), "{body:?}");
    assert_eq!(sender.send_request(request("/validate", "{}")).await.unwrap().status(), 200);
    server.eventually(|server| server.counts.inflight.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn settings_are_replaced_between_two_requests_of_a_connection() {
    let server = Setup::default().start().await;
    let mut sender = http2(TcpStream::connect(server.adapters).await.unwrap()).await;
    assert_eq!(sender.send_request(request("/v1/verify", "{}")).await.unwrap().status(), 404);
    server.app.live.replace(snapshot([Adapter::Verify].into(), limits()));
    assert_eq!(sender.send_request(request("/v1/verify", "{}")).await.unwrap().status(), 200);
    assert_eq!(sender.send_request(request("/validate", "{}")).await.unwrap().status(), 404);
}

#[tokio::test]
async fn the_socket_is_for_its_group_and_serves_verify_alone() {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admission.sock");
    // Left by a process that ended.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let server = Setup { socket: Some(path.clone()), ..Setup::default() }.start().await;
    let found = std::fs::symlink_metadata(&path).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o777, 0o660);
    let ask = async |target: &str| {
        let mut stream = UnixStream::connect(&path).await.unwrap();
        stream.write_all(post(target, "{}").as_bytes()).await.unwrap();
        status(&answer(&mut stream).await)
    };
    assert_eq!(ask("/v1/verify").await, 200);
    assert_eq!(ask("/validate").await, 404);
    // A second server does not take it away.
    let socket = super::super::socket::Socket::bind(&path).await;
    assert_eq!(socket.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
    server.stop.send_replace(true);
    tokio::time::timeout(LONG, server.task).await.unwrap().unwrap();
    assert!(!path.exists());
    std::fs::write(&path, "a file").unwrap();
    let socket = super::super::socket::Socket::bind(&path).await;
    assert_eq!(socket.unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
}

#[tokio::test]
async fn plain_http_is_for_loopback_addresses() {
    let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let server = config::Server {
        listen: ([0, 0, 0, 0], 0).into(),
        operations: any,
        socket: None,
        tls: config::Tls::Plain,
        adapters: [Adapter::Kubernetes].into(),
        limits: limits(),
    };
    let error = Listeners::bind(&server).await.unwrap_err();
    assert!(matches!(error, BindError::Plain(_)), "{error}");
    let taken = tokio::net::TcpListener::bind(any).await.unwrap();
    let server = config::Server { listen: taken.local_addr().unwrap(), ..server };
    let error = Listeners::bind(&server).await.unwrap_err();
    assert!(error.to_string().contains("server.listen"), "{error}");
}
