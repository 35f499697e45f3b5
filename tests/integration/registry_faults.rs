//! Registries that lie, stall, flood or send us elsewhere: a clear error, in bounded time and memory, and no secret given away.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use notation_aws_signer::envelope::{Descriptor, Digest};
use notation_aws_signer::registry::{
    ClientOptions, Credential, Credentials, FetchedManifest, IMAGE_INDEX_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE,
    Manifest, PlainHttp, RegistryClient, RegistryError, RemoteRepository, SIGNATURE_MEDIA_TYPE, Secret, Store, Tag,
    Target,
};

use crate::support::fault::{FaultServer, Reply, Request};

const MANIFEST: &str = r#"{"schemaVersion":2,"config":{},"layers":[]}"#;
/// More than any of these tests may take.
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
async fn a_registry_that_hangs_in_the_middle_is_given_up() {
    let error = fetch_error(|_| Reply::Hang("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")).await;
    says(&error, &["GET http://127.0.0.1:", "/v2/a/manifests/v1"]);
    assert!(matches!(error, RegistryError::Timeout { .. } | RegistryError::Connection { .. }), "{error:?}");
    fetch_error(|_| Reply::Hang("")).await;
}

#[tokio::test]
async fn an_answer_that_ends_early_is_asked_for_again() {
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
async fn a_busy_registry_is_asked_again_when_it_says() {
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
async fn a_registry_that_wants_a_longer_wait_than_there_is_time_is_not_waited_for() {
    let body = r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"pull rate limit"}]}"#;
    let server = FaultServer::start(move |_| Reply::Answer(429, vec![("Retry-After", "3600".to_owned())], body.into()));
    let error = fetch(&server).await.unwrap_err();
    says(&error, &["429", "TOOMANYREQUESTS", "pull rate limit", "asks to wait 3600 s", "try again later"]);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_page_for_people_is_no_answer_of_a_registry() {
    let html = "<html><h1>Welcome</h1></html>";
    says(&fetch_error(move |_| Reply::content("text/html; charset=utf-8", html)).await, &["not a valid JSON document"]);
    let error =
        fetch_error(move |_| Reply::Answer(403, vec![("Content-Type", "text/html".to_owned())], html.into())).await;
    says(&error, &["403", "not one of a registry but text/html", "check that you are logged in"]);
    let server = FaultServer::start(move |_| Reply::content("text/html", html));
    let error = repository(&server).referrers(&Digest::sha256(b"x"), SIGNATURE_MEDIA_TYPE, 10).await.unwrap_err();
    says(&error, &["text/html", "check that this is the API of a registry"]);
}

#[tokio::test]
async fn refusing_for_ever_ends() {
    let basic =
        FaultServer::start(|_| Reply::Answer(401, vec![("WWW-Authenticate", "Basic realm=x".to_owned())], Vec::new()));
    let repository = repository_as(&basic, user());
    says(&repository.fetch_manifest(&tag()).await.unwrap_err(), &["does not accept the credentials", "log in"]);
    assert_eq!(basic.seen().len(), 2);
    let bare = FaultServer::start(|_| Reply::status(401));
    says(&fetch(&bare).await.unwrap_err(), &["does not say how to authenticate"]);
    let bearer = FaultServer::start(|request| match request.path.starts_with("/token") {
        true => Reply::content("application/json", r#"{"token":"hunter2-token"}"#),
        false => {
            let realm = format!("Bearer realm=\"http://{}/token\",service=s", request.header("Host").unwrap());
            Reply::Answer(401, vec![("WWW-Authenticate", realm)], Vec::new())
        }
    });
    says(&fetch(&bearer).await.unwrap_err(), &["does not accept the credentials"]);
    assert_eq!(bearer.seen().len(), 3);
}

#[tokio::test]
async fn a_token_is_fetched_once_and_kept_to_the_registry() {
    let elsewhere = FaultServer::start(|_| Reply::content("application/octet-stream", "blob"));
    let to = format!("http://{}/bucket?signature=hunter2", elsewhere.address);
    let server = FaultServer::start(move |request| {
        let host = request.header("Host").unwrap();
        match request.header("Authorization") {
            _ if request.path.starts_with("/token") => {
                Reply::content("application/json", r#"{"access_token":"t","expires_in":300}"#)
            }
            Some("Bearer t") if request.path.contains("/blobs/") => {
                Reply::Answer(307, vec![("Location", to.clone())], Vec::new())
            }
            Some("Bearer t") => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST),
            _ => {
                let challenge =
                    format!("Bearer realm=\"http://{host}/token\",service=\"s\",scope=\"repository:a:pull\"");
                Reply::Answer(401, vec![("WWW-Authenticate", challenge)], Vec::new())
            }
        }
    });
    let repository = repository_as(&server, user());
    repository.fetch_manifest(&tag()).await.unwrap();
    assert_eq!(repository.blob(&Descriptor::of("a/b", b"blob"), 100).await.unwrap(), b"blob");
    let seen = server.seen();
    let tokens: Vec<_> = seen.iter().filter(|request| request.path.starts_with("/token")).collect();
    assert_eq!(tokens.len(), 1);
    assert_eq!(tokens[0].path, "/token?service=s&scope=repository%3Aa%3Apull");
    assert!(tokens[0].header("Authorization").unwrap().starts_with("Basic "));
    assert!(elsewhere.seen().iter().all(|request| request.header("Authorization").is_none()));
    assert_eq!(elsewhere.seen().len(), 1);
    // What the other host answers is checked, and its URL is not shown.
    let error = repository.blob(&Descriptor::of("a/b", b"other"), 100).await.unwrap_err();
    says(&error, &["/bucket?signature=…"]);
}

#[tokio::test]
async fn an_identity_token_is_exchanged_and_never_in_a_url() {
    let server = FaultServer::start(|request| match request.header("Authorization") {
        Some("Bearer t") => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST),
        _ if request.path == "/token" => Reply::content("application/json", r#"{"access_token":"t"}"#),
        _ => {
            let challenge = format!("Bearer realm=\"http://{}/token\",service=s", request.header("Host").unwrap());
            Reply::Answer(401, vec![("WWW-Authenticate", challenge)], Vec::new())
        }
    });
    let repository = repository_as(&server, Credentials::given(Credential::IdentityToken(Secret::new("hunter2"))));
    repository.fetch_manifest(&tag()).await.unwrap();
    let seen = server.seen();
    assert!(seen.iter().all(|request| !request.path.contains("hunter2")));
    let form = String::from_utf8(seen[1].body.clone()).unwrap();
    assert!(
        seen[1].method == "POST"
            && form.contains("refresh_token=hunter2")
            && form.contains("scope=repository%3Aa%3Apull")
    );
}

#[tokio::test]
async fn redirects_end_and_are_followed_for_blobs_only() {
    let server = FaultServer::start(|request| Reply::Answer(302, vec![("Location", request.path.clone())], Vec::new()));
    let error = repository(&server).blob(&Descriptor::of("a/b", b"x"), 10).await.unwrap_err();
    says(&error, &["more than 5 redirects"]);
    assert_eq!(server.seen().len(), 6);
    says(&fetch(&server).await.unwrap_err(), &["redirect, which is followed for blobs only"]);
    assert_eq!(server.seen().len(), 7);
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    let server = FaultServer::start(|_| Reply::Flood(1 << 30));
    assert!(matches!(fetch(&server).await.unwrap_err(), RegistryError::TooLarge { limit: 4_194_304, .. }));
    let error = repository(&server).blob(&Descriptor::of("a/b", b"x"), 10).await.unwrap_err();
    says(&error, &["it was listed as 1 bytes, and is larger"]);
    assert!(repository(&server).referrers(&Digest::sha256(b"x"), SIGNATURE_MEDIA_TYPE, 10).await.is_err());
    assert!(server.written() < 64 << 20, "{}", server.written());
    says(
        &fetch_error(|_| Reply::Close("HTTP/1.1 200 OK\r\nContent-Length: 4194305\r\n\r\n{")).await,
        &["4194304 bytes"],
    );
}

#[tokio::test]
async fn what_is_not_what_it_is_called_is_refused() {
    let server = FaultServer::start(|_| Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST));
    let other = Target::Digest(Digest::sha256(b"other"));
    let error = repository(&server).fetch_manifest(&other).await.unwrap_err();
    says(&error, &["its digest is not sha256:", "do not use it"]);
    let honest = Descriptor::of(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST.as_bytes());
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

fn entry(i: usize) -> String {
    let digest = Digest::sha256(&i.to_be_bytes());
    format!(
        r#"{{"mediaType":"{IMAGE_MANIFEST_MEDIA_TYPE}","digest":"{digest}","size":7,"artifactType":"{SIGNATURE_MEDIA_TYPE}"}}"#
    )
}

fn page(entries: std::ops::Range<usize>) -> String {
    let entries: Vec<String> = entries.map(entry).collect();
    format!(r#"{{"schemaVersion":2,"mediaType":"{IMAGE_INDEX_MEDIA_TYPE}","manifests":[{}]}}"#, entries.join(","))
}

async fn referrers(server: &FaultServer, most: usize) -> Result<Vec<Descriptor>, RegistryError> {
    let start = Instant::now();
    let result = repository(server).referrers(&Digest::sha256(b"x"), SIGNATURE_MEDIA_TYPE, most).await;
    assert!(start.elapsed() < SOON);
    result
}

#[tokio::test]
async fn ten_thousand_signatures_are_too_many() {
    let server = FaultServer::start(|_| Reply::content(IMAGE_INDEX_MEDIA_TYPE, page(0..10_000)));
    says(&referrers(&server, 100).await.unwrap_err(), &["more than 100 referrers of this type"]);
}

#[tokio::test]
async fn a_list_in_pages_is_read_to_its_end_and_no_further_than_its_bounds() {
    let at =
        |request: &Request| request.path.split_once("&last=").map_or(0, |(_, last)| last.parse::<usize>().unwrap());
    let answer = |entries, next: usize| {
        let link = format!("</v2/a/referrers/x?artifactType=t&last={next}>; rel=\"next\"");
        Reply::Answer(
            200,
            vec![("Content-Type", IMAGE_INDEX_MEDIA_TYPE.to_owned()), ("Link", link)],
            page(entries).into(),
        )
    };
    let finite = FaultServer::start(move |request| match at(request) {
        3 => Reply::content(IMAGE_INDEX_MEDIA_TYPE, page(3..4)),
        n => answer(n..n + 1, n + 1),
    });
    assert_eq!(referrers(&finite, 100).await.unwrap().len(), 4);
    assert!(finite.seen()[0].path.ends_with("?artifactType=application%2Fvnd.cncf.notary.signature"));
    // Without end, each page with something new; without end and without anything new; always the same page.
    let growing = FaultServer::start(move |request| answer(at(request)..at(request) + 1, at(request) + 1));
    says(&referrers(&growing, 100).await.unwrap_err(), &["more than 100 referrers"]);
    let empty = FaultServer::start(move |request| answer(0..0, at(request) + 1));
    let error = referrers(&empty, 100).await.unwrap_err();
    assert!(matches!(error, RegistryError::TooMany { .. } | RegistryError::Timeout { .. }), "{error}");
    let same = FaultServer::start(move |_| answer(0..1, 1));
    says(&referrers(&same, 100).await.unwrap_err(), &["is this page"]);
}

#[tokio::test]
async fn a_list_that_goes_on_at_another_host_is_refused() {
    let server = FaultServer::start(|_| {
        let link = "<http://127.0.0.2:1/v2/a/referrers/x>; rel=next".to_owned();
        Reply::Answer(200, vec![("Content-Type", IMAGE_INDEX_MEDIA_TYPE.to_owned()), ("Link", link)], page(0..1).into())
    });
    says(&referrers(&server, 100).await.unwrap_err(), &["not in this registry"]);
}

#[tokio::test]
async fn a_listed_manifest_that_lies_spoils_only_itself() {
    let subject = Descriptor::of(IMAGE_MANIFEST_MEDIA_TYPE, b"subject");
    let good = Manifest::signature(subject.clone(), b"envelope", [].into()).to_bytes();
    let other = Manifest::signature(Descriptor::of("a/b", b"other"), b"envelope", [].into()).to_bytes();
    let contents = [good, other];
    let listed: Vec<Descriptor> =
        contents.iter().map(|content| Descriptor::of(IMAGE_MANIFEST_MEDIA_TYPE, content)).collect();
    let entries: Vec<String> = listed
        .iter()
        .map(|d| {
            format!(
                r#"{{"mediaType":"{}","digest":"{}","size":{},"artifactType":"{SIGNATURE_MEDIA_TYPE}"}}"#,
                d.media_type, d.digest, d.size
            )
        })
        .chain([entry(0)])
        .collect();
    let index = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, entries.join(","));
    let server = FaultServer::start(move |request| {
        let found = listed.iter().zip(&contents).find(|(d, _)| request.path.ends_with(d.digest.as_str()));
        match found {
            Some((_, content)) => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, content.clone()),
            None if request.path.contains("/referrers/") => Reply::content(IMAGE_INDEX_MEDIA_TYPE, index.clone()),
            None => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST),
        }
    });
    let found = Store::Remote(repository(&server)).signatures(&subject, 10).await.unwrap();
    assert_eq!(found.iter().map(|signature| signature.manifest.is_ok()).collect::<Vec<_>>(), [true, false, false]);
}

#[tokio::test]
async fn an_index_that_cannot_be_read_is_never_overwritten() {
    let subject = Descriptor::of(IMAGE_MANIFEST_MEDIA_TYPE, b"subject");
    let manifest = Manifest::signature(subject.clone(), b"envelope", [].into());
    let tag = format!("/{}", Tag::of_referrers(&subject.digest));
    for reading in [
        || Reply::status(403),
        || Reply::status(500),
        || Reply::status(400),
        || Reply::content("text/html", "<html>"),
        || Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST),
        || Reply::content(IMAGE_INDEX_MEDIA_TYPE, r#"{"manifests":{}}"#),
        || Reply::Close("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
    ] {
        let index = tag.clone();
        let server = FaultServer::start(move |request| match request.method.as_str() {
            "GET" if request.path.ends_with(&index) => reading(),
            "PUT" => Reply::status(201),
            _ => Reply::status(404),
        });
        repository(&server).push_referrer(&manifest).await.unwrap_err();
        assert!(server.seen().iter().all(|request| request.method != "PUT" || !request.path.ends_with(&tag)));
        if reading_is_a_list_failure(&server, &subject.digest).await {
            continue;
        }
        panic!("a list that cannot be read was taken for an empty one");
    }
}

/// Whether reading the list of referrers fails: none of these indexes means that there are none.
async fn reading_is_a_list_failure(server: &FaultServer, subject: &Digest) -> bool {
    repository(server).referrers(subject, SIGNATURE_MEDIA_TYPE, 10).await.is_err()
}

#[tokio::test]
async fn an_index_is_written_under_the_condition_that_it_is_still_the_one_that_was_read() {
    let subject = Descriptor::of(IMAGE_MANIFEST_MEDIA_TYPE, b"subject");
    let manifest = Manifest::signature(subject.clone(), b"envelope", [].into());
    let tag = format!("/{}", Tag::of_referrers(&subject.digest));
    let (index, puts) = (std::sync::Mutex::new(page(0..1)), AtomicUsize::new(0));
    let server = FaultServer::start(move |request| match (request.method.as_str(), request.path.ends_with(&tag)) {
        ("GET", true) => {
            let headers = vec![("Content-Type", IMAGE_INDEX_MEDIA_TYPE.to_owned()), ("ETag", "\"e\"".to_owned())];
            Reply::Answer(200, headers, index.lock().unwrap().clone().into())
        }
        ("PUT", true) if puts.fetch_add(1, Ordering::Relaxed) == 0 => Reply::status(412),
        ("PUT", true) => {
            *index.lock().unwrap() = String::from_utf8(request.body.clone()).unwrap();
            Reply::status(201)
        }
        ("PUT", false) => Reply::status(201),
        _ => Reply::status(404),
    });
    repository(&server).push_referrer(&manifest).await.unwrap();
    assert_eq!(referrers(&server, 10).await.unwrap_or_default().len(), 0, "the list of another subject");
    assert_eq!(repository(&server).referrers(&subject.digest, SIGNATURE_MEDIA_TYPE, 10).await.unwrap().len(), 2);
    let seen = server.seen();
    let writes: Vec<_> = seen.iter().filter(|r| r.method == "PUT" && r.path.contains("/sha256-")).collect();
    assert_eq!(writes.len(), 2);
    assert!(writes.iter().all(|request| request.header("If-Match") == Some("\"e\"")));
}

#[tokio::test]
async fn a_certificate_is_accepted_only_with_the_file_of_its_authority() {
    let (server, authority) = FaultServer::start_tls(|request| match request.path.contains("/blobs/") {
        true => Reply::Answer(302, vec![("Location", "http://127.0.0.1:1/blob".to_owned())], Vec::new()),
        false => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST),
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority).unwrap();
    let client = |ca_files: Vec<std::path::PathBuf>| {
        let mut options = options();
        options.plain_http = PlainHttp::Never;
        options.ca_files = ca_files;
        let name = format!("localhost:{}/a", server.address.port()).parse().unwrap();
        RegistryClient::new(options, Credentials::none()).repository(&name).unwrap()
    };
    let trusting = client(vec![file]);
    trusting.fetch_manifest(&tag()).await.unwrap();
    // What came by TLS does not go on without.
    let error = trusting.blob(&Descriptor::of("a/b", b"x"), 10).await.unwrap_err();
    says(&error, &["from https to http"]);
    let error = client(Vec::new()).fetch_manifest(&tag()).await.unwrap_err();
    says(&error, &["GET https://localhost:", "certificate"]);
    assert!(matches!(error, RegistryError::Connection { .. }));
    let error = client(vec![folder.path().join("none.pem")]).fetch_manifest(&tag()).await.unwrap_err();
    says(&error, &["none.pem", "PEM"]);
}

#[tokio::test]
async fn tls_is_left_out_on_this_machine_only_and_when_asked() {
    let (tls, _) = FaultServer::start_tls(|_| Reply::status(200));
    let plain = repository(&tls).fetch_manifest(&tag()).await.unwrap_err();
    says(&plain, &["GET http://127.0.0.1:"]);
    let client = RegistryClient::new(options(), Credentials::none());
    let elsewhere = client.repository(&"registry.invalid/a".parse().unwrap()).unwrap();
    says(
        &elsewhere.fetch_manifest(&tag()).await.unwrap_err(),
        &["GET https://registry.invalid/v2/a/manifests/v1", "no connection"],
    );
}
