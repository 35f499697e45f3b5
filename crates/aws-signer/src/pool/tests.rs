//! What the clients of a pool share.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::future::poll_fn;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::pin::pin;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use super::*;

/// A service that answers every request with the same object, and counts the connections.
struct Service {
    url: String,
    connections: Arc<AtomicUsize>,
}

impl Service {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                thread::spawn(|| answer(stream));
            }
        });
        Self { url, connections }
    }
}

fn answer(mut stream: TcpStream) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        request.extend_from_slice(&buffer[..count]);
        if request.ends_with(b"\r\n\r\n") {
            request.clear();
            let body = r#"{"revokedEntities":[]}"#;
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n", body.len());
            let _ = stream.write_all(format!("{head}\r\n{body}").as_bytes());
        }
    }
}

fn location(region: &str) -> Location {
    Location::parse("aws", region, "111122223333").unwrap()
}

async fn call(pool: &ClientPool) {
    let client = pool.for_revocation(&location("us-west-2")).await.unwrap();
    let request = client
        .sdk()
        .get_revocation_status()
        .signature_timestamp(std::time::SystemTime::now().into())
        .platform_id("platform")
        .profile_version_arn("profile")
        .job_arn("job")
        .certificate_hashes("hash");
    client.call("GetRevocationStatus", Deadline::new(Duration::from_secs(20)), request.send()).await.unwrap();
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Runs the named test of this program again with another environment. `set_var` would change that of all tests.
fn run_again(test: &str, variables: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env_clear();
    let output = command.envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// The AWS configuration with a profile whose credentials come from a program that records each run.
fn credential_process(folder: &Path, expiration: &str) -> String {
    let script = format!(
        "echo run >> {0}/runs; sleep 0.2; echo '{{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\"{expiration}}}'",
        folder.display()
    );
    let path = folder.join("script");
    std::fs::write(&path, script).unwrap();
    let config = folder.join("config");
    std::fs::write(&config, format!("[profile counted]\ncredential_process = sh {}\n", path.display())).unwrap();
    config.to_str().unwrap().to_owned()
}

fn pool_of_counted_profile(endpoint: String) -> ClientPool {
    let keys = [("aws-profile".to_owned(), "counted".to_owned())];
    ClientPool::new(SignerConfig::new(&keys.into(), []).unwrap().with_endpoint_url(endpoint))
}

fn runs_of_credential_process(test: &str, expiration: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let config = credential_process(folder.path(), expiration);
    let service = Service::start();
    let path = std::env::var("PATH").unwrap();
    run_again(test, &[("AWS_CONFIG_FILE", &config), ("PATH", &path), ("POOL_TEST_ENDPOINT", &service.url)]);
    std::fs::read_to_string(folder.path().join("runs")).unwrap().lines().count()
}

#[test]
fn concurrent_calls_ask_the_credential_source_once() {
    let Ok(endpoint) = std::env::var("POOL_TEST_ENDPOINT") else {
        let test = "pool::tests::concurrent_calls_ask_the_credential_source_once";
        assert_eq!(runs_of_credential_process(test, ""), 1);
        return;
    };
    let pool = pool_of_counted_profile(endpoint);
    runtime().block_on(async {
        let calls: Vec<_> = (0..50)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move { call(&pool).await })
            })
            .collect();
        for call in calls {
            call.await.unwrap();
        }
    });
}

#[test]
fn expired_credentials_are_asked_for_again() {
    let Ok(endpoint) = std::env::var("POOL_TEST_ENDPOINT") else {
        let test = "pool::tests::expired_credentials_are_asked_for_again";
        let expired = r#","Expiration":"2020-01-01T00:00:00Z""#;
        assert_eq!(runs_of_credential_process(test, expired), 3);
        return;
    };
    let pool = pool_of_counted_profile(endpoint);
    runtime().block_on(async {
        for _ in 0..3 {
            call(&pool).await;
        }
    });
}

#[test]
fn a_call_waits_for_the_credentials_that_are_being_prepared_and_uses_them_once() {
    let Ok(endpoint) = std::env::var("POOL_TEST_ENDPOINT") else {
        let test = "pool::tests::a_call_waits_for_the_credentials_that_are_being_prepared_and_uses_them_once";
        // Credentials that have expired are not kept by the client: each call asks for them.
        let expired = r#","Expiration":"2020-01-01T00:00:00Z""#;
        assert_eq!(runs_of_credential_process(test, expired), 2);
        return;
    };
    let pool = pool_of_counted_profile(endpoint);
    let location = location("us-west-2");
    runtime().block_on(async {
        let mut preparing = pin!(pool.prepare_for_revocation(&location));
        assert!(poll_fn(|context| Poll::Ready(preparing.as_mut().poll(context).is_pending())).await);
        tokio::join!(preparing, call(&pool));
        // There is a client: nothing is prepared again.
        pool.prepare_for_revocation(&location).await;
        call(&pool).await;
    });
}

fn pool_with_keys(service: &Service) -> ClientPool {
    let credentials = aws_credential_types::Credentials::new("a", "b", None, None, "test");
    let config = SignerConfig::default().with_credentials(credentials).with_endpoint_url(service.url.clone());
    ClientPool::new(config)
}

#[test]
fn calls_share_a_connection() {
    let service = Service::start();
    let pool = pool_with_keys(&service);
    runtime().block_on(async {
        for _ in 0..5 {
            call(&pool).await;
        }
    });
    assert_eq!(service.connections.load(Ordering::SeqCst), 1);
}

#[test]
fn a_call_uses_the_connector_that_was_prepared() {
    let service = Service::start();
    let pool = pool_with_keys(&service);
    runtime().block_on(async {
        pool.prepare_for_revocation(&location("us-west-2")).await;
        assert_eq!(pool.shared.http.count_connectors(), 1);
        call(&pool).await;
    });
    assert_eq!(pool.shared.http.count_connectors(), 1);
    assert_eq!(service.connections.load(Ordering::SeqCst), 1);
}

#[test]
fn a_location_that_contradicts_itself_gets_no_client() {
    let pool = ClientPool::new(SignerConfig::default());
    let contradiction = runtime().block_on(pool.for_revocation(&location("cn-north-1")));
    assert!(matches!(contradiction, Err(ConfigError::ArnContradiction { .. })));
    assert!(pool.shared.clients.lock().unwrap().is_empty());
}

#[test]
fn keeps_a_bounded_number_of_clients() {
    let pool = ClientPool::new(SignerConfig::default());
    runtime().block_on(async {
        for number in 0..3 * MAX_CLIENTS {
            let region = format!("us-west-{number}");
            let client = pool.for_revocation(&location(&region)).await.unwrap();
            assert_eq!(client.region().as_str(), region);
        }
    });
    assert!(pool.shared.clients.lock().unwrap().len() <= MAX_CLIENTS);
}

#[test]
fn waits_for_a_client_until_the_deadline() {
    let pool = ClientPool::new(SignerConfig::default());
    let cell = Arc::<OnceCell<SignerClient>>::default();
    pool.shared.clients.lock().unwrap().insert("us-west-2".parse().unwrap(), Arc::clone(&cell));
    let deadline = Deadline::new(Duration::from_millis(100));
    runtime().block_on(async {
        let mut creating = pin!(cell.get_or_init(std::future::pending));
        assert!(poll_fn(|context| Poll::Ready(creating.as_mut().poll(context).is_pending())).await);
        let location = location("us-west-2");
        let waiting = pool.for_revocation_within(&location, deadline);
        let client = tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap();
        assert_eq!(
            client.map(|client| client.region().clone()),
            Err(Failure::Timeout { budget: deadline.budget(), waiting: None })
        );
    });
}
