//! The service as admission webhooks of a real API server.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use serde_json::{Value, json};

use super::commands::eventually;
use super::{Admission, OWN_TLS, Site};
use crate::support::kubernetes::Kubernetes;
use crate::support::peers;

/// Registers both webhooks for all kinds, in namespaces without the label `admission: none`.
fn register(kubernetes: &Kubernetes, url: &str, ca_bundle: &str) {
    let rules = json!([{
        "apiGroups": ["*"],
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE", "DELETE", "CONNECT"],
        "resources": [
            "pods", "pods/ephemeralcontainers", "deployments", "statefulsets", "daemonsets", "replicasets",
            "replicationcontrollers", "jobs", "cronjobs", "podtemplates",
        ],
    }]);
    for (kind, path) in [("Mutating", "mutate"), ("Validating", "validate")] {
        let mut webhook = json!({
            "name": format!("{path}.notation.example.com"),
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "failurePolicy": "Fail",
            "matchPolicy": "Equivalent",
            "timeoutSeconds": 10,
            "clientConfig": { "url": format!("{url}/{path}"), "caBundle": ca_bundle },
            "namespaceSelector": { "matchExpressions": [{ "key": "admission", "operator": "NotIn", "values": ["none"] }] },
            "rules": rules,
        });
        if kind == "Mutating" {
            webhook["reinvocationPolicy"] = "IfNeeded".into();
        }
        let object = json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": format!("{kind}WebhookConfiguration"),
            "metadata": { "name": "notation-admission" },
            "webhooks": [webhook],
        });
        kubernetes.apply(&object).succeeded();
    }
}

fn namespace(kubernetes: &Kubernetes, name: &str, labels: &Value) {
    let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } });
    kubernetes.apply(&object).succeeded();
}

fn pod_spec(image: &str) -> Value {
    json!({ "containers": [{ "name": "app", "image": image }] })
}

fn pod(name: &str, namespace: &str, image: &str) -> Value {
    let metadata = json!({ "name": name, "namespace": namespace });
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod_spec(image) })
}

fn template(image: &str) -> Value {
    json!({ "metadata": { "labels": { "app": "a" } }, "spec": pod_spec(image) })
}

#[test]
#[ignore = "needs kube-apiserver, etcd and olareg: scripts/test"]
fn the_api_server_runs_what_is_signed_and_shows_why_it_refuses_the_rest() {
    let site = Site::start();
    let signed = site.push_signed("signed");
    let unsigned = site.push("unsigned");
    let other = site.push("other");
    site.sign(&other, &site.other);
    let revoked = site.push("revoked");
    let job = site.sign(&revoked, &site.release);
    let kubernetes = Kubernetes::start(&peers());
    namespace(&kubernetes, "unjudged", &json!({ "admission": "none" }));
    namespace(&kubernetes, "exempt", &json!({ "verify": "no" }));

    // Before the webhooks: a Pod with an unsigned image, whose labels must stay changeable.
    kubernetes.apply(&pod("old", "default", &unsigned)).succeeded();
    let config = site
        .config("  - {name: by-label, namespaceSelector: {matchLabels: {verify: \"no\"}}, action: exempt}\n", OWN_TLS);
    let kubeconfig = kubernetes.kubeconfig().to_str().unwrap();
    let service = Admission::start(&site, &config, &[("KUBECONFIG", kubeconfig)]);
    eventually("the namespaces are known", || service.page("/readyz").0 == 200);
    register(&kubernetes, &service.url, service.ca_bundle.as_deref().unwrap());
    eventually("the webhooks are called", || {
        !kubernetes.apply_as(&pod("probe", "default", &unsigned), &["--dry-run=server"]).is_success()
    });

    // Signed: it runs, by its digest.
    kubernetes.apply(&pod("app", "default", &signed)).succeeded();
    let stored = kubernetes.get("/api/v1/namespaces/default/pods/app").has_status(200).body;
    let image = stored["spec"]["containers"][0]["image"].as_str().unwrap();
    assert!(image.contains("/team/app@sha256:"), "{image}");

    // Refused, with the reason that kubectl shows.
    let refused =
        |object: &Value| kubernetes.apply(object).failed().says("notation.example.com").says("denied the request");
    refused(&pod("bad", "default", &unsigned)).says("the image has no signature").says("rule \"rest\"");
    refused(&pod("bad", "default", &other)).says("authenticity").says(&site.other.arn);
    refused(&pod("bad", "default", "team/App:1")).says("capital letters");
    let workload = |group: &str, kind: &str, spec: Value| json!({ "apiVersion": group, "kind": kind, "metadata": { "name": "w", "namespace": "default" }, "spec": spec });
    let selector = json!({ "matchLabels": { "app": "a" } });
    let deployment = json!({ "selector": selector, "template": template(&unsigned) });
    refused(&workload("apps/v1", "Deployment", deployment)).says("the image has no signature");
    let mut job_template = template(&unsigned);
    job_template["spec"]["restartPolicy"] = "Never".into();
    let cron = json!({ "schedule": "0 0 * * *", "jobTemplate": { "spec": { "template": job_template } } });
    refused(&workload("batch/v1", "CronJob", cron)).says("the image has no signature");
    let mut volumes = pod("volumes", "default", &signed);
    volumes["spec"]["volumes"] = json!([{ "name": "data", "image": { "reference": unsigned } }]);
    refused(&volumes).says("the image has no signature");
    let debug = ["debug", "app", "-n", "default", "--image", &unsigned, "--attach=false", "-c", "debugger"];
    kubernetes.kubectl(&debug).failed().says("the image has no signature");
    let debug = ["debug", "app", "-n", "default", "--image", &signed, "--attach=false", "-c", "debugger"];
    kubernetes.kubectl(&debug).succeeded();

    // A signed Deployment keeps its tag: GitOps tools compare it.
    let deployment = json!({ "selector": selector, "template": template(&signed) });
    kubernetes.apply(&workload("apps/v1", "Deployment", deployment)).succeeded();
    let stored = kubernetes.get("/apis/apps/v1/namespaces/default/deployments/w").has_status(200).body;
    assert_eq!(stored["spec"]["template"]["spec"]["containers"][0]["image"], signed);

    // What runs already can be changed and deleted.
    kubernetes.kubectl(&["label", "pod", "old", "-n", "default", "team=a"]).succeeded();
    let set = format!("app={other}");
    kubernetes.kubectl(&["set", "image", "pod/old", "-n", "default", &set]).failed().says("authenticity");
    kubernetes.kubectl(&["delete", "pod", "old", "-n", "default", "--force", "--grace-period=0"]).succeeded();

    // Exempt by the label of the namespace, and not judged at all. Nothing in the object itself helps.
    kubernetes.apply(&pod("free", "exempt", &unsigned)).succeeded();
    kubernetes.apply(&pod("free", "unjudged", &unsigned)).succeeded();
    let mut lying = pod("lying", "default", &unsigned);
    lying["metadata"]["labels"] = json!({ "verify": "no", "admission": "none" });
    lying["metadata"]["annotations"] = json!({ "kubernetes.io/config.mirror": "x", "verify": "no" });
    kubernetes.apply(&lying).failed().says("the image has no signature");

    // Revoked, once the answer about revocation is asked for again.
    kubernetes.apply(&pod("soon", "default", &revoked)).succeeded();
    site.signer.revoke_signature(&job);
    eventually("the revoked image is refused", || {
        let applied = kubernetes.apply_as(&pod("later", "default", &revoked), &["--dry-run=server"]);
        !applied.is_success() && applied.stderr.contains("revo")
    });

    // What cannot be decided is a ServiceUnavailable, which clients repeat.
    let body = pod("away", "default", "localhost:1/team/app:1");
    let answer = kubernetes.create("/api/v1/namespaces/default/pods", &body).has_status(503);
    assert_eq!(answer.body["reason"], "ServiceUnavailable", "{}", answer.body);
    assert_eq!(answer.body["details"]["retryAfterSeconds"], 5, "{}", answer.body);

    // A server that is down lets nothing through.
    drop(service);
    kubernetes.apply(&pod("late", "default", &signed)).failed().says("failed calling webhook");
}

/// Sets a flag when it is dropped.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A certificate authority that issues server certificates for 127.0.0.1.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Issues a certificate that is valid until this year.
    fn issue(&self, folder: &Path, until: i32) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        params.not_after = date_time_ymd(until, 1, 1);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        // As a tool without any care would do it: one file after the other.
        std::fs::write(folder.join("tls.crt"), certificate.pem()).unwrap();
        std::fs::write(folder.join("tls.key"), key.serialize_pem()).unwrap();
    }
}

#[test]
#[ignore = "needs kube-apiserver, etcd and olareg: scripts/test"]
fn a_certificate_is_renewed_under_load_without_a_failed_call() {
    let site = Site::start();
    let signed = site.push_signed("signed");
    let authority = Authority::new();
    let folder = site.cli.home().to_owned();
    authority.issue(&folder, 2040);
    let server = format!(
        "server: {{listen: \"127.0.0.1:0\", operations: \"127.0.0.1:0\", limits: {{connectionAge: 1s}}, \
         tls: {{certificate: {0}/tls.crt, key: {0}/tls.key}}}}\nkubernetes: {{pullSecrets: none}}\n",
        folder.display()
    );
    let service = Admission::start(&site, &site.config("", &server), &[]);
    let kubernetes = Kubernetes::start(&peers());
    register(&kubernetes, &service.url, &STANDARD.encode(authority.0.pem()));
    let path = "/api/v1/namespaces/default/pods?dryRun=All";
    eventually("the webhooks are called", || {
        kubernetes.create(path, &pod("probe", "default", "team/App:1")).status == 403
    });
    let expiry = || {
        let (_, metrics) = service.page("/metrics");
        metrics.lines().find(|line| line.starts_with("notation_admission_certificate_expiry")).unwrap().to_owned()
    };
    let is_done = AtomicBool::new(false);
    scope(|scope| {
        let calls = |name: &'static str| {
            let (kubernetes, signed, is_done) = (&kubernetes, &signed, &is_done);
            move || {
                let mut made = 0;
                while !is_done.load(Ordering::Relaxed) {
                    kubernetes.create(path, &pod(name, "default", signed)).has_status(201);
                    made += 1;
                }
                made
            }
        };
        let callers = [scope.spawn(calls("a")), scope.spawn(calls("b"))];
        // The callers end also if the test fails.
        let _end = End(&is_done);
        for until in [2041, 2042] {
            let before = expiry();
            authority.issue(&folder, until);
            eventually("the new certificate is used", || expiry() != before);
            // Connections of the API server end by their age, and new ones use the new certificate.
            sleep(Duration::from_secs(2));
        }
        is_done.store(true, Ordering::Relaxed);
        for caller in callers {
            assert!(caller.join().unwrap() > 10);
        }
    });
}
