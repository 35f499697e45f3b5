//! Proxies from environment variables, between the tool and registries.

use std::time::Duration;

use crate::support::process::{Finished, command, free_port, run};
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
    for except in ["registry.invalid", "registry.invalid:80", "*.invalid", ".invalid", "*"] {
        let proxy = Service::answering(404, &[], b"nothing here");
        let variables = [("ALL_PROXY", proxy.url()), ("NO_PROXY", except.to_owned())];
        list(&variables.each_ref().map(|(name, value)| (*name, value.as_str())), &["--plain-http"]).exits_with(3);
        assert_eq!(proxy.connections(), 0, "NO_PROXY={except} was not respected");
    }
}

#[test]
fn an_error_names_the_proxy() {
    let closed = format!("http://127.0.0.1:{}", free_port());
    let refused = list(&[("HTTPS_PROXY", &closed)], &[]).exits_with(3);
    let refused =
        refused.says(&format!("no connection: Connection refused (through the proxy {closed} (HTTPS_PROXY))"));
    // The first wait says why, the next ones do not.
    assert_eq!(refused.stderr.matches("Connection refused").count(), 2, "{refused}");
    assert_eq!(refused.stderr.matches("waiting: registry.invalid: no connection").count(), 1, "{refused}");
    list(&[("ALL_PROXY", &closed)], &["--plain-http"]).exits_with(3).says(&format!("the proxy {closed} (ALL_PROXY)"));
    let proxy = Service::answering(407, &[], b"");
    let named = format!("the proxy {} (HTTP_PROXY)", proxy.url());
    list(&[("HTTP_PROXY", &proxy.url())], &["--plain-http"]).exits_with(2).says(&named);
    let named = format!("the proxy {} (HTTPS_PROXY)", proxy.url());
    list(&[("HTTPS_PROXY", &proxy.url())], &[]).failed().says(&named);
    let unusable = "HTTPS_PROXY names a proxy with socks5://";
    list(&[("HTTPS_PROXY", "socks5://127.0.0.1:1")], &[]).exits_with(2).says(unusable);
}

#[test]
fn says_that_there_are_no_certificate_authorities() {
    let variables = [("SSL_CERT_FILE", "/nonexistent/roots.pem")];
    let ended = list(&variables, &[]).exits_with(2);
    ended.says("no certificate authorities are installed").says("/nonexistent/roots.pem");
}

#[test]
fn tunnels_through_the_proxy_without_showing_the_password() {
    let proxy = Service::answering(403, &[], b"no tunnels");
    let variables = [("NOTATION_USERNAME", "team"), ("NOTATION_PASSWORD", "allmine"), ("HTTPS_PROXY", &proxy.url())];
    list(&variables, &[]).failed().says("the proxy refused the connection to the host");
    let requests = proxy.requests();
    assert!(!requests.is_empty());
    for seen in requests {
        assert_eq!((seen.method.as_str(), seen.target.as_str()), ("CONNECT", "registry.invalid:443"));
        assert_eq!(seen.header("authorization"), None);
        assert_eq!(seen.header("proxy-authorization"), None);
    }
}
