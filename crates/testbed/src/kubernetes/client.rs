//! A minimal client of the API server: one request per connection.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use super::files::{Files, TOKEN};

const LIMIT: Duration = Duration::from_secs(40);

/// An answer of the API server.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    /// The object, or a `Status` with the error; a string if the body is not JSON.
    pub body: Value,
}

impl Response {
    /// Fails the test unless the status is this one.
    #[track_caller]
    pub fn has_status(self, status: u16) -> Response {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Fails the test unless the message of the `Status` contains this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Response {
        assert!(self.body["message"].as_str().is_some_and(|message| message.contains(text)), "{text:?}: {self:?}");
        self
    }
}

pub struct Client {
    address: SocketAddr,
    config: Arc<ClientConfig>,
}

impl Client {
    pub fn new(address: SocketAddr, files: &Files) -> Client {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&files.certificate).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        Client { address, config: Arc::new(config) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends the request as the administrator. Fails if there is no answer.
    pub fn send(&self, method: &str, path: &str, body: Option<&Value>) -> io::Result<Response> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(LIMIT))?;
        let name = ServerName::IpAddress(self.address.ip().into());
        let connection = ClientConnection::new(Arc::clone(&self.config), name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, stream);
        let body = body.map(Value::to_string).unwrap_or_default();
        // HTTP 1.0: the answer ends with the connection, and has no chunks.
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nAuthorization: Bearer {TOKEN}\r\nAccept: application/json\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        let body = serde_json::from_str(body).unwrap_or_else(|_| Value::from(body));
        Ok(Response { status, body })
    }
}
