//! Lists of Pods, and reports.

use std::collections::BTreeSet;
use std::time::Duration;

use limits::Deadline;
use serde_json::{Value, json};

use super::super::{Cluster, ClusterError, Dialect, RunningPod};
use super::server::{ApiServer, Reply};
use crate::decision::PullIdentity;

const DIGEST: &str = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

fn deadline() -> Deadline {
    Deadline::new(Duration::from_secs(5))
}

fn pod(name: &str, phase: &str) -> Value {
    let id = format!("docker.io/library/nginx@{DIGEST}");
    json!({
        "metadata": {"namespace": "shop", "name": name, "uid": "u"},
        "spec": {
            "containers": [{"name": "app", "image": "nginx:1"}, {"name": "done", "image": "nginx:1"}],
            "initContainers": [{"name": "init", "image": "nginx:1"}, {"name": "sidecar", "image": "nginx:2"}],
            "imagePullSecrets": [{"name": "regcred"}, {}],
            "serviceAccountName": "web",
            "volumes": [{"name": "data", "image": {"reference": "ghcr.io/a/b:1"}}, {"name": "tmp", "emptyDir": {}}],
        },
        "status": {
            "phase": phase,
            "containerStatuses": [
                {"name": "app", "image": "nginx:1", "imageID": id, "state": {"running": {}}},
                {"name": "done", "image": "nginx:1", "imageID": id, "state": {"terminated": {"exitCode": 0}}},
            ],
            "initContainerStatuses": [
                {"name": "init", "image": "nginx:1", "imageID": id, "state": {"terminated": {"exitCode": 0}}},
                {"name": "sidecar", "image": "nginx:2", "imageID": "sha256:abc"},
            ],
            "ephemeralContainerStatuses": [{"name": "new", "imageID": "", "state": {"waiting": {}}}],
        },
    })
}

#[tokio::test]
async fn what_runs_is_listed_page_by_page() {
    let server = ApiServer::start(|path| match path {
        "/api/v1/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=100" => {
            let items = [pod("a", "Running"), pod("b", "Succeeded")];
            Reply::Body(200, json!({"metadata": {"continue": "next=1"}, "items": items}).to_string())
        }
        "/api/v1/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=100&continue=next%3D1" => {
            Reply::Body(200, json!({"metadata": {}, "items": [pod("c", "Running")]}).to_string())
        }
        _ => Reply::Body(404, "{}".to_owned()),
    })
    .await;
    let cluster = Cluster::with_client(server.client.clone(), None);
    let page = cluster.running_pods(None, None, deadline()).await.unwrap();
    assert_eq!(page.more.as_deref(), Some("next=1"));
    let [RunningPod { name, pull, images, .. }] = &page.pods[..] else { panic!("{page:?}") };
    assert_eq!(name, "a");
    let expected = PullIdentity { secrets: vec!["regcred".to_owned()], service_account: Some("web".to_owned()) };
    assert_eq!(pull, &expected);
    let images: Vec<_> =
        images.iter().map(|image| (image.container.as_str(), image.image.as_str(), image.has_digest)).collect();
    let nginx = format!("docker.io/library/nginx@{DIGEST}");
    assert_eq!(images, [("app", &*nginx, true), ("sidecar", "nginx:2", false), ("data", "ghcr.io/a/b:1", false)]);
    let last = cluster.running_pods(None, page.more.as_deref(), deadline()).await.unwrap();
    assert_eq!((last.pods.len(), last.more), (1, None));
}

/// A Pod that waits for its init container.
fn starting(name: &str, state: &str, volume: &str) -> Value {
    let mut pod = pod(name, "Pending");
    let id = format!("docker.io/library/nginx@{DIGEST}");
    pod["status"] = json!({
        "phase": "Pending",
        "containerStatuses": [{"name": "app", "image": "nginx:1", "imageID": "", "state": {"waiting": {}}}],
        "initContainerStatuses": [{"name": "init", "image": "nginx:1", "imageID": id, "state": {state: {}}}],
    });
    pod["spec"]["volumes"][0]["image"]["reference"] = volume.into();
    pod
}

#[tokio::test]
async fn init_containers_run_while_their_pod_is_pending() {
    let volume = format!("ghcr.io/a/b@{DIGEST}");
    let mut created = pod("created", "Pending");
    created["status"] = json!({"phase": "Pending"});
    let items = [starting("init", "running", &volume), starting("waiting", "waiting", &volume), created];
    let list = json!({"metadata": {}, "items": items}).to_string();
    let server = ApiServer::start(move |_| Reply::Body(200, list.clone())).await;
    let cluster = Cluster::with_client(server.client.clone(), None);
    let page = cluster.running_pods(None, None, deadline()).await.unwrap();
    let [RunningPod { name, images, .. }] = &page.pods[..] else { panic!("{page:?}") };
    let images: Vec<_> = images.iter().map(|image| (&*image.container, &*image.image, image.has_digest)).collect();
    let nginx = format!("docker.io/library/nginx@{DIGEST}");
    assert_eq!((&**name, images), ("init", vec![("init", &*nginx, true), ("data", &*volume, true)]));
}

#[tokio::test]
async fn all_containers_of_a_pod_are_listed() {
    let mut many = pod("many", "Running");
    let id = format!("docker.io/library/nginx@{DIGEST}");
    let status = |number: usize| json!({"name": format!("c{number}"), "image": "nginx:1", "imageID": id, "state": {}});
    many["status"]["containerStatuses"] = (0..1000).map(status).collect();
    let list = json!({"metadata": {}, "items": [many]}).to_string();
    let server = ApiServer::start(move |_| Reply::Body(200, list.clone())).await;
    let cluster = Cluster::with_client(server.client.clone(), None);
    let page = cluster.running_pods(None, None, deadline()).await.unwrap();
    assert_eq!(page.pods[0].images.len(), 1002);
}

#[tokio::test]
async fn a_page_that_is_too_large_is_asked_for_in_parts() {
    let server = ApiServer::start(|path| match path {
        "/api/v1/namespaces/shop/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=100" => {
            Reply::Body(200, " ".repeat(33 * 1024 * 1024))
        }
        "/api/v1/namespaces/shop/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=10" => {
            Reply::Body(200, json!({"metadata": {"continue": "x"}, "items": [pod("a", "Running")]}).to_string())
        }
        _ => Reply::Body(404, "{}".to_owned()),
    })
    .await;
    let cluster = Cluster::with_client(server.client.clone(), None);
    let page = cluster.running_pods(Some("shop"), None, deadline()).await.unwrap();
    assert_eq!((page.pods.len(), page.more.as_deref()), (1, Some("x")));
}

#[tokio::test]
async fn a_list_that_began_too_long_ago_goes_on_with_what_is_there_now() {
    let server = ApiServer::start(|path| match path.rsplit_once("&continue=").map(|(_, from)| from) {
        Some("old") => {
            let metadata = json!({"continue": "now"});
            Reply::Body(410, json!({"kind": "Status", "metadata": metadata, "reason": "Expired"}).to_string())
        }
        Some("now") => Reply::Body(200, json!({"metadata": {}, "items": [pod("z", "Running")]}).to_string()),
        _ => Reply::Body(410, json!({"kind": "Status", "metadata": {}, "message": "too old"}).to_string()),
    })
    .await;
    let cluster = Cluster::with_client(server.client.clone(), None);
    let page = cluster.running_pods(None, Some("old"), deadline()).await.unwrap();
    assert_eq!((page.pods[0].name.as_str(), page.more), ("z", None));
    let why = cluster.running_pods(None, Some("gone"), deadline()).await.unwrap_err().to_string();
    assert!(why.contains("HTTP 410: too old"), "{why}");
}

#[tokio::test]
async fn what_is_no_list_is_an_error_that_says_so() {
    for (reply, expected) in [
        ((403, json!({"message": "pods is forbidden"}).to_string()), "grant this account `list` on `pods`"),
        ((200, "{\"items\": 1}".to_owned()), "it is no list of Pods"),
        ((500, "{}".to_owned()), "HTTP 500"),
    ] {
        let server = ApiServer::start(move |_| Reply::Body(reply.0, reply.1.clone())).await;
        let cluster = Cluster::with_client(server.client.clone(), None);
        let why = cluster.running_pods(None, None, deadline()).await.unwrap_err().to_string();
        assert!(why.contains(expected), "{why}");
        // A name of others must not become part of a URL.
        let why = cluster.running_pods(Some("../secrets"), None, deadline()).await.unwrap_err();
        assert!(matches!(why, ClusterError::Malformed { .. }), "{why}");
    }
}

#[tokio::test]
async fn reports_are_applied_and_those_of_empty_namespaces_removed() {
    let server = ApiServer::start(|request| match request {
        "/apis/openreports.io/v1alpha1" => Reply::Body(404, "{}".to_owned()),
        path if path.starts_with("/apis/wgpolicyk8s.io/v1alpha2/policyreports?labelSelector=") => {
            let items =
                ["shop", "old", "../x"].map(|namespace| json!({"metadata": {"namespace": namespace, "name": "n"}}));
            Reply::Body(200, json!({"items": items}).to_string())
        }
        _ => Reply::Body(200, "{}".to_owned()),
    })
    .await;
    let cluster = Cluster::with_client(server.client.clone(), None);
    let dialect = cluster.dialect(deadline()).await.unwrap();
    assert_eq!(dialect, Dialect::PolicyReport);
    let report = json!({"kind": "PolicyReport"});
    cluster.write_report(dialect, "shop", "n", &report, deadline()).await.unwrap();
    cluster.remove_reports(dialect, "n", &BTreeSet::from(["shop".to_owned()]), deadline()).await.unwrap();
    let requests = server.requests();
    let written = "PATCH /apis/wgpolicyk8s.io/v1alpha2/namespaces/shop/policyreports/n?fieldManager=n&force=true \
                   application/apply-patch+yaml {\"kind\":\"PolicyReport\"}";
    assert_eq!(requests[1], written);
    let removed: Vec<_> = requests.iter().filter(|request| request.starts_with("DELETE")).collect();
    assert_eq!(removed.len(), 1, "{requests:?}");
    assert!(removed[0].starts_with("DELETE /apis/wgpolicyk8s.io/v1alpha2/namespaces/old/policyreports/n"));
    assert!(cluster.write_report(dialect, "../x", "n", &report, deadline()).await.is_err());
}

#[tokio::test]
async fn reports_need_their_resource_and_permission() {
    for (status, expected) in [
        (404, "install its CustomResourceDefinition"),
        (403, "cannot be written: no; grant this service's account `create`, `patch` and `delete` on `policyreports`"),
    ] {
        let server = ApiServer::start(move |_| Reply::Body(status, json!({"message": "no"}).to_string())).await;
        let cluster = Cluster::with_client(server.client.clone(), None);
        let written = cluster.write_report(Dialect::PolicyReport, "shop", "n", &json!({}), deadline()).await;
        let why = written.unwrap_err().to_string();
        assert!(why.contains(expected), "{why}");
    }
}

#[tokio::test]
async fn a_list_of_reports_that_is_not_read_is_an_error() {
    for (status, body, expected) in [
        (403, json!({"message": "no"}).to_string(), "`list` on `policyreports`"),
        (200, "[]".to_owned(), "it is no list"),
        (200, " ".repeat(17 * 1024 * 1024), "reports of namespaces without Pods stay"),
    ] {
        let server = ApiServer::start(move |_| Reply::Body(status, body.clone())).await;
        let cluster = Cluster::with_client(server.client.clone(), None);
        let removed = cluster.remove_reports(Dialect::PolicyReport, "n", &BTreeSet::new(), deadline()).await;
        let why = removed.unwrap_err().to_string();
        assert!(why.contains(expected), "{why}");
    }
}
