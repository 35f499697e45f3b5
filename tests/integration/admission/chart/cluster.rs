//! The chart in front of a real API server.

use std::fs::{read_to_string, write};
use std::path::Path;
use std::thread::scope;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Helm, NAMESPACE, value_file, values};
use crate::admission::commands::eventually;
use crate::admission::self_managed::Cluster;
use crate::support::kubernetes::Kubernetes;
use crate::support::peers;
use crate::support::process::run;

/// Kinds of others, as far as the API server must know them to accept an object.
const FOREIGN: [(&str, &str, &str, &str, &str); 7] = [
    ("monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors", "Namespaced"),
    ("monitoring.coreos.com", "v1", "PrometheusRule", "prometheusrules", "Namespaced"),
    ("cert-manager.io", "v1", "Certificate", "certificates", "Namespaced"),
    ("cert-manager.io", "v1", "Issuer", "issuers", "Namespaced"),
    ("externaldata.gatekeeper.sh", "v1beta1", "Provider", "providers", "Cluster"),
    ("templates.gatekeeper.sh", "v1", "ConstraintTemplate", "constrainttemplates", "Cluster"),
    ("constraints.gatekeeper.sh", "v1beta1", "NotationImages", "notationimages", "Cluster"),
];

fn define(kubernetes: &Kubernetes) {
    for (group, version, kind, plural, scope) in FOREIGN {
        let schema = json!({
            "type": "object",
            "required": ["spec"],
            "properties": { "spec": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } },
        });
        let version =
            json!({ "name": version, "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } });
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": { "name": format!("{plural}.{group}") },
            "spec": {
                "group": group,
                "scope": scope,
                "names": { "kind": kind, "plural": plural },
                "versions": [version],
            },
        });
        kubernetes.apply(&definition).succeeded();
    }
    for (group, _, _, plural, _) in FOREIGN {
        let name = format!("{plural}.{group}");
        eventually("the kind is known", || kubernetes.kubectl(&["get", &name, "-A"]).is_success());
    }
}

fn namespace(kubernetes: &Kubernetes, name: &str) {
    let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
    kubernetes.apply(&object).succeeded();
}

#[test]
#[ignore = "needs helm, kube-apiserver and etcd: scripts/test"]
fn the_api_server_accepts_every_object() {
    let helm = Helm::new();
    let kubernetes = Kubernetes::start(&peers());
    define(&kubernetes);
    for name in [NAMESPACE, "registries", "team-a", "team-b"] {
        namespace(&kubernetes, name);
    }
    let file = helm.home.path().join("manifests.yaml");
    for values in values() {
        let manifests = helm.render(&values, &["--no-hooks"]);
        write(&file, helm.text(&values, &["--no-hooks"])).unwrap();
        let applied = kubernetes.kubectl(&["apply", "--server-side", "--dry-run=server", "-f", file.to_str().unwrap()]);
        let applied = applied.succeeded();
        // Unknown members would be warned about, or dropped.
        assert!(!applied.stderr.contains("Warning"), "{applied}");
        assert_eq!(applied.stdout.lines().count(), manifests.len(), "{applied}");
    }
}

/// Whether a Pod could be created in the namespace now.
fn is_admitted(kubernetes: &Kubernetes, namespace: &str) -> bool {
    let spec = json!({ "containers": [{ "name": "a", "image": "registry.example.com/a:1" }] });
    let metadata = json!({ "name": "a", "namespace": namespace });
    let pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec });
    let applied = kubernetes.apply_as(&pod, &["--dry-run=server"]);
    assert!(applied.is_success() || applied.stderr.contains("failed calling webhook"), "{applied}");
    applied.is_success()
}

fn secret(kubernetes: &Kubernetes, name: &str) -> Value {
    kubernetes.get(&format!("/api/v1/namespaces/{NAMESPACE}/secrets/{name}")).has_status(200).body["data"].clone()
}

/// What a user must know after the installation is said.
fn notes_warn(helm: &Helm, file: &Path) {
    let notes = |set: &str| {
        let arguments = ["--create-namespace", "--dry-run=server", "--set", set];
        helm.with_chart(&["install"], file, &arguments).succeeded().stdout
    };
    let usual = notes("replicas=3");
    assert!(usual.contains("kubectl delete mutatingwebhookconfiguration") && !usual.contains("WARNING"), "{usual}");
    assert!(usual.contains("only `helm upgrade` renews it"), "{usual}");
    for (set, says) in [
        ("config.kubernetes.pin=all", "ServerSideDiff=true,IncludeMutationWebhook=true"),
        ("webhook.failurePolicy=Ignore", "WARNING: webhook.failurePolicy is Ignore"),
        ("webhook.mutating=false", "Pods keep their tags"),
        ("webhook.enabled=false", "It is not asked yet"),
        ("tls.clientCASecret=a", "WARNING: with tls.clientCASecret"),
    ] {
        let notes = notes(set);
        assert!(notes.contains(says), "{set}: {notes}");
    }
}

/// With a service that never runs: its namespace and the control plane are free, an upgrade keeps the certificate or
/// renews it under the same authority, and an uninstallation opens the cluster before it removes anything else.
#[test]
#[ignore = "needs helm, kube-apiserver and etcd: scripts/test"]
fn a_release_cannot_lock_the_cluster_and_keeps_its_certificate() {
    let kubernetes = Kubernetes::start(&peers());
    let helm = Helm { kubeconfig: Some(kubernetes.kubeconfig().to_owned()), ..Helm::new() };
    let file = value_file("helm-generated-values.yaml");
    notes_warn(&helm, &file);
    let release = |words: &[&str], more: &[&str]| helm.with_chart(words, &file, more).succeeded();
    release(&["install"], &["--create-namespace"]);
    eventually("the webhooks are called", || !is_admitted(&kubernetes, "default"));
    assert!(is_admitted(&kubernetes, NAMESPACE) && is_admitted(&kubernetes, "kube-system"));

    let before = secret(&kubernetes, "notation-admission-tls");
    release(&["upgrade"], &["--set", "replicas=2"]);
    assert_eq!(secret(&kubernetes, "notation-admission-tls"), before);
    let expires = "notation-admission/expires=1";
    kubernetes
        .kubectl(&["annotate", "--overwrite", "-n", NAMESPACE, "secret/notation-admission-tls", expires])
        .succeeded();
    let namespaces = "webhook.namespaceSelector.matchExpressions[0]";
    let namespaces = format!(
        "{namespaces}.key=kubernetes.io/metadata.name,{namespaces}.operator=In,\
         {namespaces}.values={{default,kube-system,{NAMESPACE}}}"
    );
    release(&["upgrade"], &["--set", &namespaces]);
    let renewed = secret(&kubernetes, "notation-admission-tls");
    assert!(renewed["tls.crt"] != before["tls.crt"] && renewed["ca.crt"] == before["ca.crt"]);
    // Namespaces that users name do not bring the left-out ones back.
    assert!(is_admitted(&kubernetes, NAMESPACE) && is_admitted(&kubernetes, "kube-system"));
    assert!(!is_admitted(&kubernetes, "default"));

    let uninstall = ["uninstall", "notation-admission", "--namespace", NAMESPACE, "--debug"];
    let said = helm.run(&uninstall).succeeded().stderr;
    let deleted = |kind: &str| said.find(&format!("\" {kind}")).unwrap_or_else(|| panic!("{kind}: {said}"));
    for kind in ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"] {
        for other in ["Service\n", "Deployment", "Secret", "ServiceAccount"] {
            assert!(deleted(kind) < deleted(other), "{said}");
        }
    }
    let left =
        kubernetes.kubectl(&["get", "validatingwebhookconfigurations,mutatingwebhookconfigurations", "-o", "name"]);
    assert_eq!(left.succeeded().stdout, "");
    eventually("Pods are admitted", || is_admitted(&kubernetes, "default"));
}

/// What a node and the controllers do with the Job: its program runs with its arguments and its token.
fn run_job(cluster: &Cluster) {
    let kubernetes = &cluster.kubernetes;
    let path = format!("/apis/batch/v1/namespaces/{NAMESPACE}/jobs/notation-admission-register");
    eventually("the Job exists", || kubernetes.get(&path).status == 200);
    let mut job = kubernetes.get(&path).body;
    let pod = &job["spec"]["template"]["spec"];
    let account = pod["serviceAccountName"].as_str().unwrap();
    let map = pod["volumes"][0]["configMap"]["name"].as_str().unwrap();
    let map = kubernetes.get(&format!("/api/v1/namespaces/{NAMESPACE}/configmaps/{map}")).has_status(200).body;
    let file = cluster.site.cli.home().join("webhooks.yaml");
    write(&file, map["data"]["webhooks.yaml"].as_str().unwrap()).unwrap();
    let arguments = pod["containers"][0]["args"].as_array().unwrap().iter();
    let arguments: Vec<String> = arguments
        .map(|argument| argument.as_str().unwrap().replace("/webhooks/webhooks.yaml", file.to_str().unwrap()))
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut program = cluster.site.cli.command(&arguments);
    program.env("KUBECONFIG", cluster.kubeconfig_of(account));
    run(&mut program, Duration::from_secs(60)).succeeded();
    let now = "2026-01-01T00:00:00Z";
    let condition = |kind: &str| {
        let reason = "CompletionsReached";
        json!({ "type": kind, "status": "True", "reason": reason, "lastTransitionTime": now, "lastProbeTime": now })
    };
    job["status"] = json!({
        "startTime": now, "completionTime": now, "succeeded": 1, "ready": 0, "uncountedTerminatedPods": {},
        "conditions": [condition("SuccessCriteriaMet"), condition("Complete")],
    });
    kubernetes.replace(&format!("{path}/status"), &job).has_status(200);
    // Helm removes it, and the permissions with it.
    eventually("the Job is gone", || kubernetes.get(&path).status == 404);
}

/// The default mode: nothing is refused before the service is ready, an upgrade changes the webhooks in place, and an
/// uninstallation leaves nothing.
#[test]
#[ignore = "needs helm, kube-apiserver, etcd and olareg, and port 443: scripts/test"]
fn a_release_registers_its_webhooks_when_the_service_is_ready_and_takes_everything_away() {
    let cluster = Cluster::with_names("notation-admission", "notation-admission-notation-system");
    let kubernetes = &cluster.kubernetes;
    let helm = Helm { kubeconfig: Some(kubernetes.kubeconfig().to_owned()), ..Helm::new() };
    let signed = cluster.site.push_signed("signed");
    let unsigned = cluster.site.push("unsigned");
    let file = helm.home.path().join("values.yaml");
    let root = read_to_string(cluster.site.signer.root_certificate()).unwrap();
    let values = json!({
        "image": { "repository": "registry.example.com/tools/notation-aws-signer" },
        "config": {
            "policies": { "default": { "trustedProfiles": [cluster.site.release.arn], "roots": ["root.pem"] } },
            "rules": [{ "name": "rest", "policy": "default", "action": "enforce" }],
        },
        "configFiles": { "root.pem": root },
    });
    write(&file, values.to_string()).unwrap();
    let exists = |path: &str| kubernetes.get(path).status == 200;
    let deployment = format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments/notation-admission");
    let _service = scope(|scope| {
        let node = scope.spawn(|| {
            eventually("the Deployment exists", || exists(&deployment));
            let service = cluster.run_pod();
            eventually("the certificate is there", || service.page("/readyz").0 == 200);
            assert_eq!(cluster.create(&unsigned).0, 201);
            cluster.take_note_of_ready_pod();
            run_job(&cluster);
            service
        });
        helm.with_chart(&["install"], &file, &["--create-namespace"]).succeeded();
        node.join().unwrap()
    });
    let (status, message) = cluster.create(&unsigned);
    assert!(status == 403 && message.contains("the image has no signature"), "{message}");
    assert_eq!(cluster.create(&signed).0, 201);

    // An upgrade without the mutating webhook: it goes, and the other one changes.
    scope(|scope| {
        let node = scope.spawn(|| {
            let replicas = || kubernetes.get(&deployment).body["spec"]["replicas"].clone();
            eventually("the Deployment is changed", || replicas() == 2);
            cluster.take_note_of_ready_pod();
            run_job(&cluster);
        });
        let set = "replicas=2,webhook.mutating=false,webhook.timeoutSeconds=9";
        helm.with_chart(&["upgrade"], &file, &["--set", set]).succeeded();
        node.join().unwrap();
    });
    let webhook = |kind: &str| {
        kubernetes.get(&format!("/apis/admissionregistration.k8s.io/v1/{kind}/notation-admission-notation-system"))
    };
    assert_eq!(webhook("mutatingwebhookconfigurations").status, 404);
    let validating = webhook("validatingwebhookconfigurations").has_status(200).body;
    assert_eq!(validating["webhooks"][0]["timeoutSeconds"], 9);
    assert_eq!(cluster.create(&unsigned).0, 403);

    helm.run(&["uninstall", "notation-admission", "--namespace", NAMESPACE]).succeeded();
    eventually("Pods are admitted", || cluster.create(&unsigned).0 == 201);
    let kinds = "secrets,leases,jobs,configmaps,serviceaccounts,roles,rolebindings,deployments";
    let left = kubernetes.kubectl(&["get", kinds, "-n", NAMESPACE, "-o", "name"]).succeeded().stdout;
    let left: Vec<&str> = left.lines().filter(|name| *name != "configmap/kube-root-ca.crt").collect();
    assert!(left.is_empty(), "{left:?}");
    let kinds = "clusterroles,clusterrolebindings,validatingwebhookconfigurations,mutatingwebhookconfigurations";
    let left = kubernetes.kubectl(&["get", kinds, "-o", "name"]).succeeded().stdout;
    assert!(!left.contains("notation"), "{left}");
}
