//! The adapters beside Kubernetes' own webhook: ImagePolicyWebhook of a real API server, and Kyverno's requests with
//! tokens of Kubernetes.

use serde_json::{Value, json};

use super::commands::eventually;
use super::{Admission, OWN_TLS, Site, address};
use crate::support::kubernetes::Kubernetes;
use crate::support::{http, peers};

/// The server of tests without TLS, with one adapter.
pub(super) fn plain(adapter: &str) -> String {
    format!("server: {{plain: true, listen: \"127.0.0.1:0\", operations: \"127.0.0.1:0\", adapters: [{adapter}]}}\n")
}

fn pod(name: &str, namespace: &str, image: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": name, "namespace": namespace },
        "spec": { "containers": [{ "name": "app", "image": image }] },
    })
}

/// Posts JSON to an adapter, with a bearer token if there is one.
pub(super) fn post(service: &Admission, path: &str, token: Option<&str>, body: &Value) -> (u16, String) {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("Content-Type", "application/json")];
    headers.extend(bearer.as_deref().map(|bearer| ("Authorization", bearer)));
    let answer = http::send_with(address(&service.url), "POST", path, &headers, body.to_string().as_bytes());
    (answer.status, answer.body)
}

#[test]
#[ignore = "needs kube-apiserver, etcd and olareg: scripts/test"]
fn the_image_policy_webhook_of_the_api_server_refuses_what_is_not_signed() {
    let site = Site::start();
    let signed = site.push_signed("signed");
    let unsigned = site.push("unsigned");
    let revoked = site.push("revoked");
    let job = site.sign(&revoked, &site.release);
    let server = OWN_TLS.replace("}\n", ", adapters: [imagereview]}\n");
    let rules = "  - {name: system, namespaces: [kube-system], action: exempt}\n";
    let service = Admission::start(&site, &site.config(rules, &server), &[]);

    // The API server reads both files when it starts. It asks without a client certificate.
    let folder = site.cli.home().join("policy");
    std::fs::create_dir(&folder).unwrap();
    let ca = service.ca_bundle.clone().unwrap();
    let kubeconfig = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "admission",
            "cluster": { "server": format!("{}/imagereview", service.url), "certificate-authority-data": ca },
        }],
        "users": [{ "name": "api-server", "user": {} }],
        "contexts": [{ "name": "admission", "context": { "cluster": "admission", "user": "api-server" } }],
        "current-context": "admission",
    });
    std::fs::write(folder.join("kubeconfig.json"), kubeconfig.to_string()).unwrap();
    let policy = json!({
        "imagePolicy": {
            "kubeConfigFile": folder.join("kubeconfig.json"),
            "allowTTL": 1,
            "denyTTL": 1,
            "retryBackoff": 100,
            "defaultAllow": false,
        },
    });
    let configuration = json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [{ "name": "ImagePolicyWebhook", "configuration": policy }],
    });
    let file = folder.join("admission.json");
    std::fs::write(&file, configuration.to_string()).unwrap();
    let option = format!("--admission-control-config-file={}", file.display());
    let kubernetes = Kubernetes::start_with(&peers(), &["--enable-admission-plugins=ImagePolicyWebhook", &option]);

    kubernetes.apply(&pod("app", "default", &signed)).succeeded();
    let refused = |name: &str, image: &str| kubernetes.apply(&pod(name, "default", image)).failed().says("denied");
    refused("bad", &unsigned).says("the image has no signature").says("rule \"rest\"");
    refused("bad", "localhost:1/team/app:1").says("cannot be judged now, try again");
    kubernetes.apply(&pod("system", "kube-system", &unsigned)).succeeded();
    // Annotations that are sent change nothing.
    let mut lying = pod("lying", "default", &unsigned);
    lying["metadata"]["annotations"] = json!({ "x.image-policy.k8s.io/allow": "true" });
    kubernetes.apply(&lying).failed().says("the image has no signature");
    let debug = ["debug", "app", "-n", "default", "--image", &unsigned, "--attach=false", "-c", "debugger"];
    kubernetes.kubectl(&debug).failed().says("the image has no signature");

    kubernetes.apply(&pod("soon", "default", &revoked)).succeeded();
    site.signer.revoke_signature(&job);
    eventually("the revoked image is refused", || {
        let applied = kubernetes.apply_as(&pod("later", "default", &revoked), &["--dry-run=server"]);
        !applied.is_success() && applied.stderr.contains("revo")
    });
    eventually("the decisions are logged", || {
        let log = service.log();
        log.contains("\"adapter\":\"imagereview\"") && log.contains("\"namespace\":\"kube-system\"")
    });

    drop(service);
    kubernetes.apply(&pod("late", "default", &signed)).failed();
}

/// A request of Kyverno about the image of a container.
fn check_images(site: &Site, tag: &str) -> Value {
    let registry = site.registry.address().to_string();
    let image = json!({
        "registry": registry, "path": "team/app", "name": "app", "tag": tag,
        "jsonPointer": "/spec/containers/0/image",
    });
    json!({ "images": { "containers": { "app": image } } })
}

#[test]
#[ignore = "needs kube-apiserver, etcd and olareg: scripts/test"]
fn kyverno_is_known_by_its_token_and_gets_the_verified_digest() {
    let site = Site::start();
    site.push_signed("signed");
    site.push("unsigned");
    let kubernetes = Kubernetes::start(&peers());
    for (namespace, account) in [("kyverno", "kyverno-admission-controller"), ("default", "stranger")] {
        if namespace != "default" {
            let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } });
            kubernetes.apply(&object).succeeded();
        }
        let metadata = json!({ "name": account, "namespace": namespace });
        kubernetes.apply(&json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata })).succeeded();
    }
    let token = |namespace: &str, account: &str, audience: Option<&str>| {
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token");
        let audiences = audience.map(|audience| vec![audience]);
        let spec = json!({ "audiences": audiences, "expirationSeconds": 3600 });
        let request = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec });
        let answer = kubernetes.create(&path, &request).has_status(201).body;
        answer["status"]["token"].as_str().unwrap().to_owned()
    };
    let kubeconfig = kubernetes.kubeconfig().to_str().unwrap();
    // The API server of the test issues tokens with its own address as the audience.
    let service = Admission::start(&site, &site.config("", &plain("kyverno")), &[("KUBECONFIG", kubeconfig)]);
    let ask = |token: Option<&str>, tag: &str| post(&service, "/checkimages", token, &check_images(&site, tag));
    let kyverno = |audience| token("kyverno", "kyverno-admission-controller", audience);

    for audience in [Some("kyverno-svc.kyverno.io"), None] {
        let (status, body) = ask(Some(&kyverno(audience)), "signed");
        assert_eq!(status, 200, "{body}");
        let answer: Value = serde_json::from_str(&body).unwrap();
        let pinned = answer["results"][0]["value"].as_str().unwrap();
        assert!(pinned.starts_with(&format!("{}/team/app@sha256:", site.registry.address())), "{answer}");
    }
    let good = kyverno(None);
    let (status, body) = ask(Some(&good), "unsigned");
    assert!(status == 406 && body.contains("the image has no signature") && body.contains("container app"), "{body}");
    let (status, body) = ask(Some(&good), "missing");
    assert!(status == 503 && body.contains("team/app:missing"), "{body}");
    assert_eq!(ask(None, "signed").0, 401);
    let body = check_images(&site, "signed").to_string();
    let stranger = http::send(address(&service.url), "POST", "/checkimages", "application/json", body.as_bytes());
    assert_eq!(stranger.header("WWW-Authenticate"), Some("Bearer"), "{stranger:?}");
    assert_eq!(ask(Some("nonsense"), "signed").0, 401);
    assert_eq!(ask(Some(&kyverno(Some("another-service"))), "signed").0, 401);
    let (status, body) = ask(Some(&token("default", "stranger", None)), "signed");
    assert!(status == 403 && body.contains("system:serviceaccount:default:stranger"), "{body}");
    // Neither the log nor an answer has a token.
    let user = "\"user\":\"system:serviceaccount:kyverno:kyverno-admission-controller\"";
    eventually("the caller is logged", || service.log().contains(user));
    assert!(!service.log().contains(&good) && !service.log().contains("nonsense"), "{}", service.log());
    assert_eq!(post(&service, "/imagereview", None, &json!({})).0, 404);
}
