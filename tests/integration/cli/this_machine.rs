//! Registries elsewhere do not make the tool ask services of this machine. A proxy answers for them.

use std::net::ToSocketAddrs as _;
use std::time::Duration;

use crate::support::fault::{FaultServer, Reply};
use crate::support::process::{Finished, command, run};

/// Lists the signatures of an image in a registry elsewhere that answers everything so.
fn list(answer: impl Fn() -> Reply + Send + Sync + 'static, direct: &str) -> (Finished, FaultServer) {
    let elsewhere = FaultServer::start(move |_| answer());
    let home = tempfile::tempdir().unwrap();
    let mut list = command(env!("CARGO_BIN_EXE_notation-aws-signer"), home.path());
    list.env("HTTP_PROXY", format!("http://{}", elsewhere.address)).env("NO_PROXY", direct);
    list.envs([("NOTATION_USERNAME", "team"), ("NOTATION_PASSWORD", "allmine")]);
    list.args(["list", "registry.example:5992/app:v1", "--plain-http", "--registry-timeout", "20"]);
    (run(&mut list, Duration::from_secs(60)), elsewhere)
}

fn token_service(realm: &str) -> Reply {
    let challenge = format!("Bearer realm=\"{realm}\",service=s");
    Reply::Answer(401, vec![("WWW-Authenticate", challenge)], Vec::new())
}

fn redirect(location: &str) -> Reply {
    Reply::Answer(307, vec![("Location", location.to_owned())], Vec::new())
}

/// A name, not `localhost`, that the system resolves to this machine only. Systems have different ones, or none.
fn name_of_this_machine() -> Option<String> {
    let own = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let names = [own.trim(), "ip6-localhost", "ip6-loopback", "localhost.localdomain", "localhost4"];
    let is_here = |name: &&str| {
        let found = (*name, 0).to_socket_addrs().map(Iterator::collect::<Vec<_>>).unwrap_or_default();
        !found.is_empty() && found.iter().all(|at| at.ip().is_loopback())
    };
    names.into_iter().filter(|name| !name.is_empty()).find(is_here).map(str::to_owned)
}

#[test]
fn a_registry_elsewhere_names_no_token_service_of_this_machine() {
    let service = FaultServer::start(|_| Reply::content("application/json", r#"{"token":"t"}"#));
    let port = service.address.port();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        let realm = format!("http://{host}:{port}/internal");
        let (ended, _) = list(move || token_service(&realm), "");
        ended.failed().says("the token service has an address of this machine");
    }
    assert_eq!(service.connections(), 0);
}

#[test]
fn a_registry_elsewhere_sends_no_request_to_a_name_of_this_machine() {
    let Some(name) = name_of_this_machine() else { return };
    let service = FaultServer::start(|_| Reply::content("application/json", r#"{"token":"t"}"#));
    let url = format!("http://{name}:{}/internal", service.address.port());
    let answers: [fn(&str) -> Reply; 2] = [redirect, token_service];
    for answer in answers {
        let url = url.clone();
        let (ended, elsewhere) = list(move || answer(&url), &name);
        ended.failed().says("an address of this machine");
        assert_eq!(elsewhere.seen().len(), 1, "the refused request was repeated");
    }
    assert_eq!(service.connections(), 0);
}

#[test]
fn a_registry_may_have_a_name_of_this_machine() {
    let Some(name) = name_of_this_machine() else { return };
    if (name.as_str(), 0).to_socket_addrs().unwrap().all(|at| at.ip().to_string() != "127.0.0.1") {
        return;
    }
    let registry = FaultServer::start(|request| match request.path.strip_suffix("/moved") {
        Some(_) => Reply::status(404),
        None => redirect(&format!("{}/moved", request.path)),
    });
    let home = tempfile::tempdir().unwrap();
    let mut list = command(env!("CARGO_BIN_EXE_notation-aws-signer"), home.path());
    list.args(["list", &format!("{name}:{}/app:v1", registry.address.port()), "--plain-http"]);
    run(&mut list, Duration::from_secs(60)).failed().says("404");
    assert_eq!(registry.seen().len(), 2);
}
