//! The API server of Kubernetes that other tests register the admission service with.

use std::path::Path;

use serde_json::json;

use crate::support::kubernetes::Kubernetes;
use crate::support::peers;

#[test]
#[ignore = "needs kube-apiserver and etcd: scripts/test"]
fn without_webhooks_a_pod_is_stored_and_nothing_outlives_the_api_server() {
    let kubernetes = Kubernetes::start(&peers());
    let image = "registry.example.com/team/app:1";
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": "app", "namespace": "default" },
        "spec": {
            "containers": [{ "name": "app", "image": image }],
            "volumes": [{ "name": "data", "image": { "reference": "registry.example.com/team/data:1" } }],
        },
    });
    kubernetes.apply(&pod).succeeded().says("pod/app created");
    let stored = kubernetes.get("/api/v1/namespaces/default/pods/app").has_status(200).body;
    assert_eq!(stored["spec"]["containers"][0]["image"], image, "{stored}");
    // The feature gate is on: else the API server would drop it.
    assert_eq!(stored["spec"]["volumes"][0]["image"]["reference"], "registry.example.com/team/data:1", "{stored}");
    let path = kubernetes.kubectl(&["get", "pod", "app", "-o", "jsonpath={.spec.containers[0].image}"]).succeeded();
    assert_eq!(path.stdout, image);

    // An administrator acts as others, who have their own rights.
    kubernetes.apply_as(&pod, &["--as=eve"]).failed().says("(Forbidden)");
    kubernetes.create("/api/v1/namespaces/none/pods", &pod).has_status(400);
    kubernetes.get("/api/v1/namespaces/default/pods/other").has_status(404).says("\"other\" not found");

    let processes = kubernetes.processes();
    drop(kubernetes);
    for process in processes {
        assert!(!Path::new(&format!("/proc/{process}")).exists(), "{process}");
    }
}
