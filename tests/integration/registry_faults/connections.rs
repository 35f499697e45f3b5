//! Connection reuse: concurrent and later operations share the connections of one client.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::extract::ConnectInfo;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn later_operations_reuse_connections() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(Mutex::new(HashSet::new()));
    let seen = connections.clone();
    let answer = async move |ConnectInfo(from): ConnectInfo<SocketAddr>| {
        seen.lock().unwrap().insert(from);
        ([("Content-Type", IMAGE_MANIFEST_MEDIA_TYPE)], MANIFEST)
    };
    let router = axum::Router::new().fallback(answer);
    tokio::spawn(async move {
        axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
    });
    let client = RegistryClient::new(options(), Credentials::none());
    let fetch = |i: usize| {
        let repository = client.repository(&format!("{address}/a{}", i % 4).parse().unwrap()).unwrap();
        async move { repository.fetch_manifest(&tag()).await.unwrap() }
    };
    tokio::task::JoinSet::from_iter((0..64).map(fetch)).join_all().await;
    for i in 0..64 {
        fetch(i).await;
    }
    let made = connections.lock().unwrap().len();
    assert!(made <= 64, "{made} connections for 128 operations");
}

/// The content of a blob that counts against a memory budget.
fn large() -> Vec<u8> {
    vec![7; 256 << 10]
}

/// A repository whose client has a memory budget of 64 KiB.
fn with_little_memory(server: &FaultServer) -> RemoteRepository {
    let mut options = options();
    options.memory = limits::MemoryBudget::new(64 << 10);
    options.idle_timeout = 10 * options.timeout;
    let name = format!("{}/a", server.address).parse().unwrap();
    RegistryClient::new(options, Credentials::none()).repository(&name).unwrap()
}

#[tokio::test]
async fn announced_bytes_take_no_memory_from_others() {
    let server = FaultServer::start(|request| match request.path.contains("/manifests/") {
        true => Reply::Hang("HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n"),
        false => Reply::content("a/b", large()),
    });
    let repository = with_little_memory(&server);
    let silent: tokio::task::JoinSet<_> = (0..10)
        .map(|_| {
            let repository = repository.clone();
            async move { repository.fetch_manifest(&tag()).await.map(|_| ()) }
        })
        .collect();
    while server.seen().len() < 10 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let blob = repository.blob(&Descriptor::from_content("a/b", &large()), 10 << 20).await.unwrap();
    assert_eq!(blob, large());
    for result in silent.join_all().await {
        assert_eq!(result.unwrap_err().code(), notary::ReasonCode::Deadline);
    }
}

#[tokio::test]
async fn content_takes_memory_until_it_is_dropped() {
    let server = FaultServer::start(|_| Reply::content("a/b", large()));
    let repository = with_little_memory(&server);
    let stored = Descriptor::from_content("a/b", &large());
    let first = repository.blob(&stored, 10 << 20).await.unwrap();
    let error = repository.blob(&stored, 10 << 20).await.unwrap_err();
    assert_eq!(error.code(), notary::ReasonCode::Deadline, "{error}");
    drop(first);
    repository.blob(&stored, 10 << 20).await.unwrap();
}

/// A copy holds the manifest while it pushes it.
#[tokio::test]
async fn pushing_a_manifest_waits_for_no_memory() {
    let server = FaultServer::start(|request| match request.method.as_str() {
        "PUT" => Reply::Answer(201, Vec::new(), large()),
        _ => Reply::content("a/b", large()),
    });
    let repository = with_little_memory(&server);
    let _held = repository.blob(&Descriptor::from_content("a/b", &large()), 10 << 20).await.unwrap();
    let error = repository.push_manifest(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST.as_bytes(), None).await.unwrap_err();
    assert!(matches!(error, RegistryError::TooLarge { .. }), "{error}");
}
