//! Requests as the API server sends them.

use serde_json::{Value, json};

/// The spec of a Pod with containers of these images.
pub(super) fn spec(images: &[&str]) -> Value {
    let container = |(index, image): (usize, &&str)| {
        json!({
            "name": format!("c{index}"), "image": image, "imagePullPolicy": "IfNotPresent",
            "env": [{"name": "A", "value": "b \"quoted\"\n"}],
            "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        })
    };
    json!({
        "containers": images.iter().enumerate().map(container).collect::<Vec<_>>(),
        "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
        "securityContext": {}, "terminationGracePeriodSeconds": 30,
    })
}

/// A Pod.
pub(super) fn pod(images: &[&str]) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}, "managedFields": [{
            "manager": "kubectl-run", "operation": "Update", "apiVersion": "v1", "time": "2026-07-01T12:00:00Z",
            "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:containers": {"k:{\"name\":\"c0\"}": {".": {}}}}},
        }]},
        "spec": spec(images), "status": {},
    })
}

/// The kinds with a Pod template: group, kind, resource, and the path of the template.
pub(super) const TEMPLATES: [(&str, &str, &str, &[&str]); 9] = [
    ("", "PodTemplate", "podtemplates", &["template"]),
    ("", "ReplicationController", "replicationcontrollers", &["spec", "template"]),
    ("apps", "Deployment", "deployments", &["spec", "template"]),
    ("apps", "StatefulSet", "statefulsets", &["spec", "template"]),
    ("apps", "DaemonSet", "daemonsets", &["spec", "template"]),
    ("apps", "ReplicaSet", "replicasets", &["spec", "template"]),
    ("batch", "Job", "jobs", &["spec", "template"]),
    ("batch", "CronJob", "cronjobs", &["spec", "jobTemplate", "spec", "template"]),
    ("argoproj.io", "Rollout", "rollouts", &["spec", "template"]),
];

/// An object of a kind with the Pod's spec in its template.
pub(super) fn object(group: &str, kind: &str, path: &[&str], spec: Value) -> Value {
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": spec});
    let mut object = path.iter().rev().fold(template, |inner, name| json!({ *name: inner }));
    object["apiVersion"] = if group.is_empty() { "v1".into() } else { format!("{group}/v1").into() };
    object["kind"] = kind.into();
    object["metadata"] = json!({"name": "web", "namespace": "shop"});
    object
}

/// A request about an object.
pub(super) fn review(operation: &str, (group, kind, resource): (&str, &str, &str), object: &Value) -> Value {
    let (kind, resource) = (
        json!({"group": group, "version": "v1", "kind": kind}),
        json!({"group": group, "version": "v1", "resource": resource}),
    );
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource,
            "name": "web", "namespace": "shop", "operation": operation,
            "userInfo": {"username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"]},
            "object": object, "oldObject": null, "dryRun": false,
            "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions", "fieldManager": "kubectl-run"},
        },
    })
}

/// The creation of a Pod.
pub(super) fn create(images: &[&str]) -> Value {
    review("CREATE", ("", "Pod", "pods"), &pod(images))
}

/// The update of a Pod.
pub(super) fn update(old: &[&str], new: &[&str]) -> Value {
    let mut review = review("UPDATE", ("", "Pod", "pods"), &pod(new));
    review["request"]["oldObject"] = pod(old);
    review
}
