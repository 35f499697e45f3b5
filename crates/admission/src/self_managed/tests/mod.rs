#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod api;
mod keeping;
mod life;
mod others;
mod replica;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use time::OffsetDateTime;

use super::state::State;

/// Whether a client with this bundle accepts the certificate for a name.
fn is_trusted(bundle: &str, state: &State, name: &str, now: OffsetDateTime) -> bool {
    use rustls::client::danger::ServerCertVerifier as _;
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(std::sync::Arc::new(roots), provider);
    let seconds = std::time::Duration::from_secs(now.unix_timestamp().try_into().unwrap());
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let leaf = CertificateDer::from(state.leaf.certificate.der().to_vec());
    let time = UnixTime::since_unix_epoch(seconds);
    verifier.build().unwrap().verify_server_cert(&leaf, &[], &name, &[], time).is_ok()
}

fn count(bundle: &str) -> usize {
    bundle.matches("BEGIN CERTIFICATE").count()
}
