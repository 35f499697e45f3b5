use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use local_signer::config::{Config, ConfigSource, Monitoring};
use local_signer::{LocalSigner, Options};

use crate::client::{Signer, client};

#[tokio::test]
async fn health_and_metrics_need_no_signature_on_this_machine() {
    let signer = Signer::start("version: 1").await;
    assert_eq!(signer.unsigned("/health").await, (200, r#"{"status":"ok"}"#.to_owned()));
    signer.put("Prod").await;
    signer.sign("Prod").await.unwrap();
    signer.get("Missing").await.unwrap();
    signer.unsigned("/signing-profiles/Prod").await;
    let (status, metrics) = signer.unsigned("/metrics").await;
    assert_eq!(status, 200);
    for line in [
        r#"local_signer_requests_total{operation="SignPayload",outcome="ok"} 1"#,
        r#"local_signer_requests_total{operation="GetSigningProfile",outcome="ResourceNotFoundException"} 1"#,
        r#"local_signer_requests_total{operation="unknown",outcome="MissingAuthenticationTokenException"} 1"#,
        r#"local_signer_request_duration_seconds_count{operation="SignPayload"} 1"#,
        r#"local_signer_jobs{status="Succeeded"} 1"#,
        r#"local_signer_queue_length{queue="audit"} 0"#,
        "local_signer_connections 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
    let commits = metrics.lines().find_map(|line| line.strip_prefix("local_signer_store_commit_seconds_count "));
    assert!(commits.is_some_and(|commits| commits.parse::<u64>().unwrap() >= 2), "{metrics}");
    assert!(!metrics.contains("Prod") && !metrics.contains("111122223333"), "{metrics}");
    let secret = signer.signer.credentials().secret_access_key();
    assert!(!metrics.contains(secret) && !metrics.contains(signer.signer.credentials().access_key_id()));
    // Only reading, and only these paths.
    for path in ["/health/", "/healthz", "/metrics/x", "//metrics"] {
        assert_eq!(signer.unsigned(path).await.0, 403, "{path}");
    }
    let posted = signer.http.post(format!("{}/health", signer.signer.endpoint_url())).send().await.unwrap();
    assert_eq!(posted.status(), 403);
}

#[tokio::test]
async fn other_machines_learn_nothing_unless_configured() {
    // An address of this machine that is not of the loopback interface stands for another machine.
    let Some(address) = outer_address() else { return };
    for (remote, expected) in [(false, 403), (true, 200)] {
        let directory = tempfile::tempdir().unwrap();
        let config = Config { monitoring: Monitoring { remote }, ..Config::default() };
        let options = Options {
            listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            config: ConfigSource::Value(Box::new(config)),
            ..Options::new(directory.path())
        };
        let signer = LocalSigner::start(options).await.unwrap();
        let http = client(|builder| builder.local_address(address.ip()));
        for path in ["health", "metrics"] {
            let url = format!("http://{}:{}/{path}", address.ip(), signer.address().port());
            assert_eq!(http.get(url).send().await.unwrap().status(), expected, "{path}");
        }
        signer.shutdown().await;
    }
}

/// The address of this machine in a network, if it has one. Nothing is sent.
fn outer_address() -> Option<SocketAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().filter(|address| !address.ip().is_loopback())
}
