//! TLS between the tool and registries on this machine, with the certificates that the environment and options name.

use std::path::Path;
use std::time::Duration;

use crate::support::fault::{FaultServer, Reply};
use crate::support::process::{Finished, command, run};

/// Lists the signatures of an image that the server does not have.
fn list(server: &FaultServer, variables: &[(&str, &Path)], options: &[&str]) -> Finished {
    let home = tempfile::tempdir().unwrap();
    let mut list = command(env!("CARGO_BIN_EXE_notation-aws-signer"), home.path());
    let reference = format!("127.0.0.1:{}/app:v1", server.address.port());
    list.envs(variables.iter().copied()).args(["list", &reference]).args(options);
    run(&mut list, Duration::from_secs(60))
}

#[test]
fn a_registry_on_this_machine_may_speak_tls() {
    let (server, authority) = FaultServer::start_tls(|_| Reply::status(404));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, authority).unwrap();
    list(&server, &[("SSL_CERT_FILE", &file)], &[]).exits_with(2).says("GET https://127.0.0.1:");
    assert_eq!(server.seen().len(), 1, "the request was not sent with TLS");
    // Not trusted, the registry's own words and what to do are shown, and no request is sent.
    let without_roots = list(&server, &[("SSL_CERT_FILE", Path::new("/nonexistent"))], &[]).failed();
    without_roots.says("Client sent an HTTP request to an HTTPS server");
    let refused = list(&server, &[], &[]).exits_with(2);
    refused.says("Client sent an HTTP request to an HTTPS server").says("--ca-file");
    assert_eq!(server.seen().len(), 1);
    list(&server, &[], &["--ca-file", file.to_str().unwrap()]).exits_with(2).says("404");
    assert_eq!(server.seen().len(), 2);
    let missing = list(&server, &[], &["--ca-file", "/nonexistent.pem"]).exits_with(2);
    assert_eq!(missing.stderr, "error: --ca-file: /nonexistent.pem does not exist\n");
    let plain = list(&server, &[], &["--plain-http"]).exits_with(2);
    plain.says("Client sent an HTTP request to an HTTPS server").says("omit --plain-http");
    assert_eq!(server.seen().len(), 2);
}
