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
