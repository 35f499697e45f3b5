//! A server that reads the same requests as the admission service and answers constants: the speed that HTTP, TLS and
//! this machine allow. `scripts/bench-admission` starts it.
//!
//! `bare PLAIN TLS CERTIFICATE KEY` listens on two addresses. A path `/N` is answered with N bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a program for measurements fails by panicking")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The longest answer.
const LONGEST: usize = 64 * 1024;

static ANSWER: [u8; LONGEST] = [b' '; LONGEST];

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [plain, encrypted, certificate, key] = &arguments[..] else {
        eprintln!("usage: bare PLAIN TLS CERTIFICATE KEY");
        std::process::exit(2);
    };
    let acceptor = TlsAcceptor::from(Arc::new(tls(certificate, key)));
    tokio::join!(
        accept(plain, |stream| serve(stream, false)),
        accept(encrypted, |stream| decrypt(acceptor.clone(), stream))
    );
}

async fn decrypt(acceptor: TlsAcceptor, stream: TcpStream) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    serve(stream, is_http2).await;
}

fn tls(certificate: &str, key: &str) -> ServerConfig {
    let certificates = CertificateDer::pem_file_iter(certificate).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_no_client_auth().with_single_cert(certificates, key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

async fn accept<F: Future<Output = ()> + Send + 'static>(address: &str, serve: impl Fn(TcpStream) -> F) {
    let listener = TcpListener::bind(address.parse::<SocketAddr>().unwrap()).await.unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(serve(stream));
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, is_http2: bool) {
    let service = service_fn(answer);
    let stream = TokioIo::new(stream);
    // A client that went away is no error here.
    if is_http2 {
        let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await;
    } else {
        let _ = http1::Builder::new().serve_connection(stream, service).await;
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let length = request.uri().path()[1..].parse::<usize>().unwrap_or(0).min(LONGEST);
    let _ = request.into_body().collect().await;
    let answer = Response::builder().header(CONTENT_TYPE, "application/json");
    Ok(answer.body(Full::new(Bytes::from_static(&ANSWER[..length]))).unwrap())
}
