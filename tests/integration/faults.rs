//! The plugin with a misbehaving service. Signing fails with an error of the plugin protocol; a revocation check fails
//! with a reason while its command succeeds. Both end soon, use little memory, and reveal no secret.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::plugin::{Outcome, Plugin, SECRET_KEY, SESSION_TOKEN};
use crate::support::process::free_port;
use crate::support::schemas::Schema;
use crate::support::service::{Service, answer, send, wait_for_the_end};
use crate::support::vector::{base_request, material};

const REVOCATION: &str = "SIGNATURE_VERIFIER.REVOCATION_CHECK";
/// The time budget for faults that only the budget ends.
const SHORT: &str = "1";
/// The time budget for faults that cause retries: enough for all attempts and the pauses between them.
const LONG: &str = "20";
/// How long a command with the budget [`SHORT`] may take on a busy machine.
const SOON: Duration = Duration::from_secs(8);
/// The limit of resident memory in KiB.
const LITTLE_MEMORY: u64 = 64 * 1024;

/// The results of the two commands.
struct Ended {
    code: String,
    message: String,
    reason: String,
    /// The number of requests of each command.
    requests: [usize; 2],
}

impl Ended {
    /// Asserts that both messages contain `text`; returns the error code of signing and the requests.
    #[track_caller]
    fn saying(&self, text: &str) -> (&str, [usize; 2]) {
        assert!(self.message.contains(text), "{}", self.message);
        assert!(self.reason.contains(text), "{}", self.reason);
        (&self.code, self.requests)
    }
}

/// Runs both commands, each with its own service.
#[track_caller]
fn run_against(service: impl Fn() -> Service, budget: &str) -> Ended {
    let [signing, verifying] = [service(), service()];
    let signed = run("generate-envelope", &signing.url(), budget);
    let error = signed.error();
    Schema::named("error").accepts(&error);
    let reason = failed_check(&run("verify-signature", &verifying.url(), budget));
    let requests = [signing, verifying].map(|service| service.requests().len().max(service.connections()));
    let text = |name: &str| error[name].as_str().unwrap().to_owned();
    Ended { code: text("errorCode"), message: text("errorMessage"), reason, requests }
}

/// Runs a command with full logging and checks time, memory and secrecy.
#[track_caller]
fn run(command: &str, endpoint: &str, budget: &str) -> Outcome {
    let mut request = base_request(command);
    request["pluginConfig"] = json!({ "aws-signer-endpoint-url": endpoint, "aws-signer-timeout": budget });
    let outcome = Plugin::new([command]).logging().run(request.to_string());
    if budget == SHORT {
        assert!(outcome.took < SOON, "{command} took {:?}", outcome.took);
    }
    assert!(outcome.peak_memory < LITTLE_MEMORY, "{} KiB", outcome.peak_memory);
    // A process that ends at once may be gone before its memory is measured; one that runs until its deadline is not.
    assert!(outcome.peak_memory > 0 || outcome.took < Duration::from_millis(300), "{:?}", outcome.took);
    assert_nothing_secret(&outcome);
    outcome
}

#[track_caller]
fn assert_nothing_secret(outcome: &Outcome) {
    assert!(outcome.log.contains("started"), "nothing was logged: {outcome:?}");
    let payload = &material()["payload"];
    for secret in [SECRET_KEY, SESSION_TOKEN, "AWS4-HMAC-SHA256", "Signature=", "payload-marker", payload] {
        for (stream, text) in [("stdout", &outcome.stdout), ("stderr", &outcome.stderr), ("log", &outcome.log)] {
            assert!(!text.contains(secret), "{secret} is in {stream}: {text}");
        }
    }
}

/// The reason of the failed revocation check of a successful command.
#[track_caller]
fn failed_check(outcome: &Outcome) -> String {
    let answer = outcome.answer();
    Schema::named("verify-signature.response").accepts(&answer);
    let result = &answer["verificationResults"][REVOCATION];
    assert_eq!(result["success"], Value::Bool(false), "{answer}");
    result["reason"].as_str().unwrap().to_owned()
}

fn head(stream: &mut TcpStream, length: usize) {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
    send(stream, head.as_bytes());
}

/// Writes the same bytes until the client disconnects.
fn for_ever(stream: &mut TcpStream, bytes: &[u8]) {
    while stream.write_all(bytes).is_ok() {}
}

#[test]
fn a_silent_service_is_a_timeout() {
    let service = || Service::start(|_, stream| wait_for_the_end(stream));
    assert_eq!(run_against(service, SHORT).saying("within 1 s"), ("TIMEOUT", [1, 1]));
}

#[test]
fn a_hang_after_the_headers_is_a_timeout() {
    let service = || {
        Service::start(|_, stream| {
            head(stream, 100);
            wait_for_the_end(stream);
        })
    };
    assert_eq!(run_against(service, SHORT).saying("within 1 s"), ("TIMEOUT", [1, 1]));
}

#[test]
fn a_dripping_body_is_a_timeout() {
    let service = || {
        Service::start(|_, stream| {
            head(stream, 100);
            while stream.write_all(b" ").is_ok() {
                sleep(Duration::from_secs(1));
            }
        })
    };
    assert_eq!(run_against(service, SHORT).saying("within 1 s"), ("TIMEOUT", [1, 1]));
}

#[test]
fn endless_informational_responses_are_a_timeout() {
    // Throttled: a plugin built without optimisation cannot keep up with full speed.
    let service = || {
        Service::start(|_, stream| {
            while stream.write_all(&b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100)).is_ok() {
                sleep(Duration::from_millis(5));
            }
        })
    };
    assert_eq!(run_against(service, SHORT).saying("within 1 s"), ("TIMEOUT", [1, 1]));
}

#[test]
fn rejects_an_endless_body_at_the_limit() {
    let service = || {
        Service::start(|_, stream| {
            send(stream, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
            for_ever(stream, &[b' '; 65536]);
        })
    };
    let ended = run_against(service, LONG);
    assert_eq!(ended.saying("more than 4194304 bytes"), ("ERROR", [1, 1]));
}

#[test]
fn rejects_a_body_of_100_mib_at_the_limit() {
    let service = || {
        Service::start(|_, stream| {
            head(stream, 100 << 20);
            for_ever(stream, &[b'x'; 65536]);
        })
    };
    assert_eq!(run_against(service, LONG).saying("more than 4194304 bytes"), ("ERROR", [1, 1]));
}

#[test]
fn rejects_an_endless_error_body_at_the_limit() {
    let service = || {
        Service::start(|_, stream| {
            send(stream, b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n");
            for_ever(stream, &[b"10000\r\n".as_slice(), &[b'x'; 65536], b"\r\n"].concat());
        })
    };
    assert_eq!(run_against(service, LONG).saying("more than 4194304 bytes"), ("ERROR", [1, 1]));
}

#[test]
fn rejects_endless_headers() {
    let service = || {
        Service::start(|_, stream| {
            send(stream, b"HTTP/1.1 200 OK\r\n");
            for_ever(stream, b"x-filler: 0123456789012345678901234567890123456789\r\n");
        })
    };
    assert_eq!(run_against(service, LONG).saying("message head is too large"), ("ERROR", [1, 1]));
}

#[test]
fn retries_after_a_truncated_body() {
    let service = || {
        Service::start(|_, stream| {
            head(stream, 100);
            send(stream, br#"{"revokedEntities":[]}"#);
        })
    };
    assert_eq!(run_against(service, LONG).saying("could not be reached"), ("ERROR", [4, 4]));
}

#[test]
fn retries_after_a_closed_connection() {
    let service = || Service::accepting(|_, _| {});
    assert_eq!(run_against(service, LONG).saying("could not be reached"), ("ERROR", [4, 4]));
}

#[test]
fn retries_after_a_connection_reset() {
    // Closing a connection with unread bytes makes the system reset it.
    let service = || {
        Service::accepting(|stream, _| {
            let _ = stream.peek(&mut [0]);
        })
    };
    assert_eq!(run_against(service, LONG).saying("could not be reached"), ("ERROR", [4, 4]));
}

#[test]
fn a_closed_port_is_an_error() {
    let endpoint = format!("http://127.0.0.1:{}", free_port());
    let error = run("generate-envelope", &endpoint, LONG).error();
    assert_eq!(error["errorCode"], "ERROR");
    assert!(error["errorMessage"].as_str().unwrap().contains("could not be reached"), "{error}");
    let reason = failed_check(&run("verify-signature", &endpoint, LONG));
    assert!(reason.contains("could not be reached"), "{reason}");
}

#[test]
fn a_response_that_is_not_http_is_an_error() {
    let service = || Service::start(|_, stream| send(stream, b"220 mail.example ESMTP ready\r\n\0\xff\xfe"));
    assert_eq!(run_against(service, LONG).saying("got an invalid answer"), ("ERROR", [1, 1]));
}

#[test]
fn compressed_junk_is_an_error() {
    let junk = [b"\x1f\x8b\x08\x00".as_slice(), &[0xa5; 2000]].concat();
    let service = || Service::answering(200, &[("Content-Encoding", "gzip")], &junk);
    assert_eq!(run_against(service, LONG).saying("got an invalid answer"), ("ERROR", [1, 1]));
}

#[test]
fn does_not_follow_redirects() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Service::answering(200, &[], br#"{"revokedEntities":[]}"#);
        let location = format!("{}/stolen", elsewhere.url());
        let service = || Service::answering(status, &[("Location", &location)], b"");
        let ended = run_against(service, LONG);
        assert_eq!(ended.saying(&format!("HTTP status {status}")), ("ERROR", [1, 1]));
        assert_eq!(elsewhere.connections(), 0, "the redirect was followed");
    }
}

#[test]
fn retries_after_throttling_and_server_errors_only() {
    for (status, code, requests) in [
        (429, "THROTTLED", 4),
        (500, "ERROR", 4),
        (502, "ERROR", 4),
        (503, "ERROR", 4),
        (504, "ERROR", 4),
        (400, "ERROR", 1),
        (403, "ACCESS_DENIED", 1),
        (404, "ERROR", 1),
        (409, "ERROR", 1),
    ] {
        let service = || Service::answering(status, &[("Retry-After", "0")], b"");
        let ended = run_against(service, LONG);
        assert_eq!(ended.saying(&format!("HTTP status {status}")), (code, [requests, requests]), "{status}");
    }
}

#[test]
fn a_long_retry_after_does_not_exceed_the_budget() {
    let service = || Service::answering(503, &[("Retry-After", "3600"), ("x-amz-retry-after", "3600000")], b"");
    let ended = run_against(service, SHORT);
    assert!(["TIMEOUT", "ERROR"].contains(&ended.code.as_str()), "{}", ended.code);
    assert!(ended.requests.iter().all(|count| (1..=4).contains(count)));
}

#[test]
fn retries_until_the_service_recovers() {
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let service = Service::start(move |_, stream| {
        let first = calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        send(stream, &if first { answer(500, &[], b"") } else { answer(200, &[], br#"{"revokedEntities":[]}"#) });
    });
    let outcome = run("verify-signature", &service.url(), LONG);
    assert_eq!(outcome.answer()["verificationResults"][REVOCATION]["success"], true);
    assert_eq!(service.requests().len(), 2);
}

#[test]
fn a_success_logs_no_secret() {
    let body = json!({ "signature": material()["envelope.valid"] }).to_string();
    let service = Service::answering(200, &[], body.as_bytes());
    let outcome = run("generate-envelope", &service.url(), LONG);
    Schema::named("generate-envelope.response").accepts(&outcome.answer());
    let request = &service.requests()[0];
    // The request contains the secrets, so the check for them is effective.
    assert_eq!(request.header("x-amz-security-token"), Some(SESSION_TOKEN));
    assert!(request.header("authorization").unwrap().starts_with("AWS4-HMAC-SHA256"));
    assert!(outcome.log.contains("signed"), "{}", outcome.log);
}

#[test]
fn an_early_rejection_is_an_error() {
    // The service answers a large request before reading it.
    let service = Service::accepting(|mut stream, _| {
        let _ = stream.read(&mut [0; 100]);
        send(&mut stream, &answer(413, &[], b"too large"));
        wait_for_the_end(&mut stream);
    });
    let mut request = base_request("generate-envelope");
    request["payload"] = Value::String("AAAA".repeat(2 << 20));
    request["pluginConfig"] = json!({ "aws-signer-endpoint-url": service.url(), "aws-signer-timeout": LONG });
    let outcome = Plugin::new(["generate-envelope"]).run(request.to_string());
    let error = outcome.error();
    assert_eq!(error["errorCode"], "ERROR");
    assert!(error["errorMessage"].as_str().unwrap().contains("HTTP status 413"), "{error}");
}
