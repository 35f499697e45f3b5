use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::server::{ApiServer, Reply};
use super::*;
use crate::cluster::NamespaceLabels;

fn namespace(name: &str, version: &str, labels: Value) -> Value {
    json!({ "metadata": { "name": name, "resourceVersion": version, "labels": labels } })
}

fn page(items: Vec<Value>, version: &str, more: &str) -> Reply {
    let metadata = json!({ "resourceVersion": version, "continue": more });
    Reply::Body(200, json!({ "kind": "PartialObjectMetadataList", "metadata": metadata, "items": items }).to_string())
}

fn event(kind: &str, object: &Value) -> String {
    format!("{}\n", json!({ "type": kind, "object": object }))
}

/// Waits until something is true.
async fn until(mut is_true: impl FnMut() -> bool) {
    let wait = async {
        while !is_true() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap();
}

/// The senders of all watches so far.
type Watches = Arc<Mutex<Vec<UnboundedSender<String>>>>;

/// A server with the namespaces `a` and `b` on two pages.
async fn server() -> (ApiServer, Watches) {
    let watches = Watches::default();
    let opened = Arc::clone(&watches);
    let server = ApiServer::start(move |path| {
        if path.contains("watch=true") {
            let (sender, receiver) = unbounded_channel();
            opened.lock().unwrap().push(sender);
            Reply::Stream(receiver)
        } else if path.contains("continue=") {
            page(vec![namespace("b", "2", json!({ "team": "b" }))], "10", "")
        } else {
            page(vec![namespace("a", "1", json!({ "team": "a" })), namespace("bare", "1", Value::Null)], "10", "x&y")
        }
    })
    .await;
    (server, watches)
}

fn team(labels: &NamespaceLabels, namespace: &str) -> Option<String> {
    Some(labels.labels(namespace)?.get("team").cloned().unwrap_or_default())
}

#[tokio::test]
async fn labels_follow_the_cluster() {
    let (server, watches) = server().await;
    let labels = NamespaceLabels::start(&Cluster::with_client(server.client.clone(), None));
    assert!(!labels.is_synced() && labels.labels("a").is_none(), "nothing is known before the first list");
    until(|| watches.lock().unwrap().len() == 1).await;
    assert!(labels.is_synced());
    assert_eq!(team(&labels, "a").as_deref(), Some("a"));
    assert_eq!(team(&labels, "b").as_deref(), Some("b"));
    assert_eq!(team(&labels, "bare").as_deref(), Some(""));
    assert_eq!(team(&labels, "other"), None);
    let requests = server.requests();
    assert!(requests[1].contains("continue=x%26y") && requests[2].contains("resourceVersion=10"), "{requests:?}");

    let send = |text: &str| watches.lock().unwrap()[0].send(text.to_owned()).unwrap();
    // Two events in three pieces.
    let added = event("ADDED", &namespace("c", "11", json!({ "team": "c" })));
    let modified = event("MODIFIED", &namespace("a", "12", json!({ "team": "other" })));
    send(&added[..20]);
    send(&format!("{}{}", &added[20..], &modified[..10]));
    send(&modified[10..]);
    send(&event("DELETED", &namespace("b", "13", json!({ "team": "b" }))));
    send(&event("BOOKMARK", &json!({ "metadata": { "resourceVersion": "20" } })));
    until(|| team(&labels, "b").is_none()).await;
    assert_eq!((team(&labels, "a").as_deref(), team(&labels, "c").as_deref()), (Some("other"), Some("c")));

    // The next watch begins where the last ended, and the list is not fetched again.
    watches.lock().unwrap()[0] = unbounded_channel().0;
    until(|| watches.lock().unwrap().len() == 2).await;
    assert!(server.requests()[3].contains("resourceVersion=20"), "{:?}", server.requests());
    assert!(labels.is_synced());
}

#[tokio::test]
async fn a_version_that_is_too_old_fetches_the_list_again() {
    let (server, watches) = server().await;
    let labels = NamespaceLabels::start(&Cluster::with_client(server.client.clone(), None));
    until(|| watches.lock().unwrap().len() == 1).await;
    let gone = json!({ "kind": "Status", "metadata": {}, "code": 410, "reason": "Expired" });
    watches.lock().unwrap()[0].send(event("ERROR", &gone)).unwrap();
    until(|| watches.lock().unwrap().len() == 2).await;
    assert_eq!(server.requests().iter().filter(|path| path.contains("limit=")).count(), 4, "{:?}", server.requests());
    assert!(labels.is_synced());
}

#[tokio::test]
async fn labels_are_unknown_when_the_server_is_not_heard() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let server = ApiServer::start(move |path| {
        if counted.fetch_add(1, Ordering::Relaxed) == 0 {
            page(vec![namespace("a", "1", json!({ "team": "a" }))], "10", "")
        } else if path.contains("watch=true") {
            failure(500, "out of order")
        } else {
            Reply::Close
        }
    })
    .await;
    let labels = NamespaceLabels::start(&Cluster::with_client(server.client.clone(), None));
    until(|| calls.load(Ordering::Relaxed) > 1).await;
    assert_eq!(team(&labels, "a").as_deref(), Some("a"), "a short failure changes nothing");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    assert!(!labels.is_synced() && labels.labels("a").is_none());
    assert!(labels.labels_soon("a", soon()).await.is_none());
}

#[tokio::test]
async fn a_new_namespace_is_waited_for() {
    let (server, watches) = server().await;
    let labels = Arc::new(NamespaceLabels::start(&Cluster::with_client(server.client.clone(), None)));
    until(|| watches.lock().unwrap().len() == 1).await;
    let waiting = tokio::spawn({
        let labels = Arc::clone(&labels);
        async move { labels.labels_soon("new", soon()).await }
    });
    tokio::task::yield_now().await;
    watches.lock().unwrap()[0].send(event("ADDED", &namespace("new", "11", json!({ "team": "new" })))).unwrap();
    assert_eq!(waiting.await.unwrap().unwrap()["team"], "new");
    let start = Instant::now();
    assert!(labels.labels_soon("never", Deadline::new(Duration::from_millis(50))).await.is_none());
    assert!(labels.labels_soon("../never", soon()).await.is_none());
    assert!(start.elapsed() < Duration::from_millis(900));
}

#[tokio::test]
async fn without_permission_labels_stay_unknown() {
    let server = ApiServer::start(|_| failure(403, "namespaces is forbidden")).await;
    let labels = NamespaceLabels::start(&Cluster::with_client(server.client.clone(), None));
    until(|| !server.requests().is_empty()).await;
    assert!(!labels.is_synced() && labels.labels("kube-system").is_none());
}
