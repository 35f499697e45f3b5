//! The plugin against a service that misbehaves. Signing fails with the protocol's error; a revocation check fails with the
//! reason, and the command succeeds. Either way soon, in little memory, and without a word of what is secret.

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
/// For faults that end by the time budget alone.
const SHORT: &str = "1";
/// For faults that are tried again: enough for all attempts and the pauses between them.
const LONG: &str = "20";
/// How long a command with the budget [`SHORT`] may take on a busy machine.
const SOON: Duration = Duration::from_secs(8);
/// KiB of resident memory.
const LITTLE_MEMORY: u64 = 64 * 1024;

/// How the two commands ended.
struct Ended {
    code: String,
    message: String,
    reason: String,
    /// How many requests each command made.
    requests: [usize; 2],
}

impl Ended {
    /// The error code of the signing command, after both said `text`.
    #[track_caller]
    fn saying(&self, text: &str) -> (&str, [usize; 2]) {
        assert!(self.message.contains(text), "{}", self.message);
        assert!(self.reason.contains(text), "{}", self.reason);
        (&self.code, self.requests)
    }
}

/// Runs both commands against a service of their own each.
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

/// Runs a command with everything logged, and checks what holds for every outcome.
#[track_caller]
fn run(command: &str, endpoint: &str, budget: &str) -> Outcome {
    let mut request = base_request(command);
    request["pluginConfig"] = json!({ "aws-signer-endpoint-url": endpoint, "aws-signer-timeout": budget });
    let outcome = Plugin::new([command]).logging().run(request.to_string());
    if budget == SHORT {
        assert!(outcome.took < SOON, "{command} took {:?}", outcome.took);
    }
    assert!(outcome.peak_memory < LITTLE_MEMORY, "{} KiB", outcome.peak_memory);
    // A process that ends at once may be gone before its memory is looked at; one that was fed until its budget ended is not.
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

/// Why the revocation check of a command that succeeded failed.
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

/// Writes the same bytes until the client has gone.
fn for_ever(stream: &mut TcpStream, bytes: &[u8]) {
    while stream.write_all(bytes).is_ok() {}
}

#[test]
fn a_service_that_never_answers_is_a_timeout() {
    let service = || Service::start(|_, stream| wait_for_the_end(stream));
    assert_eq!(run_against(service, SHORT).saying("within 1 s"), ("TIMEOUT", [1, 1]));
}

#[test]
fn a_service_that_hangs_after_its_headers_is_a_timeout() {
    let service = || {
        Service::start(|_, stream| {
            head(stream, 100);
            wait_for_the_end(stream);
        })
    };
    assert_eq!(run_against(service, SHORT).saying("within 1 s"), ("TIMEOUT", [1, 1]));
}

#[test]
fn a_service_that_drips_is_a_timeout() {
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
fn informational_answers_without_end_are_a_timeout() {
    // Not as fast as the machine can: a plugin built without optimisation does not keep up with that.
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
fn a_body_without_end_is_refused_at_the_limit() {
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
fn a_body_of_100_mib_is_refused_at_the_limit() {
    let service = || {
        Service::start(|_, stream| {
            head(stream, 100 << 20);
            for_ever(stream, &[b'x'; 65536]);
        })
    };
    assert_eq!(run_against(service, LONG).saying("more than 4194304 bytes"), ("ERROR", [1, 1]));
}

#[test]
fn an_error_with_a_body_without_end_is_no_answer_either() {
    let service = || {
        Service::start(|_, stream| {
            send(stream, b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n");
            for_ever(stream, &[b"10000\r\n".as_slice(), &[b'x'; 65536], b"\r\n"].concat());
        })
    };
    assert_eq!(run_against(service, LONG).saying("more than 4194304 bytes"), ("ERROR", [1, 1]));
}

#[test]
fn headers_without_end_are_refused() {
    let service = || {
        Service::start(|_, stream| {
            send(stream, b"HTTP/1.1 200 OK\r\n");
            for_ever(stream, b"x-filler: 0123456789012345678901234567890123456789\r\n");
        })
    };
    assert_eq!(run_against(service, LONG).saying("message head is too large"), ("ERROR", [1, 1]));
}

#[test]
fn a_body_that_is_cut_off_is_tried_again_and_then_an_error() {
    let service = || {
        Service::start(|_, stream| {
            head(stream, 100);
            send(stream, br#"{"revokedEntities":[]}"#);
        })
    };
    assert_eq!(run_against(service, LONG).saying("could not be reached"), ("ERROR", [4, 4]));
}

#[test]
fn a_connection_that_is_closed_at_once_is_tried_again_and_then_an_error() {
    let service = || Service::accepting(|_, _| {});
    assert_eq!(run_against(service, LONG).saying("could not be reached"), ("ERROR", [4, 4]));
}

#[test]
fn a_connection_that_is_reset_is_tried_again_and_then_an_error() {
    // Closing a connection with unread bytes makes the system reset it.
    let service = || {
        Service::accepting(|stream, _| {
            let _ = stream.peek(&mut [0]);
        })
    };
    assert_eq!(run_against(service, LONG).saying("could not be reached"), ("ERROR", [4, 4]));
}

#[test]
fn a_port_that_nobody_listens_on_is_an_error() {
    let endpoint = format!("http://127.0.0.1:{}", free_port());
    let error = run("generate-envelope", &endpoint, LONG).error();
    assert_eq!(error["errorCode"], "ERROR");
    assert!(error["errorMessage"].as_str().unwrap().contains("could not be reached"), "{error}");
    let reason = failed_check(&run("verify-signature", &endpoint, LONG));
    assert!(reason.contains("could not be reached"), "{reason}");
}

#[test]
fn what_is_not_http_is_an_error() {
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
fn a_redirect_is_not_followed() {
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
fn throttling_and_server_errors_are_tried_again_and_refusals_are_not() {
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
fn a_service_that_asks_for_a_long_pause_does_not_outlast_the_budget() {
    let service = || Service::answering(503, &[("Retry-After", "3600"), ("x-amz-retry-after", "3600000")], b"");
    let ended = run_against(service, SHORT);
    assert!(["TIMEOUT", "ERROR"].contains(&ended.code.as_str()), "{}", ended.code);
    assert!(ended.requests.iter().all(|count| (1..=4).contains(count)));
}

#[test]
fn a_service_that_recovers_is_asked_until_it_does() {
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
fn a_success_leaves_nothing_secret_in_the_log_either() {
    let body = json!({ "signature": material()["envelope.valid"] }).to_string();
    let service = Service::answering(200, &[], body.as_bytes());
    let outcome = run("generate-envelope", &service.url(), LONG);
    Schema::named("generate-envelope.response").accepts(&outcome.answer());
    let request = &service.requests()[0];
    // The request did have what must not be seen elsewhere, so that the check can fail.
    assert_eq!(request.header("x-amz-security-token"), Some(SESSION_TOKEN));
    assert!(request.header("authorization").unwrap().starts_with("AWS4-HMAC-SHA256"));
    assert!(outcome.log.contains("signed"), "{}", outcome.log);
}

#[test]
fn a_service_that_refuses_before_it_has_read_the_request_is_an_error() {
    // A large payload meets a service that answers before it has read it.
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
