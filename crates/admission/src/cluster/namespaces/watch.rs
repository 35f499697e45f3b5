//! The requests: the list of all namespaces, then a watch of changes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use http_body_util::BodyExt as _;
use hyper::StatusCode;
use kube::client::Body;
use notary::text::innermost_cause;
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout};

use super::{Known, State};
use crate::cluster::Cluster;
use crate::cluster::error::{ClusterError, Object};
use crate::cluster::request::{ANSWER_TIME, Answer, refused};

/// How long a watch lasts, in seconds.
const WATCH: u64 = 30;
/// How long it may last beyond that.
const GRACE: Duration = Duration::from_secs(10);
/// The pauses after failures.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(10)];

/// Namespaces of a page of the list.
const PAGE: usize = 250;
/// The most bytes of a page: each namespace may have 256 KiB of annotations.
const MAX_PAGE: usize = 64 * 1024 * 1024;
/// The most bytes of an event of the watch.
const MAX_EVENT: usize = 2 * 1024 * 1024;
/// The most namespaces, and bytes of their labels. With more, labels are unknown.
const MAX_NAMESPACES: usize = 100_000;
const MAX_BYTES: usize = 64 * 1024 * 1024;

const LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const EVENTS: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    name: String,
    #[serde(default)]
    resource_version: String,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Item {
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageMetadata {
    #[serde(default)]
    resource_version: String,
    #[serde(default, rename = "continue")]
    more: String,
}

#[derive(Deserialize)]
struct Page {
    metadata: PageMetadata,
    items: Option<Vec<Item>>,
}

/// An event of the watch. The object of an `ERROR` is a Status.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    object: EventObject,
}

#[derive(Deserialize)]
struct EventObject {
    metadata: Option<Metadata>,
}

/// Lists and watches without end.
pub async fn watch(cluster: Cluster, state: Arc<State>) {
    let mut failures = 0;
    // None before a list, and when the server has forgotten the version.
    let mut version: Option<String> = None;
    loop {
        let start = Instant::now();
        let was_listed = version.is_some();
        let step = match version.take() {
            None => list(&cluster, &state).await.map(Some),
            Some(version) => follow(&cluster, &state, version).await,
        };
        match step {
            Ok(next) => {
                if failures > 0 {
                    tracing::info!("namespaces are watched again");
                }
                failures = 0;
                version = next;
                // A server that ends each watch at once is not asked without pause.
                if was_listed && start.elapsed() < PAUSES[0] {
                    sleep(PAUSES[0]).await;
                }
            }
            Err(why) => {
                // The labels stay until they are stale; the list is fetched anew.
                if failures == 0 {
                    tracing::warn!(%why, "the watch of namespaces failed");
                } else {
                    tracing::debug!(%why, failures, "the watch of namespaces failed again");
                }
                let pause = PAUSES[failures.min(PAUSES.len() - 1)];
                failures += 1;
                sleep(pause.mul_f64(0.75 + 0.5 * fastrand::f64())).await;
            }
        }
    }
}

/// Lists all namespaces. Returns the version at which a watch begins.
async fn list(cluster: &Cluster, state: &State) -> Result<String, ClusterError> {
    let object = Object::namespaces();
    let malformed = |why: &str| ClusterError::Malformed { object: object.clone(), why: why.to_owned() };
    let mut namespaces = HashMap::new();
    let mut bytes = 0;
    let mut more = String::new();
    loop {
        let mut path = format!("/api/v1/namespaces?limit={PAGE}");
        if !more.is_empty() {
            path.push_str("&continue=");
            path.extend(url::form_urlencoded::byte_serialize(more.as_bytes()));
        }
        let answer = match cluster.0.api.get(&object, &path, LIST, MAX_PAGE).await? {
            Answer::Found(answer) => answer,
            Answer::NotFound => return Err(malformed("HTTP 404")),
            Answer::Forbidden(message) => return Err(ClusterError::Forbidden { object, message }),
            Answer::TooLarge => return Err(malformed("a page of the list is too large")),
        };
        let page: Page = serde_json::from_slice(&answer).map_err(|why| malformed(&why.to_string()))?;
        for Item { metadata } in page.items.unwrap_or_default() {
            let labels = metadata.labels.unwrap_or_default();
            bytes += size(&metadata.name, &labels);
            namespaces.insert(metadata.name, Arc::new(labels));
        }
        if namespaces.len() > MAX_NAMESPACES || bytes > MAX_BYTES {
            return Err(malformed("there are too many namespaces or labels"));
        }
        if page.metadata.more.is_empty() {
            if page.metadata.resource_version.is_empty() {
                return Err(malformed("the list has no version"));
            }
            state.write(|known| *known = Known { namespaces, current: Some(Instant::now()) });
            return Ok(page.metadata.resource_version);
        }
        more = page.metadata.more;
    }
}

/// Follows changes from this version on, until the watch ends. Returns where the next one begins; `None` if the server
/// has forgotten the version.
async fn follow(cluster: &Cluster, state: &State, mut version: String) -> Result<Option<String>, ClusterError> {
    let object = Object::namespaces();
    let late = |within| ClusterError::Deadline { object: object.clone(), within };
    let mut path = format!("/api/v1/namespaces?watch=true&allowWatchBookmarks=true&timeoutSeconds={WATCH}");
    path.push_str("&resourceVersion=");
    path.extend(url::form_urlencoded::byte_serialize(version.as_bytes()));
    let response =
        timeout(ANSWER_TIME, cluster.0.api.send(&object, &path, EVENTS)).await.map_err(|_| late(ANSWER_TIME))??;
    match response.status() {
        StatusCode::OK => state.heard(),
        StatusCode::GONE => return Ok(None),
        StatusCode::FORBIDDEN => {
            return Err(ClusterError::Forbidden { object, message: "it may not be watched (HTTP 403)".to_owned() });
        }
        status => return Err(refused(&object, status, b"")),
    }
    let end = Instant::now() + Duration::from_secs(WATCH) + GRACE;
    let mut body: Body = response.into_body();
    let mut lines = BytesMut::new();
    // Where the search for the end of a line goes on.
    let mut searched = 0;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let frame = match timeout(left, body.frame()).await.map_err(|_| late(GRACE))? {
            None => return Ok(Some(version)),
            Some(Ok(frame)) => frame,
            Some(Err(why)) => {
                return Err(ClusterError::Unreachable { object, why: innermost_cause(&why) });
            }
        };
        let Ok(data) = frame.into_data() else { continue };
        lines.extend_from_slice(&data);
        while let Some(end) = lines[searched..].iter().position(|byte| *byte == b'\n') {
            let line = lines.split_to(searched + end + 1);
            searched = 0;
            match apply(state, &line) {
                Some(next) => version = next,
                None => return Ok(None),
            }
        }
        searched = lines.len();
        if lines.len() > MAX_EVENT {
            let why = "an event of the watch is too large".to_owned();
            return Err(ClusterError::Malformed { object, why });
        }
    }
}

/// Takes note of an event. Returns the version after it; `None` if the list must be fetched anew: after an error of the
/// server (its version is too old, for instance), and after an event that cannot be read.
fn apply(state: &State, line: &[u8]) -> Option<String> {
    let event: Event = serde_json::from_slice(line).ok()?;
    let metadata = event.object.metadata.filter(|metadata| !metadata.resource_version.is_empty())?;
    match event.kind.as_str() {
        "ADDED" | "MODIFIED" => {
            let labels = Arc::new(metadata.labels.unwrap_or_default());
            let mut is_full = false;
            state.write(|known| {
                is_full = known.namespaces.len() >= MAX_NAMESPACES && !known.namespaces.contains_key(&metadata.name);
                if !is_full {
                    known.namespaces.insert(metadata.name, labels);
                    known.current = Some(Instant::now());
                }
            });
            if is_full {
                return None;
            }
        }
        "DELETED" => state.write(|known| {
            known.namespaces.remove(&metadata.name);
            known.current = Some(Instant::now());
        }),
        "BOOKMARK" => state.heard(),
        _ => return None,
    }
    Some(metadata.resource_version)
}

fn size(name: &str, labels: &BTreeMap<String, String>) -> usize {
    name.len() + labels.iter().map(|(key, value)| 48 + key.len() + value.len()).sum::<usize>()
}
