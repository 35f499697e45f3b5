//! TLS over real connections.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tracing_subscriber::layer::SubscriberExt as _;

use super::super::*;
use super::client::{Authority, BOTH, Made, answer, ask, client, connect, is_closed, post, status};
use super::setup::{LONG, Server, Setup};
use crate::config::{LogLevel, TlsFiles};
use crate::log::Log;

struct Files {
    folder: tempfile::TempDir,
    files: TlsFiles,
}

impl Files {
    fn new(made: &Made) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let files =
            TlsFiles { certificate: path("tls.crt"), key: path("tls.key"), client_ca: None, client_names: Vec::new() };
        let files = Self { folder, files };
        files.write(made);
        files
    }

    fn write(&self, made: &Made) {
        std::fs::write(&self.files.certificate, &made.certificate).unwrap();
        std::fs::write(&self.files.key, &made.key).unwrap();
    }

    fn client_ca(&mut self, authority: &Authority, names: &[&str]) {
        let path: PathBuf = self.folder.path().join("client-ca.crt");
        std::fs::write(&path, authority.pem()).unwrap();
        self.files.client_ca = Some(path);
        self.files.client_names = names.iter().map(|name| (*name).to_owned()).collect();
    }
}

async fn start(tls: &Arc<Tls>) -> Server {
    Setup { tls: Some(Arc::clone(tls)), ..Setup::default() }.start().await
}

#[tokio::test]
async fn both_versions_of_tls_and_of_http_are_served() {
    let authority = Authority::new();
    let files = Files::new(&authority.issue("server", &["localhost"]));
    let tls = Arc::new(Tls::from_files(&files.files).unwrap());
    let server = start(&tls).await;
    for version in BOTH {
        let stream = connect(server.adapters, client(&authority.pem(), None, &[*version], "h2")).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        assert_eq!(ask(stream).await.0, 200);
        let mut stream =
            connect(server.adapters, client(&authority.pem(), None, &[*version], "http/1.1")).await.unwrap();
        stream.write_all(post("/validate", "{}").as_bytes()).await.unwrap();
        assert_eq!(status(&answer(&mut stream).await), 200);
    }
    // Plain HTTP is not answered, and another protocol is not chosen.
    let mut plain = TcpStream::connect(server.adapters).await.unwrap();
    plain.write_all(post("/validate", "{}").as_bytes()).await.unwrap();
    assert_eq!(status(&answer(&mut plain).await), 0);
    assert!(connect(server.adapters, client(&authority.pem(), None, BOTH, "spdy/3")).await.is_err());
}

#[tokio::test]
async fn a_handshake_that_does_not_go_on_is_cut() {
    let authority = Authority::new();
    let files = Files::new(&authority.issue("server", &["localhost"]));
    let tls = Arc::new(Tls::from_files(&files.files).unwrap());
    let mut setup = Setup { tls: Some(tls), ..Setup::default() };
    (setup.times.handshake, setup.times.head) = (Duration::from_millis(100), Duration::from_millis(100));
    let server = setup.start().await;
    for first in ["", "\x16\x03\x01"] {
        let mut stream = TcpStream::connect(server.adapters).await.unwrap();
        stream.write_all(first.as_bytes()).await.unwrap();
        timeout(Duration::from_secs(5), is_closed(&mut stream)).await.expect("the connection stays open");
    }
    // After the handshake, a request must follow.
    for protocol in ["h2", "http/1.1"] {
        let mut stream = connect(server.adapters, client(&authority.pem(), None, BOTH, protocol)).await.unwrap();
        timeout(Duration::from_secs(5), is_closed(&mut stream)).await.expect("the connection stays open");
    }
}

#[tokio::test]
async fn only_clients_with_the_right_certificate_are_served() {
    let authority = Authority::new();
    let clients = Authority::new();
    let mut files = Files::new(&authority.issue("server", &["localhost"]));
    files.client_ca(&clients, &["gatekeeper-webhook", "gate.example.com"]);
    let tls = Arc::new(Tls::from_files(&files.files).unwrap());
    let server = start(&tls).await;
    let is_served = async |shown: Option<&Made>, version: &'static rustls::SupportedProtocolVersion| {
        // With TLS 1.3, clients learn of a refusal only when they read.
        let config = client(&authority.pem(), shown, &[version], "http/1.1");
        let Ok(mut stream) = connect(server.adapters, config).await else { return false };
        let _ = stream.write_all(post("/validate", "{}").as_bytes()).await;
        status(&answer(&mut stream).await) == 200
    };
    let cases = [
        (clients.issue("gatekeeper-webhook", &[]), true),
        (clients.issue("other", &["GATE.example.com"]), true),
        (clients.issue("other", &["x.example.com", "gate.example.com"]), true),
        (clients.issue("gatekeeper-webhook2", &[]), false),
        (clients.issue("Gatekeeper-Webhook", &[]), false),
        (clients.issue("other", &["*.example.com"]), false),
        (clients.issue("other", &[]), false),
        (authority.issue("gatekeeper-webhook", &[]), false),
        (Authority::new().issue("gatekeeper-webhook", &["gate.example.com"]), false),
    ];
    for version in BOTH {
        assert!(!is_served(None, version).await, "a client without a certificate is served");
        for (number, (made, expected)) in cases.iter().enumerate() {
            assert_eq!(is_served(Some(made), version).await, *expected, "case {number}, {version:?}");
        }
    }
    // Nothing but handshakes happened.
    assert_eq!(server.app.calls.load(Ordering::SeqCst), 6);
    // Without names, the authority is enough, and it is needed.
    files.files.client_names.clear();
    assert!(tls.use_files(&files.files).unwrap());
    assert!(is_served(Some(&cases[6].0), &rustls::version::TLS13).await);
    assert!(!is_served(Some(&cases[7].0), &rustls::version::TLS13).await);
    assert!(!is_served(None, &rustls::version::TLS13).await);
}

/// In a runtime of one thread, which the lines of the log are taken from.
#[tokio::test]
async fn clients_that_are_refused_are_logged_once_with_their_names() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let mut files = Files::new(&authority.issue("server", &["localhost"]));
    files.client_ca(&clients, &["gatekeeper-webhook"]);
    let tls = Arc::new(Tls::from_files(&files.files).unwrap());
    let lines = Lines::default();
    let log = Log::to(LogLevel::Info, lines.clone()).unwrap();
    let _logged = tracing::subscriber::set_default(tracing_subscriber::registry().with(log.events()));
    let server = start(&tls).await;
    let refused = [
        Some(clients.issue("kyverno", &["kyverno.example.com"])),
        Some(clients.issue("new\nline\u{202e}", &[])),
        Some(Authority::new().issue("gatekeeper-webhook", &[])),
        None,
    ];
    for made in refused.iter().chain(&refused) {
        let config = client(&authority.pem(), made.as_ref(), &[&rustls::version::TLS13], "http/1.1");
        let Ok(mut stream) = connect(server.adapters, config).await else { continue };
        let _ = stream.write_all(post("/validate", "{}").as_bytes()).await;
        assert_eq!(status(&answer(&mut stream).await), 0);
    }
    drop(log);
    let said = [
        "its names kyverno, kyverno.example.com are not in server.tls.clientNames",
        "its names new line  are not in",
        r#"a client certificate with the names \"gatekeeper-webhook\" was refused: invalid peer certificate"#,
        "a client without a certificate was refused",
    ];
    let count = |said: &str| lines.text().matches(said).count();
    server.eventually(|_| said.iter().all(|said| count(said) > 0)).await;
    assert_eq!(said.map(count), [1; 4], "{}", lines.text());
}

/// Keeps what is logged.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<std::sync::Mutex<Vec<u8>>>);

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_key_of_another_certificate_is_named() {
    let authority = Authority::new();
    let files = Files::new(&authority.issue("server", &["localhost"]));
    std::fs::write(&files.files.key, authority.issue("server", &["localhost"]).key).unwrap();
    let why = Tls::from_files(&files.files).unwrap_err().to_string();
    assert!(why.contains("tls.key does not belong to the certificate in") && !why.contains("Mismatch"), "{why}");
}

#[test]
fn names_of_clients_need_an_authority() {
    let mut files = Files::new(&Authority::new().issue("server", &["localhost"]));
    files.files.client_names.push("gatekeeper-webhook".to_owned());
    assert!(matches!(Tls::from_files(&files.files), Err(TlsError::NamesWithoutAuthority)));
    files.files.client_ca = Some(files.files.key.clone());
    assert!(matches!(Tls::from_files(&files.files), Err(TlsError::Pem { what: "a certificate", .. })));
}

#[tokio::test]
async fn a_certificate_is_replaced_under_load_without_a_failed_request() {
    let authority = Authority::new();
    let files = Files::new(&authority.issue("server", &["localhost"]));
    let tls = Arc::new(Tls::from_files(&files.files).unwrap());
    let server = Arc::new(start(&tls).await);
    let is_over = Arc::new(AtomicBool::new(false));
    let done = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = ["h2", "http/1.1", "h2"]
        .map(|protocol| {
            let config = client(&authority.pem(), None, BOTH, protocol);
            let (server, is_over, done) = (Arc::clone(&server), Arc::clone(&is_over), Arc::clone(&done));
            tokio::spawn(async move {
                while !is_over.load(Ordering::SeqCst) {
                    let mut stream = connect(server.adapters, Arc::clone(&config)).await.unwrap();
                    if protocol == "h2" {
                        assert_eq!(ask(stream).await.0, 200);
                    } else {
                        stream.write_all(post("/validate", "{}").as_bytes()).await.unwrap();
                        assert_eq!(status(&answer(&mut stream).await), 200);
                    }
                    done.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .into();
    for _ in 0..10 {
        let before = done.load(Ordering::SeqCst);
        files.write(&authority.issue("server", &["localhost"]));
        assert!(tls.reload().unwrap());
        assert!(!tls.reload().unwrap(), "nothing changed");
        server.eventually(|_| done.load(Ordering::SeqCst) > before + 5).await;
    }
    is_over.store(true, Ordering::SeqCst);
    for client in clients {
        timeout(LONG, client).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn files_that_do_not_fit_leave_the_old_certificate_in_force() {
    let authority = Authority::new();
    let first = authority.issue("server", &["localhost"]);
    let files = Files::new(&first);
    let tls = Arc::new(Tls::from_files(&files.files).unwrap());
    let server = start(&tls).await;
    let second = authority.issue("server", &["localhost"]);
    let (certificate, key) = (&files.files.certificate, &files.files.key);
    let served = async || {
        let stream = connect(server.adapters, client(&authority.pem(), None, BOTH, "h2")).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    };
    let before = served().await;
    let broken: [(&Path, &str); 5] = [
        // Only one of the two is there so far.
        (certificate, &second.certificate),
        (certificate, &second.certificate[..second.certificate.len() / 2]),
        (certificate, ""),
        (key, ""),
        (key, &second.key),
    ];
    for (path, text) in broken {
        files.write(&first);
        std::fs::write(path, text).unwrap();
        let error = tls.reload().unwrap_err().to_string();
        assert!(!error.contains("PRIVATE KEY"), "{error}");
        assert_eq!(served().await, before);
    }
    std::fs::remove_file(key).unwrap();
    assert!(tls.reload().is_err());
    files.write(&second);
    assert!(tls.reload().unwrap());
    assert_ne!(served().await, before);
}

#[tokio::test]
async fn clients_with_the_bundle_trust_the_own_authority() {
    let folder = tempfile::tempdir().unwrap();
    let authority = OwnAuthority::new(folder.path().join("tls"), [127, 0, 0, 1].into(), []).unwrap();
    let tls = Arc::new(Tls::own(authority.clone()).unwrap());
    let server = start(&tls).await;
    let bundle = tls.ca_bundle_pem().unwrap();
    let stream = connect(server.adapters, client(&bundle, None, BOTH, "h2")).await.unwrap();
    assert_eq!(ask(stream).await.0, 200);
    assert!(connect(server.adapters, client(&Authority::new().pem(), None, BOTH, "h2")).await.is_err());
    let days = (tls.expires().unwrap() - time::OffsetDateTime::now_utc()).whole_days();
    assert!((88..=90).contains(&days), "{days}");
    // A restart keeps it.
    let again = Tls::own(authority).unwrap();
    assert_eq!(again.ca_bundle_pem(), Some(bundle));
    assert_eq!(again.expires(), tls.expires());
}
