//! Proxies from environment variables, between the tool and registries.

use std::time::Duration;

use crate::support::process::{Finished, command, run};
use crate::support::service::Service;

/// Lists the signatures of an image in a registry whose name does not resolve.
fn list(variables: &[(&str, &str)], options: &[&str]) -> Finished {
    let home = tempfile::tempdir().unwrap();
    let mut list = command(env!("CARGO_BIN_EXE_notation-aws-signer"), home.path());
    list.envs(variables.iter().copied()).args(["list", "registry.invalid/app:v1", "--registry-timeout", "3"]);
    run(list.args(options), Duration::from_secs(60))
}

#[test]
fn sends_registry_requests_to_the_proxy_unless_excluded() {
    for name in ["HTTP_PROXY", "http_proxy"] {
        let proxy = Service::answering(404, &[], b"nothing here");
        list(&[(name, &proxy.url())], &["--plain-http"]).exits_with(2).says("404");
        let target = proxy.requests()[0].target.clone();
        assert_eq!(target, "http://registry.invalid/v2/app/manifests/v1");
    }
    let proxy = Service::answering(404, &[], b"nothing here");
    let variables = [("HTTP_PROXY", proxy.url()), ("NO_PROXY", "registry.invalid".to_owned())];
    list(&variables.each_ref().map(|(name, value)| (*name, value.as_str())), &["--plain-http"]).exits_with(3);
    assert_eq!(proxy.connections(), 0, "NO_PROXY was not respected");
}

#[test]
fn tunnels_through_the_proxy_without_showing_the_password() {
    let proxy = Service::answering(403, &[], b"no tunnels");
    let variables = [("NOTATION_USERNAME", "team"), ("NOTATION_PASSWORD", "allmine"), ("HTTPS_PROXY", &proxy.url())];
    list(&variables, &[]).failed();
    let requests = proxy.requests();
    assert!(!requests.is_empty());
    for seen in requests {
        assert_eq!((seen.method.as_str(), seen.target.as_str()), ("CONNECT", "registry.invalid:443"));
        assert_eq!(seen.header("authorization"), None);
        assert_eq!(seen.header("proxy-authorization"), None);
    }
}
