//! The second listener: probes, metrics and the status page, over plain HTTP/1.1. It serves no adapter.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::accept::Phase;
use super::application::{Operations, StatusForm, StatusPage};
use super::guarded::Guarded;
use super::open::{Activity, Table};
use crate::metrics;

/// For a further connection, the one that has been idle for the longest time is closed: probes always get through.
const MAX_CONNECTIONS: usize = 64;
const MAX_HEAD: usize = 8 * 1024;
const HEAD_TIME: Duration = Duration::from_secs(5);
const IDLE_TIME: Duration = Duration::from_secs(120);
const WRITE_TIME: Duration = Duration::from_secs(10);

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";

/// The headers of the status page. It shows the state of the moment, and belongs in no frame and no cache.
const SECURITY: [(HeaderName, &str); 7] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::VARY, "Accept"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Serves until this future is dropped, which closes its connections.
pub(super) async fn serve<P: Operations>(listener: TcpListener, operations: Arc<P>, phases: watch::Receiver<Phase>) {
    let table = Arc::new(Table::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = listener.accept().await;
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                let (table, operations, phases) = (Arc::clone(&table), Arc::clone(&operations), phases.clone());
                connections.spawn(async move {
                    let Some(entry) = table.add() else { return };
                    connection(stream, Arc::clone(&entry.activity), operations, phases).await;
                });
            }
            Err(error) => {
                tracing::warn!("cannot accept a connection for probes: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn connection<P: Operations>(
    stream: TcpStream,
    activity: Arc<Activity>,
    operations: Arc<P>,
    phases: watch::Receiver<Phase>,
) {
    let _ = stream.set_nodelay(true);
    let stream = Guarded::http1(stream, Arc::clone(&activity), HEAD_TIME, WRITE_TIME);
    let answering = Arc::clone(&activity);
    let service = service_fn(move |request| {
        answering.begin();
        let answer = answer(&request, operations.as_ref(), *phases.borrow());
        answering.end(true);
        std::future::ready(Ok::<_, Infallible>(answer))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_TIME)
        .max_header_size(MAX_HEAD)
        .max_buf_size(2 * MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        ended = connection => {
            if let Err(error) = ended {
                tracing::debug!("a connection for probes ended: {error}");
            }
        }
        () = activity.cut.notified() => {}
    }
}

fn answer(request: &Request<Incoming>, operations: &impl Operations, phase: Phase) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    if !matches!(path, "/livez" | "/healthz" | "/readyz" | "/metrics" | "/status") {
        return reply(404, TEXT, "this path is not served\n".to_owned());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut answer = reply(405, TEXT, "this path answers to GET only\n".to_owned());
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    match path {
        "/readyz" if phase != Phase::Serving => reply(503, TEXT, "the service is stopping\n".to_owned()),
        "/readyz" => match operations.ready() {
            Ok(()) => reply(200, TEXT, "ok\n".to_owned()),
            Err(missing) => reply(503, TEXT, format!("{missing}\n")),
        },
        "/metrics" => reply(200, metrics::CONTENT_TYPE, operations.metrics()),
        "/status" => status(operations, request),
        _ => reply(200, TEXT, "ok\n".to_owned()),
    }
}

/// The status page, as HTML or as JSON, with the headers that keep other sites from using it.
fn status(operations: &impl Operations, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let form = match (request.uri().query(), request.headers().get(header::ACCEPT)) {
        (None | Some(""), accept) if accept.is_some_and(wants_json) => StatusForm::Json,
        (None | Some("" | "format=html"), _) => StatusForm::Html,
        (Some("format=json"), _) => StatusForm::Json,
        (Some(_), _) => return reply(400, TEXT, "the query can be format=json or format=html\n".to_owned()),
    };
    let StatusPage { body, content_security_policy } = operations.status(form);
    let media_type = if form == StatusForm::Html { HTML } else { JSON };
    let mut response = reply(200, media_type, body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, content_security_policy);
    for (name, value) in SECURITY {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether a client names JSON before HTML, or without it. Browsers name HTML first.
fn wants_json(accept: &HeaderValue) -> bool {
    let types = accept.as_bytes().split(|byte| *byte == b',').map(|one| {
        let essence = one.split(|byte| *byte == b';').next().unwrap_or_default();
        essence.trim_ascii().to_ascii_lowercase()
    });
    let known = types.filter(|one| [&b"application/json"[..], b"text/html"].contains(&&**one));
    known.map(|one| one == b"application/json").next().unwrap_or(false)
}

fn reply(status: u16, media_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
