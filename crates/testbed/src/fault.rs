//! An HTTP server whose answers a test controls: wrong, late, too large or missing.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{sleep, spawn};
use std::time::Duration;

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::PrivateKeyDer;

/// The first byte of a TLS connection.
const TLS_HANDSHAKE: [u8; 1] = [0x16];
/// What servers written in Go answer without TLS on a port with TLS.
const PLAIN_TO_TLS: &[u8] = b"HTTP/1.0 400 Bad Request\r\n\r\n\
    Client sent an HTTP request to an HTTPS server.\n";

/// A received request.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// Path and query.
    pub path: String,
    head: String,
    pub body: Vec<u8>,
}

impl Request {
    /// The header's value; `name` in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.into_iter().find_map(|(key, value)| key.trim().eq_ignore_ascii_case(name).then_some(value.trim()))
    }
}

/// What the server does with a request.
pub enum Reply {
    /// An answer: status, headers, body.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// The start of an answer, then nothing until the client disconnects.
    Hang(&'static str),
    /// The start of an answer, then the connection closes.
    Close(&'static str),
    /// A body of this many bytes, sent without a `Content-Length`.
    Flood(u64),
}

impl Reply {
    pub fn status(status: u16) -> Reply {
        Reply::Answer(status, Vec::new(), Vec::new())
    }

    pub fn content(media_type: &str, body: impl Into<Vec<u8>>) -> Reply {
        Reply::Answer(200, vec![("Content-Type", media_type.to_owned())], body.into())
    }
}

/// The server. Stops when dropped.
pub struct FaultServer {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    /// The number of [`Reply::Flood`] bytes that clients received.
    written: Arc<AtomicU64>,
    connections: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl FaultServer {
    pub fn start(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> FaultServer {
        FaultServer::serve(None, reply)
    }

    /// Starts with TLS and a self-signed certificate for `localhost` and 127.0.0.1. Also returns the certificate as
    /// PEM.
    pub fn start_tls(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> (FaultServer, String) {
        FaultServer::start_tls_for(&["localhost", "127.0.0.1"], reply)
    }

    /// As [`FaultServer::start_tls`], with a certificate for these hosts.
    pub fn start_tls_for(
        names: &[&str],
        reply: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> (FaultServer, String) {
        let (server, issuer) =
            FaultServer::start_tls_issued_by(names, IsCa::Ca(BasicConstraints::Unconstrained), reply);
        (server, issuer.pem())
    }

    /// As [`Self::start_tls`], with a certificate that the key of a certificate without the rights of an authority has
    /// signed.
    pub fn start_tls_by_no_authority(
        reply: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> (FaultServer, String) {
        let (server, issuer) = FaultServer::start_tls_issued_by(&["localhost", "127.0.0.1"], IsCa::ExplicitNoCa, reply);
        (server, issuer.pem())
    }

    /// As [`Self::start_tls`], with a self-signed certificate that is not that of an authority.
    pub fn start_tls_self_signed(
        reply: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> (FaultServer, Certificate) {
        FaultServer::start_tls_as(&["localhost", "127.0.0.1"], IsCa::NoCa, reply)
    }

    /// As [`Self::start_tls`], with a certificate as `openssl req -x509` makes it: that of an authority.
    pub fn start_tls_as_openssl(
        reply: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> (FaultServer, Certificate) {
        FaultServer::start_tls_as(&["localhost", "127.0.0.1"], IsCa::Ca(BasicConstraints::Unconstrained), reply)
    }

    fn start_tls_as(
        names: &[&str],
        is_ca: IsCa,
        reply: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> (FaultServer, Certificate) {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut parameters = CertificateParams::new(names).unwrap();
        parameters.is_ca = is_ca;
        let signing_key = KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&signing_key).unwrap();
        (FaultServer::serve_tls(&certificate, &signing_key, reply), certificate)
    }

    /// The server's certificate, issued for these hosts by another one, which is returned.
    fn start_tls_issued_by(
        names: &[&str],
        is_ca: IsCa,
        reply: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> (FaultServer, Certificate) {
        let mut parameters = CertificateParams::new(vec!["issuer.example".to_owned()]).unwrap();
        parameters.is_ca = is_ca;
        let issuing_key = KeyPair::generate().unwrap();
        let issued_by = parameters.self_signed(&issuing_key).unwrap();
        let issuer = Issuer::new(parameters, issuing_key);
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let mut own = CertificateParams::new(names).unwrap();
        own.distinguished_name.push(rcgen::DnType::CommonName, "server");
        let certificate = own.signed_by(&key, &issuer).unwrap();
        (FaultServer::serve_tls(&certificate, &key, reply), issued_by)
    }

    fn serve_tls(
        certificate: &Certificate,
        key: &KeyPair,
        reply: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> FaultServer {
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
        FaultServer::serve(Some(Arc::new(config)), reply)
    }

    fn serve(tls: Option<Arc<ServerConfig>>, reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> FaultServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (written, connections) = <(Arc<AtomicU64>, Arc<AtomicU64>)>::default();
        let server = FaultServer { address, seen: Arc::default(), written, connections, stop: Arc::default() };
        let connections = server.connections.clone();
        let seen = server.seen.clone();
        let written = server.written.clone();
        let stop = server.stop.clone();
        let reply = Arc::new(reply);
        spawn(move || {
            for connection in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                connections.fetch_add(1, Ordering::Relaxed);
                let tls = tls.clone();
                let reply = reply.clone();
                let seen = seen.clone();
                let written = written.clone();
                let stop = stop.clone();
                spawn(move || {
                    let Ok(mut connection) = connection else { return };
                    let mut first = [0];
                    if tls.is_some() && connection.peek(&mut first).is_ok() && first != TLS_HANDSHAKE {
                        let _ = read(&mut connection).map(|_| connection.write_all(PLAIN_TO_TLS));
                        return;
                    }
                    let mut connection: Box<dyn Connection> = match tls {
                        None => Box::new(connection),
                        Some(config) => {
                            let session = ServerConnection::new(config).unwrap();
                            Box::new(StreamOwned::new(session, connection))
                        }
                    };
                    let Some(request) = read(&mut connection) else { return };
                    seen.lock().unwrap().push(request.clone());
                    // The client may close the connection early.
                    let _ = write(connection, reply(&request), &written, &stop);
                });
            }
        });
        server
    }

    /// The requests received so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// The number of connections so far.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

/// A connection, with or without TLS.
trait Connection: Read + Write {}

impl<T: Read + Write> Connection for T {}

fn read(connection: &mut impl Read) -> Option<Request> {
    let mut reader = BufReader::new(connection);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let (method, rest) = first.split_once(' ')?;
    let path = rest.split(' ').next()?;
    let mut head = String::new();
    while reader.read_line(&mut head).ok()? > 2 {}
    let mut request = Request { method: method.to_owned(), path: path.to_owned(), head, body: Vec::new() };
    let length = request.header("Content-Length").map_or(0, |length| length.parse().unwrap());
    reader.take(length).read_to_end(&mut request.body).ok()?;
    Some(request)
}

fn write(mut to: impl Write, reply: Reply, written: &AtomicU64, stop: &AtomicBool) -> std::io::Result<()> {
    match reply {
        Reply::Answer(status, headers, body) => {
            let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let length = body.len();
            write!(to, "HTTP/1.1 {status} Status\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n")?;
            to.write_all(&body)
        }
        Reply::Close(beginning) => to.write_all(beginning.as_bytes()),
        Reply::Hang(beginning) => {
            to.write_all(beginning.as_bytes())?;
            while !stop.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(20));
            }
            Ok(())
        }
        Reply::Flood(bytes) => {
            to.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n")?;
            let chunk = [b' '; 64 * 1024];
            for _ in 0..bytes / chunk.len() as u64 {
                to.write_all(&chunk)?;
                written.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            }
            Ok(())
        }
    }
}
