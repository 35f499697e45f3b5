//! The service puts another configuration in force as a whole, or not at all.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use admission::service::{Options, Service};
use aws_signer::SignerConfig;
use serde_json::json;
use tempfile::TempDir;
use testbed::own_key::OwnKey;

use crate::lines::Lines;
use crate::registry::Registry;
use crate::scene::{LONG, document};

struct Running {
    service: Service,
    lines: Lines,
    folder: TempDir,
    registry: Registry,
    key: OwnKey,
}

fn request(to: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

async fn get(to: SocketAddr, path: &str) -> String {
    let text = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    tokio::task::spawn_blocking(move || request(to, &text)).await.unwrap()
}

const MEMBERS: &str = "server: {plain: true, listen: \"127.0.0.1:0\", operations: \"127.0.0.1:0\"}\nkubernetes: \
                       {pullSecrets: none}\n";

impl Running {
    async fn start() -> Self {
        let (folder, registry, key, lines) =
            (tempfile::tempdir().unwrap(), Registry::start(), OwnKey::new(|_| ()), Lines::default());
        write(&folder, "root.der", key.root().der());
        write(&folder, "strict.json", document(&json!({ "level": "strict" })).as_bytes());
        write(&folder, "config.yaml", Self::config("").as_bytes());
        let image = registry.push("app", "v1", "content");
        registry.attach(&image, &key.sign(&image, notary::envelope::SigningScheme::X509));
        let options = Options {
            config: folder.path().join("config.yaml"),
            state: folder.path().join("state"),
            names: Vec::new(),
            signer: SignerConfig::default(),
            version: "0".to_owned(),
            log: lines.log(),
            level: None,
        };
        let service = Service::start(options).await.unwrap();
        Self { service, lines, folder, registry, key }
    }

    /// A configuration with another member of its policy.
    fn config(member: &str) -> String {
        format!(
            "version: 1\n{MEMBERS}policies: {{strict: {{trustPolicy: strict.json, roots: [root.der]{member}}}}}\nrules: \
             [{{policy: strict, action: enforce}}]\n"
        )
    }

    fn write(&self, name: &str, content: &[u8]) {
        write(&self.folder, name, content);
    }

    /// Whether the image is admitted.
    async fn is_admitted(&self) -> bool {
        let image = self.registry.name("app:v1");
        let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "p" },
            "spec": { "containers": [{ "name": "c", "image": image }] } });
        let review = json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "1", "kind": { "group": "", "version": "v1", "kind": "Pod" },
            "resource": { "group": "", "version": "v1", "resource": "pods" },
            "namespace": "default", "name": "p", "operation": "CREATE", "userInfo": { "username": "u" }, "object": pod } });
        let (to, body) = (self.service.address(), review.to_string());
        let text = format!(
            "POST /validate HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: \
             {}\r\n\r\n{body}",
            body.len()
        );
        let answer = tokio::task::spawn_blocking(move || request(to, &text)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let is_allowed = answer.contains("\"allowed\":true");
        assert!(is_allowed || answer.contains("\"allowed\":false"), "{answer}");
        is_allowed
    }

    async fn count(&self, result: &str) -> String {
        let metrics = get(self.service.operations(), "/metrics").await;
        let name = format!("notation_admission_config_reloads_total{{result=\"{result}\"}} ");
        let value = metrics.lines().find_map(|line| line.strip_prefix(&name).map(str::to_owned));
        value.unwrap_or_else(|| "none".to_owned())
    }

    fn said(&self, text: &str) -> bool {
        self.lines.text().contains(text)
    }
}

fn write(folder: &TempDir, name: &str, content: &[u8]) {
    // In place of the old one, as an editor or kubelet does it.
    let path = folder.path().join(name);
    let new = Path::new(&path).with_extension("new");
    std::fs::write(&new, content).unwrap();
    std::fs::rename(new, path).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_configuration_changes_nothing_and_is_told() {
    let running = Running::start().await;
    assert!(running.is_admitted().await);
    let success = running.count("success").await;
    for (config, problem) in [
        ("version: 1\nnonsense: true\n".to_owned(), "nonsense"),
        (Running::config(", userMetadata: {io.cncf.notary.x: y}"), "io.cncf.notary"),
        (Running::config("").replace("root.der", "missing.der"), "missing.der"),
        (Running::config("").replace("listen: \"127.0.0.1:0\"", "listen: \"127.0.0.1:1\""), "server.listen"),
    ] {
        running.write("config.yaml", config.as_bytes());
        running.service.reload().await;
        assert!(running.is_admitted().await, "{config}");
        assert!(get(running.service.operations(), "/readyz").await.starts_with("HTTP/1.1 200"));
        let began = Instant::now();
        while !running.said(problem) {
            assert!(began.elapsed() < LONG, "the log does not say {problem}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(running.said("the configuration before stays in force"));
    }
    assert_eq!(running.count("success").await, success);
    assert_ne!(running.count("failure").await, "0");
    running.service.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_policy_counts_at_once_after_a_reload() {
    let running = Running::start().await;
    assert!(running.is_admitted().await);
    running.write("config.yaml", Running::config(", userMetadata: {stage: prod}").as_bytes());
    running.service.reload().await;
    assert!(!running.is_admitted().await);
    running.write("config.yaml", Running::config("").as_bytes());
    running.service.reload().await;
    assert!(running.is_admitted().await);
    running.service.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_change_or_appear_are_put_in_force_without_a_signal() {
    let running = Running::start().await;
    assert!(running.is_admitted().await);
    let until = async |expected: bool| {
        let began = Instant::now();
        while running.is_admitted().await != expected {
            assert!(began.elapsed() < LONG, "the files were not read again");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    // A root that the policy names.
    running.write("root.der", OwnKey::new(|_| ()).root().der());
    until(false).await;
    // A configuration that names a file which comes later.
    running.write("config.yaml", Running::config("").replace("root.der", "later.der").as_bytes());
    let began = Instant::now();
    while !running.said("later.der") {
        assert!(began.elapsed() < LONG, "the configuration was not read again");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(!running.is_admitted().await);
    running.write("later.der", running.key.root().der());
    until(true).await;
    running.service.shutdown().await;
}
