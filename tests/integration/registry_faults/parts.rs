//! Registries that refuse a manifest although its parts were written, or that answer HEAD wrongly.

use std::sync::Arc;

use notation::copy::{CopyOptions, copy_artifact};
use registry::Layout;

use super::*;

fn refusal(code: &str) -> Reply {
    Reply::Answer(400, Vec::new(), format!(r#"{{"errors":[{{"code":"{code}"}}]}}"#).into())
}

#[tokio::test]
async fn writes_a_manifest_again_that_lacks_parts_for_a_moment() {
    for (code, succeeds) in
        [("DIGEST_INVALID", true), ("MANIFEST_BLOB_UNKNOWN", true), ("BLOB_UNKNOWN", true), ("MANIFEST_INVALID", false)]
    {
        let count = AtomicUsize::new(0);
        let server = FaultServer::start(move |_| match count.fetch_add(1, Ordering::Relaxed) {
            0..3 => refusal(code),
            _ => Reply::status(201),
        });
        let pushed = repository(&server).push_manifest(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST.as_bytes(), None).await;
        assert_eq!(pushed.is_ok(), succeeds, "{code}: {pushed:?}");
        assert_eq!(server.seen().len(), if succeeds { 4 } else { 1 }, "{code}");
    }
    let always = FaultServer::start(|_| refusal("MANIFEST_BLOB_UNKNOWN"));
    let error = repository(&always).push_manifest(IMAGE_MANIFEST_MEDIA_TYPE, MANIFEST.as_bytes(), None).await;
    says(&error.unwrap_err(), &["MANIFEST_BLOB_UNKNOWN"]);
}

#[tokio::test]
async fn head_only_saves_work() {
    for status in [400, 401, 403, 404, 405, 500, 501] {
        let server = FaultServer::start(move |request| match request.method.as_str() {
            "HEAD" => Reply::status(status),
            "POST" => Reply::Answer(202, vec![("Location", "/v2/a/blobs/uploads/1".to_owned())], Vec::new()),
            _ => Reply::status(201),
        });
        repository(&server).push_blob("a/b", b"content").await.unwrap();
        assert!(server.seen().iter().any(|request| request.method == "PUT"), "{status}");
    }
    let dropping = FaultServer::start(|request| match request.method.as_str() {
        "HEAD" => Reply::Close(""),
        "POST" => Reply::Answer(202, vec![("Location", "/v2/a/blobs/uploads/1".to_owned())], Vec::new()),
        _ => Reply::status(201),
    });
    repository(&dropping).push_blob("a/b", b"content").await.unwrap();
}

/// A registry that says that it has every blob, and takes manifests only after the blobs were uploaded.
fn lying() -> FaultServer {
    let uploads = Arc::new(AtomicUsize::new(0));
    FaultServer::start(move |request| match (request.method.as_str(), request.path.contains("/blobs/")) {
        ("HEAD", true) => Reply::status(200),
        ("POST", true) => Reply::Answer(202, vec![("Location", "/v2/a/blobs/uploads/1".to_owned())], Vec::new()),
        ("PUT", true) => {
            uploads.fetch_add(1, Ordering::Relaxed);
            Reply::status(201)
        }
        ("PUT", false) if uploads.load(Ordering::Relaxed) < 2 => refusal("MANIFEST_BLOB_UNKNOWN"),
        ("PUT", false) => Reply::status(201),
        _ => Reply::status(404),
    })
}

#[tokio::test]
async fn a_copy_uploads_blobs_that_the_registry_claimed_to_have() {
    let folder = tempfile::tempdir().unwrap();
    let source = Store::Layout(Layout::create(folder.path()).unwrap());
    let config = source.push_blob("a/config", b"{}").await.unwrap();
    let layer = source.push_blob("a/layer", b"layer").await.unwrap();
    let image = Manifest::image(config, vec![layer]).to_bytes();
    let name = "v1".parse().unwrap();
    source.push_manifest(IMAGE_MANIFEST_MEDIA_TYPE, &image, Some(&name)).await.unwrap();
    let server = lying();
    let to = Store::Remote(repository(&server));
    copy_artifact(&source, &tag(), &to, Some(&name), &CopyOptions::default(), None).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.iter().filter(|r| r.method == "PUT" && r.path.contains("/blobs/")).count(), 2);
}
