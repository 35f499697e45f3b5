//! Clients that are slow, large or many on purpose.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::client::{answer, ask, exchange, is_closed, post, status};
use super::setup::{LONG, Server, Setup};

async fn still_answers(server: &Server) {
    let got = exchange(server.adapters, &post("/validate", "{}")).await;
    assert_eq!(status(&got), 200, "{got}");
    assert_eq!(ask(TcpStream::connect(server.adapters).await.unwrap()).await.0, 200);
}

#[tokio::test]
async fn a_head_that_comes_slowly_is_cut() {
    let mut setup = Setup::default();
    setup.times.head = Duration::from_millis(200);
    let server = setup.start().await;
    let mut stream = TcpStream::connect(server.adapters).await.unwrap();
    stream.write_all(post("/validate", "{}").as_bytes()).await.unwrap();
    assert_eq!(status(&answer(&mut stream).await), 200);
    // An idle connection may stay.
    tokio::time::sleep(Duration::from_millis(400)).await;
    stream.write_all(post("/validate", "{}").as_bytes()).await.unwrap();
    assert_eq!(status(&answer(&mut stream).await), 200);
    // Byte for byte it takes too long.
    let slow = async {
        for byte in post("/validate", "{}").bytes().cycle() {
            if stream.write_all(&[byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(5), slow).await.expect("the connection stays open");
    // So does the beginning of HTTP/2.
    let mut stream = TcpStream::connect(server.adapters).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap();
    timeout(Duration::from_secs(5), is_closed(&mut stream)).await.expect("the connection stays open");
    still_answers(&server).await;
}

#[tokio::test]
async fn a_connection_that_sends_nothing_is_cut() {
    let mut setup = Setup::default();
    setup.times.handshake = Duration::from_millis(100);
    let server = setup.start().await;
    for first in ["", "PRI"] {
        let mut stream = TcpStream::connect(server.adapters).await.unwrap();
        stream.write_all(first.as_bytes()).await.unwrap();
        timeout(Duration::from_secs(5), is_closed(&mut stream)).await.expect("the connection stays open");
    }
    still_answers(&server).await;
}

#[tokio::test]
async fn an_idle_connection_ends_and_one_with_a_request_does_not() {
    let mut setup = Setup::default();
    setup.times.idle = Duration::from_millis(200);
    let server = setup.start().await;
    let mut busy = TcpStream::connect(server.adapters).await.unwrap();
    busy.write_all(post("/validate?wait", "{}").as_bytes()).await.unwrap();
    let mut idle = TcpStream::connect(server.adapters).await.unwrap();
    idle.write_all(post("/validate", "{}").as_bytes()).await.unwrap();
    assert_eq!(status(&answer(&mut idle).await), 200);
    timeout(Duration::from_secs(5), is_closed(&mut idle)).await.expect("the connection stays open");
    server.app.release.add_permits(1);
    assert_eq!(status(&answer(&mut busy).await), 200);
}

#[tokio::test]
async fn a_body_that_comes_slowly_is_answered_and_cut() {
    let mut setup = Setup::default();
    (setup.limits.deadline, setup.limits.concurrent) = (Duration::from_millis(300), 1);
    let server = setup.start().await;
    let mut slow = TcpStream::connect(server.adapters).await.unwrap();
    slow.write_all(&post("/validate", "{\"a\":1}").as_bytes()[..90]).await.unwrap();
    server.eventually(|server| server.counts.inflight.load(Ordering::SeqCst) == 1).await;
    // It holds no place.
    still_answers(&server).await;
    let got = answer(&mut slow).await;
    assert_eq!(status(&got), 408, "{got}");
    is_closed(&mut slow).await;
    server.is_at_rest().await;
}

#[tokio::test]
async fn slow_bodies_do_not_keep_others_out() {
    let server = Setup { readers: 2, ..Setup::default() }.start().await;
    let mut held = Vec::new();
    for number in 0..5 {
        let mut slow = TcpStream::connect(server.adapters).await.unwrap();
        slow.write_all(&post("/validate", "{\"a\":1}").as_bytes()[..90]).await.unwrap();
        if number < 2 {
            server.eventually(|server| server.counts.inflight.load(Ordering::SeqCst) == number + 1).await;
        } else {
            assert_eq!(status(&answer(&mut slow).await), 429);
        }
        held.push(slow);
    }
    still_answers(&server).await;
}

#[tokio::test]
async fn large_bodies_wait_for_memory_and_are_refused_in_time() {
    let mut setup = Setup { memory: 1024 * 1024, ..Setup::default() };
    setup.limits.deadline = Duration::from_millis(500);
    let server = setup.start().await;
    // One within the budget, one beyond it: then there is no more.
    let large = "x".repeat(900 * 1024);
    let mut running = Vec::new();
    for number in 0..2 {
        let mut stream = TcpStream::connect(server.adapters).await.unwrap();
        stream.write_all(post("/validate?hang", &large).as_bytes()).await.unwrap();
        server.eventually(|server| server.app.calls.load(Ordering::SeqCst) == number + 1).await;
        running.push(stream);
    }
    let got = exchange(server.adapters, &post("/validate", &large)).await;
    assert_eq!(status(&got), 429, "{got}");
    still_answers(&server).await;
    for stream in &mut running {
        assert_eq!(status(&answer(stream).await), 504);
    }
    assert_eq!(status(&exchange(server.adapters, &post("/validate", &large)).await), 200);
}

#[tokio::test]
async fn a_flood_of_headers_is_refused() {
    let server = Setup::default().start().await;
    let many: String = (0..200).map(|number| format!("x-{number}: y\r\n")).collect();
    let got = exchange(server.adapters, &format!("POST /validate HTTP/1.1\r\nhost: a\r\n{many}\r\n")).await;
    assert_eq!(status(&got), 431, "{got}");
    let long = "y".repeat(40 * 1024);
    let got = exchange(server.adapters, &format!("POST /validate HTTP/1.1\r\nhost: a\r\nx: {long}\r\n\r\n")).await;
    assert!([0, 431].contains(&status(&got)), "{got}");
    let got = exchange(server.adapters, &post(&format!("/validate?{long}"), "{}")).await;
    assert!([0, 414, 431].contains(&status(&got)), "{got}");
    // Continuations without end.
    let mut stream = http2_by_hand(&server).await;
    stream.write_all(&frame(HEADERS, 0, 1, &head("/validate", 1))).await.unwrap();
    let flood = async { while stream.write_all(&frame(CONTINUATION, 0, 1, &[0x40; 4096])).await.is_ok() {} };
    timeout(LONG, flood).await.expect("the connection stays open");
    assert_eq!(server.app.calls.load(Ordering::SeqCst), 0);
    still_answers(&server).await;
}

#[tokio::test]
async fn a_client_that_takes_no_answers_is_cut() {
    let mut setup = Setup::default();
    setup.times.write = Duration::from_millis(200);
    setup.limits.deadline = Duration::from_millis(200);
    let server = setup.start().await;
    // 4 MiB, which the buffers of the system do not take.
    let mut http1 = TcpStream::connect(server.adapters).await.unwrap();
    http1.write_all(post("/validate?big", "{}").repeat(20).as_bytes()).await.unwrap();
    // HTTP/2: the window is never opened, while the connection is read.
    let mut http2 = http2_by_hand(&server).await;
    http2.write_all(&frame(HEADERS, END_HEADERS, 1, &head("/validate?big", 2))).await.unwrap();
    http2.write_all(&frame(DATA, END_STREAM, 1, b"{}")).await.unwrap();
    // The server closes both, although neither client does.
    server.is_at_rest().await;
    drop((http1, http2));
    still_answers(&server).await;
}

#[tokio::test]
async fn streams_that_are_reset_at_once_end_the_connection() {
    let server = Setup::default().start().await;
    let mut stream = http2_by_hand(&server).await;
    let mut burst = Vec::new();
    for id in (1..4000).step_by(2) {
        burst.extend(frame(HEADERS, END_HEADERS | END_STREAM, id, &head("/validate?hang", 0)));
        burst.extend(frame(RST_STREAM, 0, id, &8_u32.to_be_bytes()));
    }
    let _ = stream.write_all(&burst).await;
    timeout(LONG, is_closed(&mut stream)).await.unwrap();
    server.is_at_rest().await;
    assert!(server.app.calls.load(Ordering::SeqCst) < 1000);
    still_answers(&server).await;
}

#[tokio::test]
async fn streams_that_are_reset_while_they_run_end_the_connection() {
    let server = Setup::default().start().await;
    let mut stream = http2_by_hand(&server).await;
    let mut is_open = true;
    for round in 0..1000_usize {
        let id = u32::try_from(2 * round + 1).unwrap();
        let mut opened = frame(HEADERS, END_HEADERS, id, &head("/validate?hang", 2));
        opened.extend(frame(DATA, END_STREAM, id, b"{}"));
        if stream.write_all(&opened).await.is_err() {
            is_open = false;
            break;
        }
        // It has begun before it is reset, which HTTP/2's own limit does not count.
        let begun = async {
            while server.app.calls.load(Ordering::SeqCst) <= round {
                tokio::task::yield_now().await
            }
        };
        if timeout(Duration::from_millis(500), begun).await.is_err() {
            is_open = false;
            break;
        }
        let _ = stream.write_all(&frame(RST_STREAM, 0, id, &8_u32.to_be_bytes())).await;
    }
    assert!(!is_open, "1000 resets are accepted");
    server.is_at_rest().await;
    assert!(server.app.calls.load(Ordering::SeqCst) < 200);
    still_answers(&server).await;
}

#[tokio::test]
async fn idle_connections_do_not_keep_others_out() {
    let server = Setup { connections: 200, ..Setup::default() }.start().await;
    let mut running = TcpStream::connect(server.adapters).await.unwrap();
    running.write_all(post("/validate?wait", "{}").as_bytes()).await.unwrap();
    server.app.begun.notified().await;
    let mut idle = Vec::new();
    for _ in 0..300 {
        idle.push(TcpStream::connect(server.adapters).await.unwrap());
    }
    still_answers(&server).await;
    is_closed(&mut idle[0]).await;
    assert!(server.counts.connections.load(Ordering::SeqCst) <= 200);
    server.app.release.add_permits(1);
    assert_eq!(status(&answer(&mut running).await), 200);
    // Probes get through as well.
    let mut probes = Vec::new();
    for _ in 0..100 {
        probes.push(TcpStream::connect(server.operations).await.unwrap());
    }
    let got = exchange(server.operations, "GET /livez HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(status(&got), 200);
}

#[tokio::test]
async fn garbage_is_refused() {
    let server = Setup::default().start().await;
    for garbage in ["\0\0\0\0\0\0\0\0", "GET\r\n\r\n", "POST /validate HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02\0\x01\0"] {
        let mut stream = TcpStream::connect(server.adapters).await.unwrap();
        stream.write_all(garbage.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        assert!(status(&answer(&mut stream).await) != 200);
    }
    // Two lengths, or a length and chunks: what another server reads differently.
    for headers in ["content-length: 2\r\ncontent-length: 3\r\n", "content-length: -1\r\n", "content-length: 2, 3\r\n"]
    {
        let text =
            format!("POST /validate HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n{headers}\r\n{{}}x");
        assert!(status(&exchange(server.adapters, &text).await) != 200, "{headers}");
    }
    still_answers(&server).await;
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame (RFC 9113, 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The head of a POST (RFC 7541).
fn head(target: &str, length: usize) -> Vec<u8> {
    let mut block = vec![0x83, 0x86];
    let mut literal = |name: &[u8], value: &str| {
        block.extend(name);
        block.push(u8::try_from(value.len()).unwrap());
        block.extend(value.bytes());
    };
    literal(&[0x04], target);
    literal(&[0x01], "a");
    literal(&[0x0f, 0x10], "application/json");
    literal(&[0x0f, 0x0d], &length.to_string());
    block
}

async fn http2_by_hand(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.adapters).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
    stream
}
