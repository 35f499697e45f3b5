//! Registries that lie, stall, flood or redirect: the client fails with a clear error, in bounded time and memory, and
//! reveals no secret.

mod authentication;
mod connections;
mod immutable;
mod parts;
mod redirects;
mod referrers;
mod tls;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use notary::manifest::{IMAGE_MANIFEST_MEDIA_TYPE, Manifest, SIGNATURE_MEDIA_TYPE};
use notary::media_type::IMAGE_INDEX_MEDIA_TYPE;
use notary::reference::{Tag, Target};
use notary::{Advice, Descriptor, Digest, ReasonCode};
use registry::{
    ClientOptions, Credential, Credentials, FetchedManifest, PlainHttp, RegistryClient, RegistryError,
    RemoteRepository, Secret, Store, TlsFailure,
};

use crate::support::fault::{FaultServer, Reply, Request};

const MANIFEST: &str = r#"{"schemaVersion":2,"config":{},"layers":[]}"#;
/// The time limit of each request here.
const SOON: Duration = Duration::from_secs(5);

fn options() -> ClientOptions {
    let mut options = ClientOptions::default();
    options.timeout = Duration::from_secs(2);
    options.idle_timeout = Duration::from_millis(300);
    options.backoff = Duration::from_millis(10);
    options.settle_time = Duration::from_millis(20);
    options.lock_folder = None;
    options
}

fn repository_as(server: &FaultServer, credentials: Credentials) -> RemoteRepository {
    let name = format!("{}/a", server.address).parse().unwrap();
    RegistryClient::new(options(), credentials).repository(&name).unwrap()
}

fn repository(server: &FaultServer) -> RemoteRepository {
    repository_as(server, Credentials::none())
}

fn user() -> Credentials {
    Credentials::given(Credential::Password { username: "user".to_owned(), password: Secret::new("hunter2") })
}

fn tag() -> Target {
    Target::Tag("v1".parse().unwrap())
}

async fn fetch(server: &FaultServer) -> Result<FetchedManifest, RegistryError> {
    let start = Instant::now();
    let result = repository(server).fetch_manifest(&tag()).await;
    assert!(start.elapsed() < SOON);
    result
}

async fn fetch_error(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> RegistryError {
    fetch(&FaultServer::start(reply)).await.unwrap_err()
}

#[track_caller]
fn says(error: &RegistryError, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "should say {word:?}: {text}");
    }
    assert!(!format!("{text} {error:?}").contains("hunter2"), "{text}");
}

#[tokio::test]
async fn gives_up_on_a_hanging_registry() {
    let error = fetch_error(|_| Reply::Hang("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")).await;
    says(&error, &["GET http://127.0.0.1:", "/v2/a/manifests/v1"]);
    assert!(matches!(error, RegistryError::Timeout { .. } | RegistryError::Connection { .. }), "{error:?}");
    fetch_error(|_| Reply::Hang("")).await;
}

#[tokio::test]
async fn retries_after_a_truncated_response() {
    let count = AtomicUsize::new(0);
    let server = FaultServer::start(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => Reply::Close(""),
        1 => Reply::Close("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
        2 => Reply::status(503),
        _ => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST),
    });
    assert_eq!(fetch(&server).await.unwrap().bytes, MANIFEST.as_bytes());
    assert_eq!(server.seen().len(), 4);
    let always = FaultServer::start(|_| Reply::Close("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"));
    assert!(matches!(fetch(&always).await.unwrap_err(), RegistryError::Connection { .. }));
    assert_eq!(always.seen().len(), 5);
}

#[tokio::test]
async fn retries_after_the_time_in_retry_after() {
    let count = AtomicUsize::new(0);
    let server = FaultServer::start(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => Reply::Answer(429, vec![("Retry-After", "1".to_owned())], Vec::new()),
        _ => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST),
    });
    let start = Instant::now();
    fetch(&server).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn fails_at_once_if_retry_after_exceeds_the_deadline() {
    let body = r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"pull rate limit"}]}"#;
    let server = FaultServer::start(move |_| Reply::Answer(429, vec![("Retry-After", "3600".to_owned())], body.into()));
    let error = fetch(&server).await.unwrap_err();
    says(&error, &["429", "TOOMANYREQUESTS", "pull rate limit", "retry after 3600 s"]);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn rejects_html_pages() {
    let html = "<html><head><title>Welcome</title></head></html>";
    let error = fetch_error(move |_| Reply::content("text/html; charset=utf-8", html)).await;
    says(&error, &["expected a manifest, got text/html: Welcome"]);
    assert_eq!(error.code(), ReasonCode::Protocol);
    let server = FaultServer::start(move |_| Reply::content("application/json", html));
    let digest = Target::Digest(Digest::sha256(b"x"));
    let error = repository(&server).fetch_manifest(&digest).await.unwrap_err();
    says(&error, &["expected a manifest, got a web page: Welcome"]);
    let error =
        fetch_error(move |_| Reply::Answer(403, vec![("Content-Type", "text/html".to_owned())], html.into())).await;
    says(&error, &["403", "got text/html"]);
    let server = FaultServer::start(move |_| Reply::content("text/html", html));
    let found = repository(&server).referrers(&Digest::sha256(b"x"), SIGNATURE_MEDIA_TYPE, 10).await.unwrap();
    assert_eq!(found, []);
}

#[tokio::test]
async fn stops_reading_a_flood() {
    let server = FaultServer::start(|_| Reply::Flood(1 << 30));
    assert!(matches!(fetch(&server).await.unwrap_err(), RegistryError::TooLarge { limit: 4_194_304, .. }));
    let error = repository(&server).blob(&Descriptor::from_content("a/b", b"x"), 10).await.unwrap_err();
    says(&error, &["expected 1 bytes, got more"]);
    assert!(repository(&server).referrers(&Digest::sha256(b"x"), SIGNATURE_MEDIA_TYPE, 10).await.is_err());
    assert!(server.written() < 64 << 20, "{}", server.written());
    says(
        &fetch_error(|_| Reply::Close("HTTP/1.1 200 OK\r\nContent-Length: 4194305\r\n\r\n{")).await,
        &["4194304 bytes"],
    );
}

#[tokio::test]
async fn rejects_content_with_another_digest_size_or_type() {
    let server = FaultServer::start(|_| Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST));
    let other = Target::Digest(Digest::sha256(b"other"));
    let error = repository(&server).fetch_manifest(&other).await.unwrap_err();
    says(&error, &["its digest is not sha256:", "do not use it"]);
    let honest = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST.as_bytes());
    for listed in [
        Descriptor { size: 1, ..honest.clone() },
        Descriptor { media_type: IMAGE_INDEX_MEDIA_TYPE.to_owned(), ..honest.clone() },
    ] {
        let error = repository(&server).manifest(&listed).await.unwrap_err();
        assert!(matches!(error, RegistryError::Content { .. }), "{error}");
    }
    repository(&server).manifest(&honest).await.unwrap();
    let lie = Digest::sha256(b"lie").to_string();
    let lying = move |_: &Request| {
        let headers =
            vec![("Content-Type", IMAGE_MANIFEST_MEDIA_TYPE.to_owned()), ("Docker-Content-Digest", lie.clone())];
        Reply::Answer(200, headers, MANIFEST.into())
    };
    assert!(matches!(fetch_error(lying).await, RegistryError::Content { .. }));
}
