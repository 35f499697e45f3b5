//! Sources that lie or disconnect, and destinations that reject: wrong content never gets a name.

use std::sync::atomic::{AtomicUsize, Ordering};

use notation::copy::CopyError;

use super::*;
use crate::support::fault::{FaultServer, Reply, Request};

const LAYER: &[u8] = b"the content of the layer";

/// A registry with an image of one layer; `layer` answers the requests for its blob.
fn source(layer: impl Fn(usize) -> Reply + Send + Sync + 'static) -> FaultServer {
    let config = Descriptor::from_content("a/config", b"{}");
    let content = Descriptor::from_content("a/layer", LAYER);
    let path = format!("/blobs/{}", content.digest);
    let manifest = Manifest::image(config, vec![content]).to_bytes();
    let count = AtomicUsize::new(0);
    FaultServer::start(move |request| match request.path.as_str() {
        blob if blob.ends_with(&path) => layer(count.fetch_add(1, Ordering::Relaxed)),
        blob if blob.contains("/blobs/") => Reply::content("application/octet-stream", "{}"),
        manifest_path if manifest_path.contains("/manifests/sha256-") || manifest_path.contains("/referrers/") => {
            Reply::status(404)
        }
        _ => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, manifest.clone()),
    })
}

/// An empty registry that accepts everything.
fn destination() -> FaultServer {
    FaultServer::start(|request: &Request| match request.method.as_str() {
        "POST" => Reply::Answer(202, vec![("Location", "/v2/a/blobs/uploads/1?_state=x".to_owned())], Vec::new()),
        "PUT" => Reply::status(201),
        _ => Reply::status(404),
    })
}

async fn attempt(source: &FaultServer, destination: &Store) -> Result<Copied, CopyError> {
    let target = Target::Tag(tag("v1"));
    let tag = tag("copied");
    let options = CopyOptions::default();
    copy_artifact(&remote(source.address, "a"), &target, destination, Some(&tag), &options, None).await
}

fn lie(content: &'static [u8]) -> impl Fn(usize) -> Reply + Send + Sync + Copy + 'static {
    move |_| Reply::content("application/octet-stream", content)
}

#[tokio::test]
async fn does_not_store_invalid_blobs_in_a_layout() {
    let short: fn(usize) -> Reply = |_| Reply::Close("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nthe content");
    for (server, why) in [
        (source(lie(b"the CONTENT of the layer")), "its digest differs"),
        (source(lie(b"the content")), "got 11"),
        (source(lie(b"the content of the layer and more")), "got 33"),
        (source(short), "smaller than its descriptor says"),
        (source(|_| Reply::Flood(1 << 30)), "larger than its descriptor says"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let error = attempt(&server, &layout(&folder)).await.unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert!(server.written() < 64 << 20);
        // Only the configuration, if it came first.
        let blobs = std::fs::read_dir(folder.path().join("blobs/sha256")).map_or(0, Iterator::count);
        assert!(blobs <= 1, "{blobs}");
        let index = std::fs::read_to_string(folder.path().join("index.json")).unwrap();
        assert!(index.contains(r#""manifests":[]"#), "{index}");
    }
}

#[tokio::test]
async fn does_not_complete_uploads_of_invalid_blobs() {
    for content in [&b"the CONTENT of the layer"[..], b"the content"] {
        let from = source(lie(content));
        let to = destination();
        attempt(&from, &remote(to.address, "b")).await.unwrap_err();
        for request in to.seen().iter().filter(|request| request.method == "PUT") {
            assert!(request.path.contains("/blobs/"), "a manifest was written: {request:?}");
            assert_ne!(request.body, content, "the complete blob was sent");
        }
    }
}

#[tokio::test]
async fn reconnects_after_a_disconnect() {
    let cut = |count| match count {
        0 => Reply::Close("HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\nthe con"),
        1 => Reply::status(503),
        _ => Reply::content("application/octet-stream", LAYER),
    };
    let folder = tempfile::tempdir().unwrap();
    let server = source(cut);
    let to = layout(&folder);
    let copied = attempt(&server, &to).await.unwrap();
    assert_eq!(to.blob(&Descriptor::from_content("a/layer", LAYER), 100).await.unwrap(), LAYER);
    assert_eq!(copied.blobs.len(), 2);
    let always = source(|_| Reply::Close("HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\nthe con"));
    let folder = tempfile::tempdir().unwrap();
    let error = attempt(&always, &layout(&folder)).await.unwrap_err();
    assert!(error.to_string().contains("incomplete answer"), "{error}");
    let to = destination();
    attempt(&source(cut), &remote(to.address, "b")).await.unwrap();
    let whole = |request: &&Request| request.method == "PUT" && request.body == LAYER;
    let seen = to.seen();
    let put = seen.iter().find(whole).unwrap();
    assert_eq!(put.header("Content-Length"), Some("24"));
    assert!(put.path.starts_with("/v2/a/blobs/uploads/1?_state=x&digest=sha256%3A"), "{}", put.path);
}

#[tokio::test]
async fn writes_the_tag_last_and_only_if_all_else_succeeded() {
    let to = destination();
    attempt(&source(lie(LAYER)), &remote(to.address, "b")).await.unwrap();
    let writes: Vec<String> =
        to.seen().iter().filter(|request| request.method == "PUT").map(|request| request.path.clone()).collect();
    assert!(writes.last().unwrap().ends_with("/manifests/copied"), "{writes:?}");
    let refusing = FaultServer::start(|request: &Request| match request.method.as_str() {
        "POST" => Reply::Answer(202, vec![("Location", "/v2/b/blobs/uploads/1".to_owned())], Vec::new()),
        "PUT" if request.path.contains("/blobs/") => Reply::status(413),
        "PUT" => Reply::status(201),
        _ => Reply::status(404),
    });
    let error = attempt(&source(lie(LAYER)), &remote(refusing.address, "b")).await.unwrap_err();
    assert!(error.to_string().contains("413"), "{error}");
    assert!(refusing.seen().iter().all(|request| !request.path.contains("/manifests/") || request.method != "PUT"));
}
