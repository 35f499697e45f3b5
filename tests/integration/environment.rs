//! The plugin's environment: standard streams, credentials, endpoints and proxies.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::fault::{FaultServer, Reply};
use crate::support::plugin::{ACCESS_KEY, Outcome, Plugin, SECRET_KEY};
use crate::support::process::free_port;
use crate::support::service::{ReceivedRequest, Service};
use crate::support::vector::base_request;

const NOTHING_REVOKED: &[u8] = br#"{"revokedEntities":[]}"#;

/// A `verify-signature` request with a revocation check and this plugin configuration.
fn revocation_request(config: Value) -> String {
    let mut request = base_request("verify-signature");
    request["trustPolicy"]["signatureVerification"] = json!(["SIGNATURE_VERIFIER.REVOCATION_CHECK"]);
    request["pluginConfig"] = config;
    request.to_string()
}

fn verify() -> Plugin {
    Plugin::new(["verify-signature"])
}

#[track_caller]
fn revocation(outcome: &Outcome) -> (bool, String) {
    let result = &outcome.answer()["verificationResults"]["SIGNATURE_VERIFIER.REVOCATION_CHECK"];
    (result["success"].as_bool().unwrap(), result["reason"].as_str().unwrap().to_owned())
}

/// Asserts that the check passed; returns the only request to the service.
#[track_caller]
fn request_of(outcome: &Outcome, service: &Service) -> ReceivedRequest {
    assert!(revocation(outcome).0, "{outcome:?}");
    let mut requests = service.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    requests.remove(0)
}

/// The SDK panics at some values that no HTTP header can hold.
#[test]
fn credentials_that_no_request_can_hold_fail_the_check_and_not_the_command() {
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "AKID\nEXAMPLE"),
        ("AWS_ACCESS_KEY_ID", "AKID\u{1}EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret\r\nkey"),
        ("AWS_SESSION_TOKEN", "token\nof\nlines"),
    ] {
        let service = Service::answering(200, &[], NOTHING_REVOKED);
        let plugin = verify().env("AWS_ACCESS_KEY_ID", ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", SECRET_KEY);
        let request = revocation_request(json!({ "aws-signer-endpoint-url": service.url() }));
        let outcome = plugin.env(name, value).run(request);
        // Signed or not: what matters is that the command has an answer about the check.
        let (success, reason) = revocation(&outcome);
        assert!(name == "AWS_SECRET_ACCESS_KEY" || !success, "{name}: {outcome:?}");
        assert!(!reason.is_empty(), "{outcome:?}");
    }
}

#[test]
fn endless_input_is_a_timeout() {
    for command in ["generate-envelope", "verify-signature"] {
        for begin in ["", r#"{"contractVersion":"#] {
            let (reader, mut writer) = std::io::pipe().unwrap();
            writer.write_all(begin.as_bytes()).unwrap();
            let outcome = Plugin::new([command]).env("NOTATION_AWS_SIGNER_TIMEOUT", "0.5").run_with(reader.into());
            drop(writer);
            let error = outcome.error();
            assert_eq!(error["errorCode"], "TIMEOUT", "{error}");
            assert!(error["errorMessage"].as_str().unwrap().contains("standard input did not end"), "{error}");
            assert!(outcome.took < Duration::from_secs(8), "{:?}", outcome.took);
        }
    }
}

#[test]
fn metadata_does_not_wait_for_input() {
    let (reader, writer) = std::io::pipe().unwrap();
    let outcome = Plugin::new(["get-plugin-metadata"]).env("NOTATION_AWS_SIGNER_TIMEOUT", "1").run_with(reader.into());
    drop(writer);
    assert_eq!(outcome.answer()["name"], "com.amazonaws.signer.notation.plugin");
}

#[test]
fn rejects_input_over_64_mib() {
    // A sparse file, which takes no disk space.
    let input = tempfile::tempfile().unwrap();
    input.set_len((64 << 20) + 1).unwrap();
    for command in ["generate-envelope", "verify-signature", "get-plugin-metadata"] {
        let outcome = Plugin::new([command]).run_with(input.try_clone().unwrap().into());
        std::io::Seek::rewind(&mut &input).unwrap();
        let error = outcome.error();
        assert_eq!(error["errorCode"], "VALIDATION_ERROR");
        assert!(error["errorMessage"].as_str().unwrap().contains("larger than 67108864 bytes"), "{error}");
    }
}

#[test]
fn fails_if_stdout_cannot_be_written() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let full = File::options().write(true).open("/dev/full").unwrap();
    for stdout in [Stdio::from(writer), full.into()] {
        let outcome = Plugin::new(["get-plugin-metadata"]).run_into(Stdio::null(), stdout);
        let error = outcome.error();
        assert_eq!(error["errorCode"], "ERROR");
        assert!(error["errorMessage"].as_str().unwrap().contains("cannot write the response"), "{error}");
    }
}

#[test]
fn without_credentials_no_request_is_sent() {
    let service = Service::answering(200, &[], NOTHING_REVOKED);
    let mut request = base_request("generate-envelope");
    request["pluginConfig"]["aws-signer-endpoint-url"] = json!(service.url());
    let error = Plugin::new(["generate-envelope"]).without_credentials().run(request.to_string()).error();
    assert_eq!(error["errorCode"], "ACCESS_DENIED");
    assert!(error["errorMessage"].as_str().unwrap().contains("Set AWS_ACCESS_KEY_ID"), "{error}");
    let request = revocation_request(json!({ "aws-signer-endpoint-url": service.url() }));
    let (success, reason) = revocation(&verify().without_credentials().run(request));
    assert!(!success && reason.contains("no AWS credentials"), "{reason}");
    assert_eq!(service.connections(), 0);
}

#[test]
fn a_named_profile_overrides_environment_credentials() {
    let service = Service::answering(200, &[], NOTHING_REVOKED);
    let config = "[profile ci]\naws_access_key_id = AKIAFROMTHEPROFILE00\naws_secret_access_key = another-secret\n";
    let request = revocation_request(json!({ "aws-signer-endpoint-url": service.url(), "aws-profile": "ci" }));
    let request = request_of(&verify().aws_config(config).run(request), &service);
    assert_eq!(request.credential()[0], "AKIAFROMTHEPROFILE00");
    assert_eq!(request.header("x-amz-security-token"), None, "the environment's session token was sent along");

    let service = Service::answering(200, &[], NOTHING_REVOKED);
    let request = revocation_request(json!({ "aws-signer-endpoint-url": service.url() }));
    let request = request_of(&verify().aws_config(config).run(request), &service);
    assert_eq!(request.credential()[0], ACCESS_KEY);
}

#[test]
fn uses_endpoints_from_every_source_unchanged() {
    // The SDK's host prefix (data-127.0.0.1) is not added, and the most specific source wins.
    let nowhere = "http://127.0.0.1:1";
    let run = |set: &dyn Fn(Plugin, &str) -> Plugin| {
        let service = Service::answering(200, &[], NOTHING_REVOKED);
        let plugin = set(verify(), &service.url());
        let request = request_of(&plugin.run(revocation_request(json!({}))), &service);
        assert_eq!(request.header("host"), Some(service.address().to_string().as_str()));
        request.path().to_owned()
    };
    assert_eq!(run(&|p, url| p.env("AWS_ENDPOINT_URL_SIGNER", url).env("AWS_ENDPOINT_URL", nowhere)), "/revocations");
    assert_eq!(run(&|p, url| p.env("AWS_ENDPOINT_URL", url)), "/revocations");
    assert_eq!(run(&|p, url| p.env("AWS_ENDPOINT_URL_SIGNER", format!("{url}/some/path"))), "/some/path/revocations");
    assert_eq!(
        run(&|p, url| p.env("NOTATION_AWS_SIGNER_ENDPOINT_URL", url).env("AWS_ENDPOINT_URL", nowhere)),
        "/revocations"
    );
    assert_eq!(run(&|p, url| p.aws_config(&format!("[default]\nendpoint_url = {url}\n"))), "/revocations");
    let services =
        |url: &str| format!("[default]\nservices = local\n[services local]\nsigner =\n  endpoint_url = {url}\n");
    assert_eq!(run(&|p, url| p.aws_config(&services(url))), "/revocations");
}

#[test]
fn rejects_invalid_endpoints_without_revealing_the_request() {
    for url in ["localhost:8274", "http://127.0.0.1:99999", "ftp://127.0.0.1", "http://user:secret@127.0.0.1", "//host"]
    {
        let mut request = base_request("generate-envelope");
        request["pluginConfig"] = json!({});
        let payload = request["payload"].as_str().unwrap().to_owned();
        let sign = Plugin::new(["generate-envelope"]).logging().env("AWS_ENDPOINT_URL_SIGNER", url);
        let outcome = sign.run(request.to_string());
        let error = outcome.error();
        assert_eq!(error["errorCode"], "VALIDATION_ERROR", "{error}");
        let message = error["errorMessage"].as_str().unwrap();
        assert!(message.contains("AWS_ENDPOINT_URL_SIGNER") && message.len() < 600, "{message}");
        for text in [&outcome.stderr, &outcome.log] {
            assert!(!text.contains(&payload) && !text.contains("secret@"), "{text}");
        }
        let outcome = verify().env("AWS_ENDPOINT_URL", url).run(revocation_request(json!({})));
        let result = &outcome.answer()["verificationResults"]["SIGNATURE_VERIFIER.REVOCATION_CHECK"];
        assert_eq!(result["success"], false);
        assert!(result["reason"].as_str().unwrap().contains("which is not an http"), "{result}");
    }
}

#[test]
fn uses_credentials_of_a_process() {
    let service = Service::answering(200, &[], NOTHING_REVOKED);
    let plugin = verify().without_credentials();
    let script = plugin.home().join("credentials.sh");
    let keys = json!({ "Version": 1, "AccessKeyId": "AKIAFROMTHEPROCESS00", "SecretAccessKey": SECRET_KEY });
    std::fs::write(&script, format!("#!/bin/sh\necho '{keys}'\n")).unwrap();
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o700)).unwrap();
    let config = format!("[profile made]\ncredential_process = /bin/sh {}\n", script.display());
    let request = revocation_request(json!({ "aws-signer-endpoint-url": service.url(), "aws-profile": "made" }));
    let outcome = plugin.aws_config(&config).logging().run(request);
    assert_eq!(request_of(&outcome, &service).credential()[0], "AKIAFROMTHEPROCESS00");
    assert!(!outcome.log.contains(SECRET_KEY) && !outcome.log.is_empty());
}

#[test]
fn reports_a_hanging_or_failing_credential_process() {
    for (line, why) in [("sleep 30", "within 1 s"), ("echo no >&2; exit 3", "exit status: 3")] {
        let config = format!("[profile made]\ncredential_process = /bin/sh -c '{line}'\n");
        let request = revocation_request(json!({ "aws-profile": "made", "aws-signer-timeout": "1" }));
        let outcome = verify().without_credentials().aws_config(&config).run(request);
        let (success, reason) = revocation(&outcome);
        assert!(!success && reason.contains(why), "{reason}");
        assert!(outcome.took < Duration::from_secs(8), "{:?}", outcome.took);
    }
}

#[test]
fn respects_http_proxy_and_no_proxy() {
    let request =
        || revocation_request(json!({ "aws-signer-endpoint-url": "http://signer.invalid", "aws-signer-timeout": "2" }));
    for name in ["HTTP_PROXY", "http_proxy"] {
        let proxy = Service::answering(200, &[], NOTHING_REVOKED);
        let seen = request_of(&verify().env(name, proxy.url()).run(request()), &proxy);
        assert_eq!(seen.header("host"), Some("signer.invalid"));
        assert!(seen.target.starts_with("http://signer.invalid/revocations?"), "{}", seen.target);
    }
    for except in ["signer.invalid", "signer.invalid:80", "*.invalid", ".invalid", "a.example, *"] {
        let proxy = Service::answering(200, &[], NOTHING_REVOKED);
        let outcome = verify().env("ALL_PROXY", proxy.url()).env("NO_PROXY", except).run(request());
        assert!(!revocation(&outcome).0);
        assert_eq!(proxy.connections(), 0, "NO_PROXY={except} was not respected");
    }
}

#[test]
fn an_error_names_the_proxy() {
    let request = |scheme: &str| {
        let url = format!("{scheme}://signer.invalid");
        revocation_request(json!({ "aws-signer-endpoint-url": url, "aws-signer-timeout": "8" }))
    };
    let closed = format!("127.0.0.1:{}", free_port());
    for (variable, scheme) in [("HTTPS_PROXY", "https"), ("http_proxy", "http"), ("ALL_PROXY", "https")] {
        let plugin = verify().env(variable, format!("http://me:hunter2@{closed}"));
        let (success, reason) = revocation(&plugin.run(request(scheme)));
        assert!(!success && reason.contains(&format!("the proxy http://{closed} ({variable})")), "{reason}");
        assert!(!reason.contains("hunter2"), "{reason}");
    }
    let proxy = Service::answering(407, &[], b"");
    for scheme in ["http", "https"] {
        let (success, reason) = revocation(&verify().env("ALL_PROXY", proxy.url()).run(request(scheme)));
        assert!(!success && reason.contains(&format!("the proxy {} (ALL_PROXY)", proxy.url())), "{reason}");
    }
    let (success, reason) = revocation(&verify().env("ALL_PROXY", "socks5://127.0.0.1:1").run(request("https")));
    assert!(!success && reason.contains("ALL_PROXY names a proxy with socks5://"), "{reason}");
}

#[test]
fn credentials_of_the_machine_never_go_through_a_proxy() {
    let sources = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://[fd00:ec2::23]/v1/credentials"),
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/x"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://[fd00:ec2::254]"),
    ];
    std::thread::scope(|scope| {
        for (variable, value) in sources {
            scope.spawn(move || {
                let proxy = Service::answering(200, &[], b"{}");
                let config = json!({ "aws-signer-endpoint-url": "http://127.0.0.1:1", "aws-signer-timeout": "2" });
                let plugin = verify().without_credentials().env("AWS_EC2_METADATA_DISABLED", "false");
                let plugin = plugin.env("ALL_PROXY", proxy.url()).env(variable, value);
                assert!(!revocation(&plugin.run(revocation_request(config))).0);
                assert_eq!(proxy.connections(), 0, "{value}: {:?}", proxy.requests());
            });
        }
    });
}

#[test]
fn opens_a_tunnel_through_https_proxy() {
    let proxy = Service::answering(403, &[], b"no tunnels");
    let request = revocation_request(json!({ "aws-signer-endpoint-url": "https://signer.invalid" }));
    let (success, reason) = revocation(&verify().env("HTTPS_PROXY", proxy.url()).run(request));
    assert!(!success, "{reason}");
    let requests = proxy.requests();
    assert!(!requests.is_empty());
    for seen in requests {
        assert_eq!((seen.method.as_str(), seen.target.as_str()), ("CONNECT", "signer.invalid:443"));
        assert_eq!(seen.header("authorization"), None, "credentials went to the proxy");
    }
}

#[test]
fn tls_requires_a_certificate_trusted_by_the_system() {
    let (service, authority) = FaultServer::start_tls(|_| Reply::content("application/json", NOTHING_REVOKED));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, authority).unwrap();
    let ask = |plugin: Plugin| {
        let url = format!("https://localhost:{}", service.address.port());
        let outcome = plugin.run(revocation_request(json!({ "aws-signer-endpoint-url": url })));
        outcome.answer()["verificationResults"]["SIGNATURE_VERIFIER.REVOCATION_CHECK"].clone()
    };
    let result = ask(verify().env("SSL_CERT_FILE", &file));
    assert_eq!(result["success"], true, "{result}");
    let result = ask(verify());
    assert_eq!(result["success"], false);
    let reason = result["reason"].as_str().unwrap();
    assert!(reason.contains("localhost: the server's certificate") && reason.contains("AWS_CA_BUNDLE"), "{result}");
    assert_eq!(service.seen().len(), 1, "a request was sent to a service without a trusted certificate");
    assert_eq!(service.connections(), 2, "a failed handshake was repeated");
}

#[test]
fn trusts_the_authorities_of_aws_ca_bundle_only() {
    let (service, authority) = FaultServer::start_tls(|_| Reply::content("application/json", NOTHING_REVOKED));
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        file
    };
    let right = file("authority.pem", authority.as_bytes());
    let other = file("other.pem", FaultServer::start_tls(|_| Reply::status(500)).1.as_bytes());
    let empty = file("empty.pem", b"");
    let cut = file("cut.pem", &authority.as_bytes()[..authority.len() / 2]);
    let missing = folder.path().join("missing.pem");
    let url = format!("https://localhost:{}", service.address.port());
    let ask = |plugin: Plugin| {
        let config = json!({ "aws-signer-endpoint-url": url, "aws-profile": "corp" });
        let keys = format!("aws_access_key_id = AKIAX\naws_secret_access_key = {SECRET_KEY}");
        let profile = format!("[profile corp]\n{keys}\nca_bundle = {}\n", other.display());
        revocation(&plugin.aws_config(&profile).run(revocation_request(config)))
    };
    for (variables, expected) in [
        (vec![("AWS_CA_BUNDLE", &right)], ""),
        (vec![("AWS_CA_BUNDLE", &right), ("SSL_CERT_FILE", &missing)], ""),
        (vec![("AWS_CA_BUNDLE", &other), ("SSL_CERT_FILE", &right)], "not trusted"),
        (vec![("SSL_CERT_FILE", &right)], "not trusted"),
        (vec![("AWS_CA_BUNDLE", &missing)], "missing.pem"),
        (vec![("AWS_CA_BUNDLE", &empty)], "empty.pem"),
        (vec![("AWS_CA_BUNDLE", &cut)], "cut.pem"),
    ] {
        let plugin = variables.iter().fold(verify(), |plugin, (name, value)| plugin.env(name, value));
        let (success, reason) = ask(plugin);
        assert!(success == expected.is_empty() && reason.contains(expected), "{variables:?}: {reason}");
    }
    // Nothing is read where there is no TLS.
    let plain = Service::answering(200, &[], NOTHING_REVOKED);
    let request = revocation_request(json!({ "aws-signer-endpoint-url": plain.url() }));
    request_of(&verify().env("AWS_CA_BUNDLE", &missing).run(request), &plain);
}

#[test]
fn a_servers_certificate_in_a_bundle_vouches_for_no_other_server() {
    let (service, named) = FaultServer::start_tls_by_no_authority(|_| Reply::status(500));
    let (_, authority) = FaultServer::start_tls(|_| Reply::status(500));
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("bundle.pem");
    let url = format!("https://localhost:{}", service.address.port());
    for (content, expected) in [
        (named.clone(), "bundle.pem: no certificate of a certificate authority found"),
        (format!("{authority}{named}"), "not trusted"),
    ] {
        std::fs::write(&bundle, content).unwrap();
        for variable in ["AWS_CA_BUNDLE", "SSL_CERT_FILE"] {
            let request = revocation_request(json!({ "aws-signer-endpoint-url": url }));
            let (success, reason) = revocation(&verify().env(variable, &bundle).run(request));
            assert!(!success, "{variable}: {reason}");
            assert!(variable != "AWS_CA_BUNDLE" || reason.contains(expected), "{reason}");
        }
    }
    assert!(service.seen().is_empty());
}

#[test]
fn says_that_there_are_no_certificate_authorities() {
    let (service, _) = FaultServer::start_tls(|_| Reply::content("application/json", NOTHING_REVOKED));
    let url = format!("https://localhost:{}", service.address.port());
    let request = revocation_request(json!({ "aws-signer-endpoint-url": url }));
    let (success, reason) = revocation(&verify().env("SSL_CERT_FILE", "/nonexistent/roots.pem").run(request));
    assert!(!success && reason.contains("no certificate authorities are installed"), "{reason}");
    assert!(reason.contains("/nonexistent/roots.pem"), "{reason}");
}
