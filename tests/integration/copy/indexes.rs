//! Indexes that list what does not belong to the artifact, or what is no manifest; limits of size and time.

use std::time::{Duration, Instant};

use notary::ReasonCode;
use notary::envelope::EnvelopeFormat;
use notary::manifest::SIGNATURE_MEDIA_TYPE;
use notation::copy::CopyError;

use super::*;
use crate::support::fault::{FaultServer, Reply};

/// An index of these manifests, with the tag `v1`.
pub async fn index_of(store: &Store, children: &[Descriptor]) -> Descriptor {
    let index = json!({"schemaVersion": 2, "mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": children});
    put(store, IMAGE_INDEX_MEDIA_TYPE, &index, Some(&tag("v1"))).await
}

/// Puts a signature manifest into the store without listing it.
pub async fn signature_of(store: &Store, subject: &Descriptor, form: SignatureForm, envelope: &str) -> Descriptor {
    sign(store, subject, form, envelope).await;
    let manifest =
        Manifest::signature_in(form, EnvelopeFormat::Jws, subject.clone(), envelope.as_bytes(), [].into()).to_bytes();
    Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, &manifest)
}

#[tokio::test]
async fn leaves_out_and_reports_what_refers_to_another_artifact() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = layout(&folders[0]);
    let destination = layout(&folders[1]);
    // Production, which the destination has.
    let production = put(
        &destination,
        IMAGE_MANIFEST_MEDIA_TYPE,
        &image(&destination, IMAGE_MANIFEST_MEDIA_TYPE, "production").await,
        None,
    )
    .await;
    let own =
        put(&source, IMAGE_MANIFEST_MEDIA_TYPE, &image(&source, IMAGE_MANIFEST_MEDIA_TYPE, "own").await, None).await;
    let of_own = signature_of(&source, &own, SignatureForm::Config, "of own").await;
    let mut children = vec![own.clone(), of_own.clone()];
    let mut strangers = Vec::new();
    for i in 0..101 {
        let form = if i % 2 == 0 { SignatureForm::Config } else { SignatureForm::ArtifactType };
        strangers.push(signature_of(&source, &production, form, &format!("stranger {i}")).await);
    }
    // An index can have a subject, too.
    let inner = json!({"schemaVersion": 2, "mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": [own],
        "artifactType": SIGNATURE_MEDIA_TYPE, "subject": production});
    strangers.push(put(&source, IMAGE_INDEX_MEDIA_TYPE, &inner, None).await);
    children.extend(strangers.iter().cloned());
    let index = index_of(&source, &children).await;

    let copied = copy(&source, &destination).await;
    assert_eq!(copied.artifact, index);
    let left_out: BTreeSet<_> =
        copied.referrers_of_others.iter().map(|(manifest, _)| manifest.digest.clone()).collect();
    assert_eq!(left_out, strangers.iter().map(|stranger| stranger.digest.clone()).collect());
    assert!(copied.referrers_of_others.iter().all(|(_, subject)| *subject == production.digest));
    assert_eq!(signatures(&destination, &production).await.len(), 0);
    assert_eq!(signatures(&destination, &own).await, [of_own.digest].into());
}

#[tokio::test]
async fn does_not_copy_a_signature_alone_beside_another_artifact() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = layout(&folders[0]);
    let production = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, b"production");
    let stranger = signature_of(&source, &production, SignatureForm::Config, "stranger").await;
    let target = Target::Digest(stranger.digest.clone());
    let options = CopyOptions::default();
    let refused = copy_artifact(&source, &target, &layout(&folders[1]), Some(&tag("v1")), &options, None).await;
    let why = refused.unwrap_err();
    assert!(matches!(&why, CopyError::SignatureOfOther { .. }), "{why}");
    assert_eq!(why.code(), ReasonCode::Configuration);
}

#[tokio::test]
async fn signatures_in_an_index_count_against_the_limit() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = layout(&folders[0]);
    let own =
        put(&source, IMAGE_MANIFEST_MEDIA_TYPE, &image(&source, IMAGE_MANIFEST_MEDIA_TYPE, "own").await, None).await;
    let mut children = vec![own.clone()];
    for i in 0..3 {
        children.push(signature_of(&source, &own, SignatureForm::Config, &format!("{i}")).await);
    }
    index_of(&source, &children).await;
    let mut options = CopyOptions::default();
    options.most_signatures = 2;
    let target = Target::Tag(tag("v1"));
    let why = copy_artifact(&source, &target, &layout(&folders[1]), None, &options, None).await.unwrap_err();
    assert_eq!(why.code(), ReasonCode::TooMany, "{why}");
}

#[tokio::test]
async fn copies_what_an_index_lists_that_is_no_manifest() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [source, destination, back] = folders.each_ref().map(layout);
    let cached = source.push_blob("application/vnd.oci.image.layer.v1.tar+gzip", b"a cached layer").await.unwrap();
    let config = source.push_blob("application/vnd.buildkit.cacheconfig.v0", b"{\"layers\":[]}").await.unwrap();
    let unknown = br#"{"schemaVersion":2,"mediaType":"application/vnd.example.manifest.v1+json"}"#;
    let unknown = source.push_blob("application/vnd.example.manifest.v1+json", unknown).await.unwrap();
    let listed = [cached, config, unknown];
    let index = index_of(&source, &listed).await;
    let copied = copy(&source, &destination).await;
    assert_eq!((copied.manifests.as_slice(), copied.others.len()), ([index.clone()].as_slice(), 3));
    for other in &listed {
        destination.blob(other, 1024).await.unwrap();
    }
    let target = Target::Tag(tag("copied"));
    copy_artifact(&destination, &target, &back, None, &CopyOptions::default(), None).await.unwrap();
    assert_eq!(back.tree(&index, 10).await.unwrap().others, listed);
}

#[tokio::test]
async fn a_copy_is_bounded_in_size_and_time() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = layout(&folders[0]);
    let manifest = image(&source, IMAGE_MANIFEST_MEDIA_TYPE, "large").await;
    put(&source, IMAGE_MANIFEST_MEDIA_TYPE, &manifest, Some(&tag("v1"))).await;
    let target = Target::Tag(tag("v1"));
    let destination = layout(&folders[1]);
    for (most_bytes, fits) in [(500_000, false), (600_000, true)] {
        let mut options = CopyOptions::default();
        options.most_bytes = most_bytes;
        let copied = copy_artifact(&source, &target, &destination, Some(&tag("copied")), &options, None).await;
        assert_eq!(copied.is_ok(), fits, "{most_bytes}: {copied:?}");
        assert_eq!(destination.exists(&Target::Tag(tag("copied"))).await.unwrap(), fits);
    }
    // A source that never ends, and the temporary file of the blob.
    let layer = Descriptor { size: 1 << 30, ..Descriptor::from_content("a/layer", b"endless") };
    let config = Descriptor::from_content("a/config", b"{}");
    let path = format!("/blobs/{}", layer.digest);
    let manifest = Manifest::image(config, vec![layer]).to_bytes();
    let server = FaultServer::start(move |request| match request.path.as_str() {
        blob if blob.ends_with(&path) => Reply::Hang("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\nhalf"),
        blob if blob.contains("/blobs/") => Reply::content("application/octet-stream", "{}"),
        other if other.contains("sha256-") || other.contains("/referrers/") => Reply::status(404),
        _ => Reply::content(IMAGE_MANIFEST_MEDIA_TYPE, manifest.clone()),
    });
    let mut options = CopyOptions::default();
    options.time = Duration::from_millis(500);
    let began = Instant::now();
    let why = copy_artifact(&remote(server.address, "a"), &target, &destination, None, &options, None).await;
    let why = why.unwrap_err();
    assert_eq!(why.code(), ReasonCode::Deadline, "{why}");
    assert!(began.elapsed() < Duration::from_secs(10));
    let parts = || {
        let names = std::fs::read_dir(folders[1].path().join("blobs/sha256")).unwrap();
        names.filter(|name| name.as_ref().unwrap().file_name().to_string_lossy().ends_with(".part")).count()
    };
    // The tasks of the copy are dropped by the runtime.
    while parts() > 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "a temporary file is left");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_digest_that_an_index_lists_as_a_manifest_is_a_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let store = layout(&folder);
    let own = image(&store, IMAGE_MANIFEST_MEDIA_TYPE, "own").await;
    let own = put(&store, IMAGE_MANIFEST_MEDIA_TYPE, &own, None).await;
    let other = Descriptor { media_type: "x/y".to_owned(), ..own.clone() };
    let inner = json!({"schemaVersion": 2, "mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": [own]});
    let inner = put(&store, IMAGE_INDEX_MEDIA_TYPE, &inner, None).await;
    for children in [[inner.clone(), other.clone()], [other.clone(), inner.clone()], [own.clone(), other.clone()]] {
        let index = index_of(&store, &children).await;
        let tree = store.tree(&index, 10).await.unwrap();
        assert!(tree.manifests.contains(&own), "{children:?}");
        assert_eq!(tree.others, []);
    }
}

#[tokio::test]
async fn an_entry_with_an_unknown_digest_hinders_no_other() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [source, destination] = folders.each_ref().map(layout);
    let own = image(&source, IMAGE_MANIFEST_MEDIA_TYPE, "own").await;
    let own = put(&source, IMAGE_MANIFEST_MEDIA_TYPE, &own, None).await;
    let odd = json!({"mediaType": "x/y", "digest": "blake3:abc", "size": 1});
    let index = json!({"schemaVersion": 2, "mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": [odd, own]});
    put(&source, IMAGE_INDEX_MEDIA_TYPE, &index, Some(&tag("v1"))).await;
    let copied = copy(&source, &destination).await;
    assert_eq!(copied.unknown.iter().map(|entry| entry.digest.as_deref()).collect::<Vec<_>>(), [Some("blake3:abc")]);
    assert!(destination.exists(&Target::Digest(own.digest)).await.unwrap());
}
