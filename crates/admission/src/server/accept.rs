//! The accept loops, and how they end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::Shared;
use super::application::{Application, Observer};
use super::connection::{self, Protocol, Scope};
use super::listeners::Transport;
use super::open::Activity;
use super::socket::Socket;

/// The pause after a failed accept: usually no file descriptor is free.
const PAUSE: Duration = Duration::from_millis(50);
/// The pause until more than a part of the preface is there.
const PEEK_PAUSE: Duration = Duration::from_millis(5);
/// How HTTP/2 begins without TLS. No method of HTTP/1.1 begins so.
const PREFACE: &[u8] = b"PRI * H";

/// How far the server has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// It serves.
    Serving,
    /// It asks connections to end, and still accepts new ones.
    Draining,
    /// It accepts none, and those that were accepted meanwhile end, too.
    Closing,
}

/// Waits for a phase. Without a sender, the last has come.
pub(super) async fn wait_for(phases: &mut watch::Receiver<Phase>, phase: Phase) {
    let _ = phases.wait_for(|now| *now >= phase).await;
}

/// Where connections come from.
pub(super) enum Source {
    /// Over the network.
    Tcp(TcpListener, Transport),
    /// From this machine.
    Unix(Socket),
}

enum Stream {
    Tcp(TcpStream, Transport),
    Unix(UnixStream),
}

impl Source {
    async fn accept(&self) -> io::Result<Stream> {
        Ok(match self {
            Self::Tcp(listener, transport) => Stream::Tcp(listener.accept().await?.0, transport.clone()),
            Self::Unix(socket) => Stream::Unix(socket.accept().await?),
        })
    }
}

/// Accepts connections until [`Phase::Closing`], and returns when the last has ended.
pub(super) async fn run<A: Application, O: Observer>(
    source: Source,
    shared: Arc<Shared<A, O>>,
    mut phases: watch::Receiver<Phase>,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = wait_for(&mut phases, Phase::Closing) => break,
            accepted = source.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok(stream) => {
                connections.spawn(serve(stream, Arc::clone(&shared), phases.clone()));
            }
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                shared.table.close_idle();
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(source);
    while connections.join_next().await.is_some() {}
}

/// Serves one connection, if there is room for it.
async fn serve<A: Application, O: Observer>(stream: Stream, shared: Arc<Shared<A, O>>, phases: watch::Receiver<Phase>) {
    let Some(entry) = shared.table.add() else {
        tracing::warn!("a connection is closed: requests run on all others");
        return;
    };
    shared.observer.connections(1);
    let _counted = Counted(Arc::clone(&shared));
    let activity = Arc::clone(&entry.activity);
    match stream {
        Stream::Tcp(stream, transport) => {
            // Answers are small; Nagle's algorithm would only delay them.
            let _ = stream.set_nodelay(true);
            begin(stream, transport, Arc::clone(&shared), activity, phases).await;
        }
        Stream::Unix(stream) => {
            connection::serve(stream, Protocol::Http1, Scope::Socket, Arc::clone(&shared), activity, phases).await;
        }
    }
}

/// A connection that observers know of.
struct Counted<A, O: Observer>(Arc<Shared<A, O>>);

impl<A, O: Observer> Drop for Counted<A, O> {
    fn drop(&mut self) {
        self.0.observer.connections(-1);
    }
}

/// Finds out the protocol, with TLS by a handshake.
async fn begin<A: Application, O: Observer>(
    stream: TcpStream,
    transport: Transport,
    shared: Arc<Shared<A, O>>,
    activity: Arc<Activity>,
    phases: watch::Receiver<Phase>,
) {
    let longest = shared.times.handshake;
    match transport {
        Transport::Plain => {
            let protocol = tokio::select! {
                protocol = tokio::time::timeout(longest, peek(&stream)) => protocol,
                () = activity.cut.notified() => return,
            };
            match protocol {
                Ok(Ok(protocol)) => {
                    connection::serve(stream, protocol, Scope::Adapters, shared, activity, phases).await;
                }
                Ok(Err(error)) => tracing::debug!("a connection ended: {error}"),
                Err(_) => tracing::debug!("a connection sent nothing within {longest:?}"),
            }
        }
        Transport::Tls(tls) => {
            let Some(config) = tls.current() else {
                tracing::debug!("a connection is closed: there is no certificate yet");
                return;
            };
            let handshake = TlsAcceptor::from(config).accept(stream);
            let stream = tokio::select! {
                stream = tokio::time::timeout(longest, handshake) => stream,
                () = activity.cut.notified() => return,
            };
            match stream {
                Ok(Ok(stream)) => {
                    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    let protocol = if is_http2 { Protocol::Http2 } else { Protocol::Http1 };
                    connection::serve(stream, protocol, Scope::Adapters, shared, activity, phases).await;
                }
                Ok(Err(error)) => tls.tell_of_failure(&error),
                Err(_) => tracing::debug!("a TLS handshake took longer than {longest:?}"),
            }
        }
    }
}

/// Looks at the first bytes, which stay in the stream.
async fn peek(stream: &TcpStream) -> io::Result<Protocol> {
    loop {
        let mut first = [0; PREFACE.len()];
        let size = stream.peek(&mut first).await?;
        if size == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if first[..size] != PREFACE[..size] {
            return Ok(Protocol::Http1);
        }
        if size == PREFACE.len() {
            return Ok(Protocol::Http2);
        }
        // The socket stays readable: without a pause this would turn until the next byte.
        tokio::time::sleep(PEEK_PAUSE).await;
    }
}
