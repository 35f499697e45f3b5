//! How connections and the server end: no request is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::client::conn::http2::SendRequest;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::client::{Body, answer, exchange, http2, is_closed, post, request, status};
use super::setup::{LONG, Server, Setup};

/// Sends requests one after another and opens a new connection when the server ends one, as Go's clients do: a request
/// that was certainly not seen is sent again. Returns the number of connections.
async fn many_over_http2(server: &Server, count: usize) -> usize {
    let mut connections = 0;
    let mut sender: Option<SendRequest<Body>> = None;
    for _ in 0..count {
        let mut next = request("/validate", "{}");
        loop {
            let mut current = match sender.take() {
                Some(current) if !current.is_closed() => current,
                _ => {
                    connections += 1;
                    http2(TcpStream::connect(server.adapters).await.unwrap()).await
                }
            };
            match timeout(LONG, current.try_send_request(next)).await.unwrap() {
                Ok(response) => {
                    assert_eq!(response.status(), 200);
                    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "2\n");
                    sender = Some(current);
                    break;
                }
                Err(mut error) => next = error.take_message().expect("a request was lost"),
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    connections
}

/// Sends requests until the client knows that the connection takes no more. Those before are answered.
async fn learns_of_the_end(sender: &mut SendRequest<Body>) {
    let learn = async {
        loop {
            match sender.try_send_request(request("/validate", "{}")).await {
                Ok(response) => assert_eq!(response.status(), 200),
                Err(mut error) => {
                    assert!(error.take_message().is_some(), "a request was lost");
                    break;
                }
            }
        }
    };
    timeout(LONG, learn).await.unwrap();
}

#[tokio::test]
async fn old_connections_end_and_no_request_is_lost() {
    let mut setup = Setup::default();
    setup.limits.connection_age = Duration::from_millis(50);
    let server = Arc::new(setup.start().await);
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let server = Arc::clone(&server);
            tokio::spawn(async move { many_over_http2(&server, 300).await })
        })
        .collect();
    for client in clients {
        let connections = client.await.unwrap();
        assert!(connections > 2, "{connections} connections");
    }
    server.is_at_rest().await;
    assert_eq!(server.app.calls.load(Ordering::SeqCst), 4 * 300);
}

#[tokio::test]
async fn an_old_http_1_1_connection_ends_with_an_answer_that_says_so() {
    let mut setup = Setup::default();
    setup.limits.connection_age = Duration::from_millis(50);
    let server = setup.start().await;
    let mut stream = TcpStream::connect(server.adapters).await.unwrap();
    stream.write_all(post("/validate", "{}").as_bytes()).await.unwrap();
    assert!(!answer(&mut stream).await.contains("connection: close"));
    tokio::time::sleep(Duration::from_millis(100)).await;
    // It was not closed while it was idle.
    stream.write_all(post("/validate", "{}").as_bytes()).await.unwrap();
    let last = answer(&mut stream).await;
    assert!(status(&last) == 200 && last.contains("connection: close"), "{last}");
    is_closed(&mut stream).await;
}

#[tokio::test]
async fn running_requests_end_before_the_server_does() {
    let mut setup = Setup::default();
    setup.times.grace = Duration::from_millis(500);
    let server = setup.start().await;
    let mut http1 = TcpStream::connect(server.adapters).await.unwrap();
    http1.write_all(post("/validate?wait", "{}").as_bytes()).await.unwrap();
    server.app.begun.notified().await;
    let mut sender = http2(TcpStream::connect(server.adapters).await.unwrap()).await;
    let running = tokio::spawn(sender.send_request(request("/validate?wait", "{}")));
    server.app.begun.notified().await;

    server.stop.send_replace(true);
    let ready = "GET /readyz HTTP/1.1\r\nhost: a\r\n\r\n";
    while status(&exchange(server.operations, ready).await) != 503 {}
    let live = "GET /livez HTTP/1.1\r\nhost: a\r\n\r\n";
    assert_eq!(status(&exchange(server.operations, live).await), 200);
    // Load balancers that have not heard of it yet send requests.
    let got = exchange(server.adapters, &post("/validate", "{}")).await;
    assert_eq!(status(&got), 200, "{got}");
    // HTTP/2 connections learn of it at once.
    learns_of_the_end(&mut sender).await;

    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(TcpStream::connect(server.adapters).await.is_err(), "it still accepts connections");
    assert!(!server.task.is_finished());
    server.app.release.add_permits(2);
    let got = answer(&mut http1).await;
    assert!(status(&got) == 200 && got.contains("connection: close"), "{got}");
    assert_eq!(timeout(LONG, running).await.unwrap().unwrap().unwrap().status(), 200);
    timeout(LONG, server.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn requests_that_never_end_do_not_keep_the_server() {
    let mut setup = Setup::default();
    setup.times.drain = Duration::from_millis(200);
    let server = setup.start().await;
    let mut stream = TcpStream::connect(server.adapters).await.unwrap();
    stream.write_all(post("/validate?hang", "{}").as_bytes()).await.unwrap();
    server.app.begun.notified().await;
    server.stop.send_replace(true);
    timeout(Duration::from_secs(5), server.task).await.unwrap().unwrap();
    is_closed(&mut stream).await;
}

#[tokio::test]
async fn a_server_whose_stop_is_gone_ends() {
    let server = Setup::default().start().await;
    drop(server.stop);
    timeout(LONG, server.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn many_streams_of_one_connection_are_answered_at_its_end() {
    let mut setup = Setup::default();
    setup.limits.connection_age = Duration::from_millis(100);
    let server = setup.start().await;
    let sender = http2(TcpStream::connect(server.adapters).await.unwrap()).await;
    let done = Arc::new(AtomicUsize::new(0));
    let requests: Vec<_> = (0..200)
        .map(|_| {
            let (mut sender, done) = (sender.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let response = sender.send_request(request("/validate?wait", "{}")).await.unwrap();
                assert_eq!(response.status(), 200);
                done.fetch_add(1, Ordering::SeqCst);
            })
        })
        .collect();
    server.eventually(|server| server.app.calls.load(Ordering::SeqCst) == 200).await;
    learns_of_the_end(&mut sender.clone()).await;
    server.app.release.add_permits(200);
    for request in requests {
        timeout(LONG, request).await.unwrap().unwrap();
    }
    assert_eq!(done.load(Ordering::SeqCst), 200);
}
