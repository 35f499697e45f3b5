//! Asking the service on the same machine at its Unix socket: `POST /v1/verify`. It remembers what it has judged.

use std::path::Path;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use limits::Deadline;
use serde_json::json;
use tokio::net::UnixStream;

use super::Judgement;
use crate::frontends::json::{Arena, Json};

/// The largest answer: one image, whose reason has at most 4 kB.
const MAX_ANSWER: usize = 64 * 1024;

/// Why the service gave no answer. The image is then judged without it.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The socket cannot be used.
    #[error("the socket cannot be used: {0}")]
    Socket(String),
    /// The service does not answer.
    #[error("the service does not answer: {0}")]
    Connection(String),
    /// It answers with an error, or with something else.
    #[error("the answer of the service cannot be used: {0}")]
    Answer(String),
    /// The time was over.
    #[error("the service did not answer in time")]
    Late,
}

/// Asks the service about an image.
///
/// # Errors
/// Returns [`NoAnswer`] if it does not answer, or the answer is not a judgement about this image.
pub async fn ask(socket: &Path, image: &str, deadline: Deadline) -> Result<Judgement, NoAnswer> {
    // Otherwise any user could answer in the service's place.
    let folder = socket.parent().unwrap_or(Path::new("/"));
    files::check_folder(folder).map_err(|why| NoAnswer::Socket(why.to_string()))?;
    deadline.run(exchange(socket, image)).await.unwrap_or(Err(NoAnswer::Late))
}

async fn exchange(socket: &Path, image: &str) -> Result<Judgement, NoAnswer> {
    let failed = |why: &dyn std::error::Error| NoAnswer::Connection(notary::text::printable(&why.to_string()));
    let stream = UnixStream::connect(socket).await.map_err(|why| failed(&why))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|why| failed(&why))?;
    let body = json!({ "images": [image] }).to_string();
    let request = Request::post("/v1/verify").header(HOST, "localhost").header(CONTENT_TYPE, "application/json");
    let request = request.body(Full::new(Bytes::from(body))).map_err(|why| failed(&why))?;
    let answering = async {
        let response = sender.send_request(request).await.map_err(|why| failed(&why))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(|why| NoAnswer::Answer(notary::text::printable(&why.to_string())))?.to_bytes();
        match status {
            StatusCode::OK => judgement(&body, image),
            status => Err(NoAnswer::Answer(format!("HTTP {}", status.as_u16()))),
        }
    };
    tokio::pin!(connection);
    tokio::pin!(answering);
    tokio::select! {
        biased;
        answer = &mut answering => answer,
        ended = &mut connection => match ended {
            Err(why) => Err(failed(&why)),
            // What was received before the end may be the answer.
            Ok(()) => answering.await,
        },
    }
}

/// The judgement in the answer of `/v1/verify`.
fn judgement(body: &[u8], image: &str) -> Result<Judgement, NoAnswer> {
    let wrong = |what: &str| NoAnswer::Answer(what.to_owned());
    let arena = Arena::for_text(body.len());
    let document =
        Json::read(body, &arena).map_err(|why| NoAnswer::Answer(notary::text::printable(&why.to_string())))?;
    let images = document.member("images").and_then(Json::array).ok_or_else(|| wrong("it has no images"))?;
    let [answer] = images else { return Err(wrong("it is not about one image")) };
    let text = |name: &str| answer.present(name).and_then(Json::str);
    if text("image") != Some(image) {
        return Err(wrong("it is about another image"));
    }
    let all = document.member("allowed").and_then(Json::bool);
    let allowed = answer.member("allowed").and_then(Json::bool);
    let (Some(all), Some(allowed)) = (all, allowed) else { return Err(wrong("it does not say what is allowed")) };
    let mut reason = format!("{image}: {}", text("outcome").unwrap_or("judged"));
    if let Some(why) = text("reason") {
        reason.push_str(&format!(": {why}"));
    }
    if let Some(signer) = text("signer") {
        reason.push_str(&format!("; signer {signer}"));
    }
    if let Some(rule) = text("rule") {
        reason.push_str(&format!("; rule \"{rule}\""));
    }
    Ok(Judgement::new(all && allowed, &reason))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::UnixListener;

    use super::*;

    const IMAGE: &str =
        "docker.io/library/nginx@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

    /// Asks a service that answers with these bytes.
    async fn answered(answer: Option<String>) -> Result<Judgement, NoAnswer> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 64 * 1024];
            let count = stream.read(&mut request).await.unwrap();
            assert!(String::from_utf8_lossy(&request[..count]).contains(IMAGE));
            match answer {
                Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                None => std::future::pending().await,
            }
        });
        ask(&path, IMAGE, Deadline::new(Duration::from_millis(500))).await
    }

    fn http(status: &str, body: &str) -> Option<String> {
        let length = body.len();
        Some(format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"))
    }

    fn verdict(allowed: bool, all: bool, image: &str) -> Option<String> {
        let image = json!({"image": image, "allowed": allowed, "outcome": "refused", "reason": "revocation:\nrevoked",
            "signer": "arn", "rule": "rest"});
        http("200 OK", &json!({"allowed": all, "images": [image]}).to_string())
    }

    #[tokio::test]
    async fn the_answer_becomes_a_judgement() {
        let judgement = answered(verdict(false, false, IMAGE)).await.unwrap();
        assert_eq!(
            judgement,
            Judgement {
                is_allowed: false,
                reason: format!("{IMAGE}: refused: revocation: revoked; signer arn; rule \"rest\"")
            }
        );
        assert!(answered(verdict(true, true, IMAGE)).await.unwrap().is_allowed);
        assert!(!answered(verdict(true, false, IMAGE)).await.unwrap().is_allowed);
    }

    #[tokio::test]
    async fn what_is_not_a_judgement_about_the_image_is_an_error() {
        for (answer, expected) in [
            (verdict(true, true, "other"), "about another image"),
            (http("200 OK", "{\"allowed\": true, \"images\": []}"), "not about one image"),
            (http("200 OK", "{\"allowed\": true}"), "no images"),
            (http("200 OK", &json!({"images": [{"image": IMAGE, "allowed": true}]}).to_string()), "does not say"),
            (http("200 OK", "{"), "cannot be used"),
            (http("200 OK", &" ".repeat(MAX_ANSWER + 1)), "cannot be used"),
            (http("429 Too Many Requests", "{}"), "HTTP 429"),
            (http("500 Internal Server Error", "{}"), "HTTP 500"),
            (Some("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_owned()), "cannot be used"),
            (Some("no HTTP\r\n\r\n".to_owned()), "does not answer"),
            (Some(String::new()), "does not answer"),
            (None, "in time"),
        ] {
            let shown = format!("{answer:?}");
            let why = answered(answer).await.unwrap_err().to_string();
            assert!(why.contains(expected), "{shown}: {why}");
        }
    }

    #[tokio::test]
    async fn a_socket_that_others_could_replace_is_not_used() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let open = folder.path().join("open");
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
        let deadline = Deadline::new(Duration::from_millis(500));
        let why = ask(&open.join("socket"), IMAGE, deadline).await.unwrap_err();
        assert!(matches!(why, NoAnswer::Socket(_)), "{why}");
        let why = ask(&folder.path().join("missing"), IMAGE, deadline).await.unwrap_err();
        assert!(matches!(why, NoAnswer::Connection(_)), "{why}");
    }
}
