//! The scan of running Pods, in a real API server. It has no nodes: the test writes what a node would report.

use serde_json::{Value, json};

use super::commands::eventually;
use super::{Admission, Site};
use crate::support::kubernetes::Kubernetes;
use crate::support::peers;

/// Creates a Pod that runs with this image, by the digest.
fn run_pod(kubernetes: &Kubernetes, namespace: &str, name: &str, image: &str, digest: &str) {
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": name, "namespace": namespace },
        "spec": { "containers": [{ "name": "app", "image": image }] },
    });
    kubernetes.apply(&pod).succeeded();
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
    let mut pod = kubernetes.get(&path).has_status(200).body;
    let repository = image.rsplit_once(':').unwrap().0;
    pod["status"] = json!({
        "phase": "Running",
        "containerStatuses": [{
            "name": "app", "image": image, "imageID": format!("{repository}@{digest}"), "ready": true, "restartCount": 0,
            "state": { "running": { "startedAt": "2026-01-01T00:00:00Z" } },
        }],
    });
    kubernetes.replace(&format!("{path}/status"), &pod).has_status(200);
}

/// The digest that a tag leads to.
fn digest(site: &Site, image: &str) -> String {
    let listed = site.cli.json("inspect", &["inspect", image], 0);
    listed["digest"].as_str().unwrap_or_else(|| panic!("{listed}")).to_owned()
}

fn namespace(kubernetes: &Kubernetes, name: &str) {
    kubernetes.apply(&json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } })).succeeded();
}

/// The resource of reports, as its CustomResourceDefinition defines it, without the schema of its members.
fn install_reports(kubernetes: &Kubernetes) {
    let version = json!({
        "name": "v1alpha2", "served": true, "storage": true,
        "schema": { "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } },
    });
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": "policyreports.wgpolicyk8s.io",
            "annotations": { "api-approved.kubernetes.io": "unapproved, test" },
        },
        "spec": {
            "group": "wgpolicyk8s.io", "scope": "Namespaced", "versions": [version],
            "names": { "kind": "PolicyReport", "listKind": "PolicyReportList", "plural": "policyreports", "singular": "policyreport" },
        },
    });
    kubernetes.apply(&definition).succeeded();
    eventually("the resource is served", || {
        kubernetes.get("/apis/wgpolicyk8s.io/v1alpha2/policyreports").status == 200
    });
}

#[test]
#[ignore = "needs kube-apiserver, etcd and olareg: scripts/test"]
fn what_runs_is_judged_again_by_the_tool_and_by_the_service() {
    let site = Site::start();
    let signed = site.push_signed("signed");
    let unsigned = site.push("unsigned");
    let revoked = site.push("revoked");
    let job = site.sign(&revoked, &site.release);
    site.signer.revoke_signature(&job);
    let kubernetes = Kubernetes::start(&peers());
    for name in ["shop", "lab"] {
        namespace(&kubernetes, name);
    }
    run_pod(&kubernetes, "shop", "signed", &signed, &digest(&site, &signed));
    run_pod(&kubernetes, "shop", "revoked", &revoked, &digest(&site, &revoked));
    run_pod(&kubernetes, "lab", "free", &unsigned, &digest(&site, &unsigned));
    // A Pod that is scheduled nowhere does not run.
    let pending = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "pending", "namespace": "shop" },
        "spec": { "containers": [{ "name": "app", "image": unsigned }] },
    });
    kubernetes.apply(&pending).succeeded();

    let rules = "  - {name: lab, namespaces: [lab], action: exempt}\n";
    let config = site.write_config(&site.config(rules, "kubernetes: {pullSecrets: none}\n"));
    let config = config.to_str().unwrap();
    let kubeconfig = kubernetes.kubeconfig().to_str().unwrap();
    let base = ["admission", "scan", "--config", config, "--kubeconfig", kubeconfig];
    let scan = |more: &[&str], code: i32| site.cli.json("admission-scan", &[&base, more].concat(), code);
    let all = scan(&["-A"], 1);
    assert_eq!(
        all["summary"],
        json!({"pods": 3, "verified": 1, "exempt": 1, "refused": 1, "undetermined": 0}),
        "{all}"
    );
    let image = |name: &str| -> Value {
        all["images"].as_array().unwrap().iter().find(|image| image["pod"] == name).unwrap().clone()
    };
    assert_eq!((&image("revoked")["code"], &image("free")["outcome"]), (&json!("revoked"), &json!("exempt")));
    assert_eq!(scan(&["-n", "lab"], 0)["summary"]["pods"], 1);
    assert_eq!(scan(&["-n", "shop"], 1)["summary"]["pods"], 2);
    // Without an option, the namespace of the context.
    assert_eq!(scan(&[], 0)["summary"]["pods"], 0);
    let text = site.cli.run(&[&base[..], &["-A"]].concat()).exits_with(1);
    text.says("shop/revoked/app: ").says("3 Pods, 3 images: 1 verified, 1 exempt, 1 refused, 0 undetermined");
    let sarif = site.cli.run(&[&base[..], &["-A", "--output", "sarif"]].concat()).exits_with(1).stdout;
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "revoked", "{sarif}");
    let reports = site.cli.run(&[&base[..], &["-A", "--output", "policyreport"]].concat()).exits_with(1).stdout;
    let reports: Value = serde_json::from_str(&reports).unwrap();
    assert_eq!(reports["items"].as_array().unwrap().len(), 2, "{reports}");
    let refused = site.cli.run(&["verify", &signed, "--output", "sarif"]).exits_with(2);
    refused.says("only admission scan supports --output sarif");
    let refused = site.cli.run(&["admission", "serve", "--config", config, "--output", "sarif"]).exits_with(2);
    refused.says("only admission scan supports --output sarif").says("Remove --output sarif.");
    let formats = "[possible values: text, json, sarif, policyreport]";
    site.cli.run(&[&base[..], &["--output", "xml"]].concat()).exits_with(2).says(formats);
    // Help is wrapped.
    site.cli.run(&["admission", "scan", "-h"]).succeeded().says("values: text, json, sarif, policyreport]");
    site.cli
        .run(&["admission", "scan", "--config", config, "--kubeconfig", "missing"])
        .exits_with(2)
        .says("kubeconfig");

    // The service's own scan.
    install_reports(&kubernetes);
    namespace(&kubernetes, "empty");
    let stale = json!({
        "apiVersion": "wgpolicyk8s.io/v1alpha2", "kind": "PolicyReport",
        "metadata": {
            "name": "notation-aws-signer", "namespace": "empty",
            "labels": { "app.kubernetes.io/managed-by": "notation-aws-signer" },
        },
    });
    kubernetes.apply(&stale).succeeded();
    let server = "server: {plain: true, listen: \"127.0.0.1:0\", operations: \"127.0.0.1:0\", adapters: [verify]}\n\
                  scan: {interval: 1m, reports: true}\n";
    let service = Admission::start(&site, &site.config(rules, server), &[("KUBECONFIG", kubeconfig)]);
    let has = |line: &str| service.page("/metrics").1.contains(line);
    eventually("the scan has counted", || {
        has("notation_admission_running_images{namespace=\"shop\",outcome=\"refused\"} 1")
            && has("notation_admission_running_images{namespace=\"shop\",outcome=\"verified\"} 1")
            && has("notation_admission_running_images{namespace=\"lab\",outcome=\"exempt\"} 1")
    });
    let report = |namespace: &str| {
        let path = format!("/apis/wgpolicyk8s.io/v1alpha2/namespaces/{namespace}/policyreports/notation-aws-signer");
        kubernetes.get(&path)
    };
    let shop = report("shop").has_status(200).body;
    assert_eq!(shop["summary"], json!({"pass": 1, "fail": 1, "warn": 0, "error": 0, "skip": 0}), "{shop}");
    assert_eq!(shop["results"][0]["resources"][0]["name"], "revoked");
    eventually("the stale report is gone", || report("empty").status == 404);
}
