//! Connections: their maximum number, TLS, timeouts, cuts and shutdown.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::audit;
use crate::cut::{Cut, half_of};
use crate::metrics::Metrics;
use crate::strangers::{Standing, Strangers};
use crate::tls::Tls;

/// For a further connection, the oldest of a client that has not authenticated is closed.
const MAX_CONNECTIONS: usize = 256;
const MAX_HEADERS: usize = 64;
const MAX_HEAD: usize = 32 * 1024;
/// The time for a client to send the head of a request, and for an idle connection until the next request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// The time for a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The time for running requests to finish after shutdown began.
pub(crate) const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// What is known of the other end of a connection. Requests have it as an extension.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// How the connection is encrypted, without the host.
    pub tls: Option<audit::Tls>,
}

impl Peer {
    /// Whether the client runs on this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.address.ip().to_canonical().is_loopback()
    }
}

/// Serves until `stop` changes or its sender is dropped, then finishes the running requests.
pub async fn serve(listener: TcpListener, router: Router, tls: Tls, metrics: Metrics, mut stop: watch::Receiver<bool>) {
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
            if strangers.close_oldest() {
                metrics.closed_for_another();
            }
            // A closed connection ends at once. If all clients have authenticated, one of them has to end.
            tokio::select! {
                _ = stop.changed() => break,
                _ = connections.join_next() => {}
            }
        }
        let standing = Standing::default();
        let open = metrics.connection();
        let accept = accept(stream, peer, router.clone(), tls.clone(), standing.clone(), stop.clone());
        let task = connections.spawn(async move {
            let _open = open;
            accept.await;
        });
        strangers.add(standing, task);
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    // Dropping the set closes the connections that are still open.
    let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, finished).await;
}

/// Serves one connection, with TLS if the service has a certificate now.
async fn accept(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
    tls: Tls,
    standing: Standing,
    stop: watch::Receiver<bool>,
) {
    // Responses are small; Nagle's algorithm would only delay them.
    let _ = stream.set_nodelay(true);
    let Some(config) = tls.current() else {
        return connection(TokioIo::new(stream), router, Peer { address, tls: None }, standing, stop).await;
    };
    match tokio::time::timeout(HANDSHAKE_TIMEOUT, TlsAcceptor::from(config).accept(stream)).await {
        Ok(Ok(stream)) => {
            let peer = Peer { address, tls: encryption(stream.get_ref().1) };
            connection(TokioIo::new(stream), router, peer, standing, stop).await;
        }
        Ok(Err(error)) => tracing::debug!(%address, "the TLS handshake failed: {error}"),
        Err(_) => tracing::debug!(%address, "the TLS handshake took longer than {HANDSHAKE_TIMEOUT:?}"),
    }
}

fn encryption(connection: &rustls::ServerConnection) -> Option<audit::Tls> {
    let version = match connection.protocol_version()? {
        rustls::ProtocolVersion::TLSv1_2 => "TLSv1.2",
        rustls::ProtocolVersion::TLSv1_3 => "TLSv1.3",
        _ => return None,
    };
    // rustls names the suites of TLS 1.3 `TLS13_...`, the standard `TLS_...`.
    let suite = format!("{:?}", connection.negotiated_cipher_suite()?.suite()).replacen("TLS13_", "TLS_", 1);
    Some(audit::Tls { version, cipher_suite: suite, host: None })
}

async fn connection(
    stream: impl Read + Write + Unpin + Send + 'static,
    router: Router,
    peer: Peer,
    standing: Standing,
    mut stop: watch::Receiver<bool>,
) {
    let address = peer.address;
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(standing.clone());
        request.extensions_mut().insert(peer.clone());
        answer(router.call(request.map(Body::new)))
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_headers(MAX_HEADERS)
            .max_buf_size(MAX_HEAD)
            .serve_connection(stream, service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%address, "connection ended: {error}");
    }
}

/// The answer of the router; an error closes the connection without one.
async fn answer(response: impl Future<Output = Result<Response, Infallible>>) -> io::Result<Response> {
    let Ok(response) = response.await;
    match response.extensions().get::<Cut>() {
        None => Ok(response),
        Some(Cut::Request) => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
        Some(Cut::Answer) => half_of(response).await,
    }
}
