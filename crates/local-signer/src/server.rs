//! Connections: their maximum number, timeouts and shutdown.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::strangers::{Standing, Strangers};

/// For a further connection, the oldest of a client that has not authenticated is closed.
const MAX_CONNECTIONS: usize = 256;
const MAX_HEADERS: usize = 64;
const MAX_HEAD: usize = 32 * 1024;
/// The time for a client to send the head of a request, and for an idle connection until the next request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// The time for running requests to finish after shutdown began.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// The address of the client of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Serves until `stop` changes or its sender is dropped, then finishes the running requests.
pub async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let mut strangers = Strangers::default();
    loop {
        let accepted = tokio::select! {
            _ = stop.changed() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Usually no file descriptor is free.
                tracing::warn!("cannot accept a connection: {error}");
                strangers.close_oldest();
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        if connections.len() >= MAX_CONNECTIONS {
            strangers.close_oldest();
            // A closed connection ends at once. If all clients have authenticated, one of them has to end.
            tokio::select! {
                _ = stop.changed() => break,
                _ = connections.join_next() => {}
            }
        }
        let standing = Standing::default();
        let router = router.clone().layer(Extension(standing.clone())).layer(Extension(Peer(peer.ip())));
        let task = connections.spawn(connection(stream, router, stop.clone()));
        strangers.add(standing, task);
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    // Dropping the set closes the connections that are still open.
    let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, finished).await;
}

async fn connection(stream: TcpStream, router: Router, mut stop: watch::Receiver<bool>) {
    let peer: Option<SocketAddr> = stream.peer_addr().ok();
    // Responses are small; Nagle's algorithm would only delay them.
    let _ = stream.set_nodelay(true);
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(?peer, "connection ended: {error}");
    }
}
