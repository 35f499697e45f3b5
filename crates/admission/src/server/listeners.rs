//! The addresses of the server, bound before anything is served.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};

use super::socket::Socket;
use super::tls::Tls;
use crate::config;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// An address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The system refuses it.
    #[error("cannot listen on {address} ({setting}): {source}; choose an address of this machine that is free")]
    Address {
        /// The address.
        address: SocketAddr,
        /// The member of the configuration.
        setting: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// The Unix socket cannot be created.
    #[error("cannot listen on the socket {path} (server.socket): {source}", path = path.display())]
    Socket {
        /// Its path.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// Plain HTTP is for loopback addresses.
    #[error(
        "server.plain serves without TLS, and {0} can be reached from other machines; listen on 127.0.0.1 or [::1]"
    )]
    Plain(SocketAddr),
}

/// How connections to the adapters are encrypted.
#[derive(Debug, Clone)]
pub enum Transport {
    /// Not at all.
    Plain,
    /// With TLS.
    Tls(Arc<Tls>),
}

/// The addresses at which the server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// That of the adapters.
    pub adapters: SocketAddr,
    /// That of probes and metrics.
    pub operations: SocketAddr,
}

/// The listeners.
#[derive(Debug)]
pub struct Listeners {
    pub(super) adapters: TcpListener,
    pub(super) operations: TcpListener,
    pub(super) socket: Option<Socket>,
}

impl Listeners {
    /// Listens at the addresses of the configuration.
    ///
    /// # Errors
    /// Returns [`BindError`] if one cannot be used, or if plain HTTP could be reached from other machines.
    pub async fn bind(server: &config::Server) -> Result<Self, BindError> {
        if server.tls == config::Tls::Plain && !server.listen.ip().to_canonical().is_loopback() {
            return Err(BindError::Plain(server.listen));
        }
        let adapters = listen(server.listen, "server.listen")?;
        let operations = listen(server.operations, "server.operations")?;
        let socket = match &server.socket {
            Some(path) => {
                let socket = Socket::bind(path).await;
                Some(socket.map_err(|source| BindError::Socket { path: path.clone(), source })?)
            }
            None => None,
        };
        Ok(Self { adapters, operations, socket })
    }

    /// The addresses, with the ports that the system chose.
    ///
    /// # Errors
    /// Returns the system's error.
    pub fn bound(&self) -> io::Result<Bound> {
        Ok(Bound { adapters: self.adapters.local_addr()?, operations: self.operations.local_addr()? })
    }
}

fn listen(address: SocketAddr, setting: &'static str) -> Result<TcpListener, BindError> {
    let open = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // A server that restarts can use its address while connections of the old one are still closing.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    open().map_err(|source| BindError::Address { address, setting, source })
}
