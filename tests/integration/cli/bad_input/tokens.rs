//! Token services and credential helpers that hang, flood, or try to send the password elsewhere.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;

/// A registry that requires a token from the service at `realm`. A `realm` that starts with `/` is on the registry's
/// own address.
fn demanding(realm: &str, token: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> FaultServer {
    let realm = realm.to_owned();
    FaultServer::start(move |request| {
        if request.path.starts_with("/token") {
            return token(request);
        }
        let host =
            if realm.starts_with('/') { format!("http://{}", request.header("Host").unwrap()) } else { String::new() };
        Reply::Answer(401, vec![("WWW-Authenticate", format!("Bearer realm=\"{host}{realm}\",service=s"))], Vec::new())
    })
}

/// Stores a password for this registry in the tool's Docker configuration.
fn log_in(fixture: &Fixture, server: &FaultServer) {
    let folder = fixture.file(".docker");
    std::fs::create_dir_all(&folder).unwrap();
    // user:hunter2
    let auths = json!({ "auths": { server.address.to_string(): { "auth": "dXNlcjpodW50ZXIy" } } });
    std::fs::write(folder.join("config.json"), auths.to_string()).unwrap();
}

#[track_caller]
fn verify(fixture: &Fixture, server: &FaultServer, code: i32, words: &str) {
    let finished = fixture.verify(&reference(server), &["--registry-timeout", "1"]).exits_with(code).says(words);
    assert!(!format!("{finished}").contains("hunter2"), "{finished}");
}

#[test]
fn times_out_on_hanging_and_flooding_token_services() {
    let fixture = Fixture::new();
    let server = demanding("/token", |_| Reply::Hang("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"));
    log_in(&fixture, &server);
    verify(&fixture, &server, 3, "no complete answer");
    let server = demanding("/token", |_| Reply::Flood(1 << 30));
    log_in(&fixture, &server);
    verify(&fixture, &server, 3, "/token");
    assert!(server.written() < 16 << 20, "{}", server.written());
    let server = demanding("/token", |_| Reply::content("application/json", vec![b' '; 10 << 20]));
    log_in(&fixture, &server);
    verify(&fixture, &server, 3, "/token");
    let server = demanding("/token", |_| Reply::content("text/html", "<html>"));
    log_in(&fixture, &server);
    verify(&fixture, &server, 3, "the answer has no token");
}

#[test]
fn does_not_send_the_password_along_redirects() {
    let fixture = Fixture::new();
    let elsewhere = FaultServer::start(|_| Reply::content("application/json", r#"{"token":"t"}"#));
    let to = format!("http://{}/token", elsewhere.address);
    let server = demanding("/token", move |_| Reply::Answer(307, vec![("Location", to.clone())], Vec::new()));
    log_in(&fixture, &server);
    // The other host is asked without the password, and its token is of no use.
    verify(&fixture, &server, 2, "rejected the credentials");
    assert!(elsewhere.seen().iter().all(|request| request.header("Authorization").is_none()));
    assert!(server.seen().iter().any(|request| request.header("Authorization").is_some()));
    // A blob redirect to another host does not carry the password.
    let envelope = fixture.envelope("v1");
    let blobs = fixture.signed(&[&envelope]).serve();
    let to = blobs.address;
    let server = fixture.signed(&[&envelope]).serve_with(move |request| match request.header("Authorization") {
        None => Some(Reply::Answer(401, vec![("WWW-Authenticate", "Basic realm=x".to_owned())], Vec::new())),
        Some(_) if request.path.contains("/blobs/") => {
            Some(Reply::Answer(307, vec![("Location", format!("http://{to}{}", request.path))], Vec::new()))
        }
        Some(_) => None,
    });
    log_in(&fixture, &server);
    fixture.verify(&reference(&server), &[]).succeeded();
    assert!(!blobs.seen().is_empty());
    assert!(blobs.seen().iter().all(|request| request.header("Authorization").is_none()));
}

/// Runs the tool with a credential helper in its PATH that runs these shell lines.
fn with_helper(fixture: &Fixture, server: &FaultServer, lines: &str) -> Finished {
    let folder = fixture.file("bin");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::create_dir_all(fixture.file(".docker")).unwrap();
    write_program(&folder.join("docker-credential-bad"), &format!("#!/bin/sh\n{lines}\n"));
    let config = json!({ "credsStore": "bad" }).to_string();
    std::fs::write(fixture.file(".docker/config.json"), config).unwrap();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut list = fixture.cli.command(&["list", &reference(server), "--registry-timeout", "2"]);
    let finished = run(list.env("PATH", path), LIMIT);
    assert!(finished.peak < MEMORY, "{} MiB", finished.peak >> 20);
    finished
}

fn write_program(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn times_out_on_hanging_and_flooding_credential_helpers() {
    let fixture = Fixture::new();
    let basic = |_: &Request| Reply::Answer(401, vec![("WWW-Authenticate", "Basic realm=x".to_owned())], Vec::new());
    let server = FaultServer::start(basic);
    let flood = with_helper(&fixture, &server, "head -c 100000000 /dev/zero");
    flood.exits_with(2).says("docker-credential-bad").says("more than 65536 bytes");
    let hang = with_helper(&fixture, &server, "exec sleep 300");
    hang.exits_with(3).says("while authenticating");
    let failing = with_helper(&fixture, &server, "echo '\u{1b}[31mno keychain'; exit 1");
    let failing = failing.exits_with(2).says("no keychain");
    assert!(!failing.stderr.contains('\u{1b}'), "{failing}");
}
