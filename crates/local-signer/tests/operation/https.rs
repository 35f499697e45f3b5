use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use local_signer::{LocalSigner, Options};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;

use crate::client::{Signer, client, lines};

const CONFIG: &str = "version: 1\naudit: {file: a.jsonl}\ntls: {certificate: c.pem, key: k.pem}";

fn write_certificate(directory: &TempDir) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(directory.path().join("c.pem"), made.cert.pem()).unwrap();
    std::fs::write(directory.path().join("k.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

fn trusting(
    certificate: CertificateDer<'static>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    builder.with_root_certificates(roots).with_no_client_auth()
}

async fn start() -> (Signer, CertificateDer<'static>) {
    let directory = tempfile::tempdir().unwrap();
    let certificate = write_certificate(&directory);
    let mut signer = Signer::start_in(directory, CONFIG).await;
    signer.http = https(certificate.clone());
    (signer, certificate)
}

fn https(certificate: CertificateDer<'static>) -> reqwest::Client {
    client(|builder| builder.tls_backend_preconfigured(trusting(certificate, rustls::ALL_VERSIONS)))
}

#[tokio::test]
async fn serves_https_with_both_versions_and_records_them() {
    let (mut signer, certificate) = start().await;
    assert!(signer.signer.endpoint_url().starts_with("https://"));
    assert_eq!(signer.put("Prod").await.status, 200);
    let old = trusting(certificate, &[&rustls::version::TLS12]);
    signer.http = client(|builder| builder.tls_backend_preconfigured(old));
    assert_eq!(signer.get("Prod").await.unwrap().status, 200);
    let Signer { signer, directory, .. } = signer;
    signer.shutdown().await;
    let records = lines(&directory.path().join("a.jsonl"));
    let versions: Vec<_> = records.iter().map(|record| record["tlsDetails"]["tlsVersion"].as_str().unwrap()).collect();
    assert_eq!(versions, ["TLSv1.3", "TLSv1.2"]);
    let suite = records[0]["tlsDetails"]["cipherSuite"].as_str().unwrap();
    assert!(suite.starts_with("TLS_AES_") || suite.starts_with("TLS_CHACHA20_"), "{suite}");
}

#[tokio::test]
async fn a_reload_replaces_the_certificate_for_new_connections() {
    let (mut signer, _) = start().await;
    assert_eq!(signer.put("Prod").await.status, 200);
    let new = write_certificate(&signer.directory);
    assert_eq!(signer.get("Prod").await.unwrap().status, 200, "the certificate before is in force until a reload");
    signer.signer.reload().await.unwrap();
    assert!(signer.get("Prod").await.is_err(), "the client does not trust the new certificate");
    signer.http = https(new);
    assert_eq!(signer.get("Prod").await.unwrap().status, 200);
}

#[tokio::test]
async fn a_reload_does_not_end_the_encryption() {
    let (signer, _) = start().await;
    signer.configure("version: 1");
    let refused = signer.signer.reload().await.unwrap_err().to_string();
    assert!(refused.contains("restart the service to serve without TLS"), "{refused}");
    assert!(signer.signer.is_encrypted());
    assert_eq!(signer.put("Prod").await.status, 200);
}

#[tokio::test]
async fn a_client_without_tls_and_one_that_never_finishes_its_handshake_starve_nobody() {
    let (signer, _) = start().await;
    let address = signer.signer.address();
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(tokio::net::TcpStream::connect(address).await.unwrap());
    }
    let answer = tokio::task::spawn_blocking(move || {
        let mut plain = TcpStream::connect(address).unwrap();
        plain.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        plain.write_all(b"GET /health HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        let _ = plain.read_to_end(&mut answer);
        answer
    });
    assert!(!answer.await.unwrap().starts_with(b"HTTP"));
    assert_eq!(signer.put("Prod").await.status, 200);
    drop(silent);
}

#[tokio::test]
async fn a_stranger_sees_the_certificate_and_nothing_else() {
    let (signer, certificate) = start().await;
    let address = signer.signer.address();
    let answer = tokio::task::spawn_blocking(move || {
        let config = Arc::new(trusting(certificate, rustls::ALL_VERSIONS));
        let connection = ClientConnection::new(config, "127.0.0.1".try_into().unwrap()).unwrap();
        let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
        stream.write_all(b"GET /signing-profiles HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    });
    let answer = answer.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("MissingAuthenticationToken"), "{answer}");
}

#[tokio::test]
async fn does_not_start_without_a_usable_certificate() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("config.yaml"), CONFIG).unwrap();
    let error = LocalSigner::start(Options::new(directory.path())).await.unwrap_err().to_string();
    assert!(error.contains("c.pem does not exist"), "{error}");
}
