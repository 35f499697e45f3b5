//! The server: connections, TLS, limits, load shedding and shutdown. What requests mean is in [`crate::frontends`],
//! what is decided in [`crate::decision`].
//!
//! A request runs through these files in this order:
//!
//! | Module | What it has |
//! |---|---|
//! | `listeners`, `socket` | the addresses, bound before anything is served |
//! | `accept` | the accept loops, and the phases in which they end |
//! | `open` | the open connections: their number, and which one is closed for a new one |
//! | `tls`, `client_names`, `own_ca`, `pair` | the certificate, client certificates, the own certificate authority |
//! | `connection` | one connection: protocol, limits, age, end |
//! | `guarded` | its bytes: clients that stall are cut |
//! | `requests` | one request: route, checks, answer |
//! | `body` | its body, within limits of size, time and memory |
//! | `gate` | its turn: so many requests run, so many more wait |
//! | `panics` | a panic becomes an answer |
//! | `operations` | the second listener, for probes, metrics and the status page |
//! | `application` | what the server is given: [`Application`], [`Observer`], [`Operations`] |

mod accept;
mod application;
mod body;
mod client_names;
mod connection;
mod gate;
mod guarded;
mod listeners;
mod open;
mod operations;
mod own_ca;
pub(crate) mod pair;
mod panics;
mod requests;
mod socket;
#[cfg(test)]
mod tests;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use limits::MemoryBudget;
use tokio::sync::{Semaphore, watch};

use self::accept::{Phase, Source};
pub use self::application::{Application, Live, Observer, Operations, Snapshot, StatusForm, StatusPage};
pub use self::listeners::{BindError, Bound, Listeners, Transport};
use self::open::Table;
pub use self::own_ca::{OwnAuthority, OwnCaError};
pub(crate) use self::socket::MAX_PATH as MAX_SOCKET_PATH;
pub use self::tls::{SharedCertificate, Tls, TlsError};

/// The bytes of request bodies that all requests together may hold, beyond the first 64 KiB of each.
const BODY_MEMORY: usize = 64 * 1024 * 1024;
/// How many requests may wait for the rest of their bodies. A request whose body comes with its head does not count.
const BODY_READERS: usize = 1024;
/// The most connections to the adapters.
const MAX_CONNECTIONS: usize = 2048;

/// The times that the configuration does not set.
#[derive(Debug, Clone, Copy)]
struct Times {
    /// For a TLS handshake.
    handshake: Duration,
    /// For the head of a request from its first byte, and for the first request of a connection.
    head: Duration,
    /// For the next request of an HTTP/1.1 connection. Go's clients close idle connections after 90 s: a server that
    /// closes later does not close a connection on which a request is on its way.
    idle: Duration,
    /// For a client to take bytes of an answer.
    write: Duration,
    /// After the signal to stop: new connections are still accepted, because load balancers learn of the end later.
    grace: Duration,
    /// For all requests to end after the signal to stop, the grace included.
    drain: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(120),
            write: Duration::from_secs(10),
            grace: Duration::from_secs(3),
            drain: Duration::from_secs(20),
        }
    }
}

/// What all connections to the adapters share.
struct Shared<A, O> {
    application: Arc<A>,
    observer: Arc<O>,
    memory: MemoryBudget,
    readers: Semaphore,
    times: Times,
    table: Table,
}

/// Serves until `stop` is true or its sender is dropped, then ends in this order: `/readyz` answers 503 at once, HTTP/2
/// connections are asked to end (GOAWAY), answers on HTTP/1.1 carry `connection: close`. For 3 s new connections are
/// still accepted, since Kubernetes takes the Pod out of its Service at the same time as it sends SIGTERM, and not
/// before. Running requests have 20 s in all; then the remaining connections are closed.
pub async fn serve<A: Application, O: Observer, P: Operations>(
    listeners: Listeners,
    transport: Transport,
    application: Arc<A>,
    observer: Arc<O>,
    operations: Arc<P>,
    stop: watch::Receiver<bool>,
) {
    let shared = Shared {
        application,
        observer,
        memory: MemoryBudget::new(BODY_MEMORY),
        readers: Semaphore::new(BODY_READERS),
        times: Times::default(),
        table: Table::new(MAX_CONNECTIONS),
    };
    serve_with(listeners, transport, Arc::new(shared), operations, stop).await;
}

async fn serve_with<A: Application, O: Observer, P: Operations>(
    listeners: Listeners,
    transport: Transport,
    shared: Arc<Shared<A, O>>,
    operations: Arc<P>,
    mut stop: watch::Receiver<bool>,
) {
    let Listeners { adapters, operations: probes, socket } = listeners;
    let times = shared.times;
    let (phase, phases) = watch::channel(Phase::Serving);
    let probing = tokio::spawn(operations::serve(probes, operations, phases.clone()));
    let tcp = accept::run(Source::Tcp(adapters, transport), Arc::clone(&shared), phases.clone());
    let serving = async {
        match socket {
            Some(socket) => {
                tokio::join!(tcp, accept::run(Source::Unix(socket), Arc::clone(&shared), phases.clone()));
            }
            None => tcp.await,
        }
    };
    let ending = async {
        // An error means that the sender is gone, which stops, too.
        let _ = stop.wait_for(|stop| *stop).await;
        tracing::info!("stopping: running requests have {:?}", times.drain);
        phase.send_replace(Phase::Draining);
        tokio::time::sleep(times.grace).await;
        phase.send_replace(Phase::Closing);
        tokio::time::sleep(times.drain.saturating_sub(times.grace)).await;
    };
    tokio::select! {
        // The accept loops end after their last connection.
        () = serving => {}
        () = ending => tracing::warn!("requests were still running after {:?}", times.drain),
    }
    probing.abort();
}
