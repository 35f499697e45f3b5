//! Copies of artifacts and their signatures between real registries and layouts.

mod faults;
mod indexes;
mod large;
mod strangers;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use notary::envelope::EnvelopeFormat;
use notary::manifest::{
    EMPTY_CONFIG, IMAGE_CONFIG_MEDIA_TYPE, IMAGE_LAYER_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, Manifest, SignatureForm,
};
use notary::media_type::{DOCKER_LIST_MEDIA_TYPE, DOCKER_MANIFEST_MEDIA_TYPE, IMAGE_INDEX_MEDIA_TYPE};
use notary::reference::{Tag, Target};
use notary::{Descriptor, Digest};
use notation::copy::{Copied, CopyEvent, CopyOptions, copy_artifact};
use registry::{ClientOptions, Credentials, Layout, RegistryClient, Store, Transferred};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::docker_registry::DockerRegistry;
use crate::support::peers;
use crate::support::registry::Registry;

const FOREIGN: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

pub fn remote(address: SocketAddr, repository: &str) -> Store {
    let mut options = ClientOptions::default();
    options.lock_folder = None;
    options.settle_time = std::time::Duration::from_millis(50);
    let client = RegistryClient::new(options, Credentials::none());
    Store::Remote(client.repository(&format!("{address}/{repository}").parse().unwrap()).unwrap())
}

pub fn layout(folder: &TempDir) -> Store {
    Store::Layout(Layout::create(folder.path()).unwrap())
}

pub fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

pub async fn copy(source: &Store, destination: &Store) -> Copied {
    let target = Target::Tag(tag("v1"));
    let tag = tag("copied");
    copy_artifact(source, &target, destination, Some(&tag), &CopyOptions::default(), None).await.unwrap()
}

async fn put(store: &Store, media_type: &str, document: &Value, tag: Option<&Tag>) -> Descriptor {
    store.push_manifest(media_type, document.to_string().as_bytes(), tag).await.unwrap()
}

/// An image manifest of this media type with two layers.
pub async fn image(store: &Store, media_type: &str, name: &str) -> Value {
    let config =
        store.push_blob(IMAGE_CONFIG_MEDIA_TYPE, json!({ "name": name }).to_string().as_bytes()).await.unwrap();
    let large = store.push_blob(IMAGE_LAYER_MEDIA_TYPE, name.repeat(100_000).as_bytes()).await.unwrap();
    let small = store.push_blob(IMAGE_LAYER_MEDIA_TYPE, b"shared by all").await.unwrap();
    json!({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [large, small]})
}

/// Pushes a signature of the manifest.
async fn sign(store: &Store, subject: &Descriptor, form: SignatureForm, envelope: &str) -> Digest {
    store.push_blob(form.config_media_type(), EMPTY_CONFIG).await.unwrap();
    store.push_blob("application/jose+json", envelope.as_bytes()).await.unwrap();
    let manifest = Manifest::signature_in(form, EnvelopeFormat::Jws, subject.clone(), envelope.as_bytes(), [].into());
    store.push_referrer(&manifest).await.unwrap().digest
}

/// Pushes an index of indexes and images with the tag `v1`, and signatures of it and of the images.
async fn signed_index(store: &Store) -> (Descriptor, BTreeSet<Digest>) {
    let first =
        put(store, IMAGE_MANIFEST_MEDIA_TYPE, &image(store, IMAGE_MANIFEST_MEDIA_TYPE, "first").await, None).await;
    let second = image(store, DOCKER_MANIFEST_MEDIA_TYPE, "second").await;
    let second = put(store, DOCKER_MANIFEST_MEDIA_TYPE, &second, None).await;
    let list = json!({"schemaVersion": 2, "mediaType": DOCKER_LIST_MEDIA_TYPE, "manifests": [second]});
    let list = put(store, DOCKER_LIST_MEDIA_TYPE, &list, None).await;
    let index = json!({"mediaType": IMAGE_INDEX_MEDIA_TYPE, "schemaVersion": 2, "manifests": [first, list]});
    let index = put(store, IMAGE_INDEX_MEDIA_TYPE, &index, Some(&tag("v1"))).await;
    let signatures = [
        sign(store, &index, SignatureForm::Config, "one").await,
        sign(store, &index, SignatureForm::ArtifactType, "two").await,
        sign(store, &first, SignatureForm::Config, "of the first").await,
        sign(store, &second, SignatureForm::Config, "of the second").await,
    ];
    (index, signatures.into())
}

/// All manifests and blobs of an artifact, by digest.
async fn content(store: &Store, artifact: &Descriptor) -> BTreeSet<(Digest, Vec<u8>)> {
    let mut all = BTreeSet::new();
    for stored in store.tree(artifact, 100).await.unwrap().manifests {
        let bytes = store.manifest(&stored).await.unwrap();
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        let layers = document["layers"].as_array().cloned().unwrap_or_default();
        for blob in layers.iter().chain(document.get("config")) {
            let digest: Digest = blob["digest"].as_str().unwrap().parse().unwrap();
            let blob = Descriptor { digest: digest.clone(), size: blob["size"].as_u64().unwrap(), ..stored.clone() };
            all.insert((digest, store.blob(&blob, 1 << 20).await.unwrap().to_vec()));
        }
        all.insert((stored.digest, bytes.to_vec()));
    }
    all
}

async fn signatures(store: &Store, artifact: &Descriptor) -> BTreeSet<Digest> {
    let mut all = BTreeSet::new();
    for stored in store.tree(artifact, 100).await.unwrap().manifests {
        for signature in store.signatures(&stored, 100).await.unwrap() {
            let manifest = signature.manifest.unwrap();
            store.blob(manifest.envelope().unwrap().1, 1024).await.unwrap();
            store.blob(&manifest.config, 1024).await.unwrap();
            all.insert(signature.descriptor.digest);
        }
    }
    all
}

/// Copies a signed index and compares source and destination.
async fn nothing_is_lost_or_changed(source: &Store, destination: &Store) {
    let (index, expected) = signed_index(source).await;
    let copied = copy(source, destination).await;
    assert_eq!(copied.artifact, index);
    assert_eq!(copied.manifests.len(), 4);
    assert_eq!(copied.manifests.last(), Some(&index));
    assert!(copied.left_out.is_empty() && copied.unreadable.is_empty(), "{copied:?}");
    assert_eq!(copied.signatures.iter().map(|s| s.digest.clone()).collect::<BTreeSet<_>>(), expected);
    assert!(copied.blobs.iter().any(|(_, how)| *how == Transferred::Copied));

    assert_eq!(destination.resolve(&Target::Tag(tag("copied"))).await.unwrap(), index);
    assert_eq!(content(destination, &index).await, content(source, &index).await);
    assert_eq!(signatures(destination, &index).await, expected);
    for child in destination.children(&index).await.unwrap() {
        assert!(destination.exists(&Target::Digest(child.digest)).await.unwrap());
    }
    assert!(!destination.exists(&Target::Digest(Digest::sha256(b"nothing"))).await.unwrap());

    let again = copy(source, destination).await;
    assert!(again.blobs.iter().all(|(_, how)| *how == Transferred::WasThere), "{:?}", again.blobs);
    assert_eq!(signatures(destination, &index).await, expected);
}

#[tokio::test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
async fn copies_between_registries_with_and_without_referrers_api() {
    let with = Registry::start(&peers());
    for (name, without) in DockerRegistry::start_both(&peers()) {
        let at = |repository: &str| format!("{name}/{repository}");
        nothing_is_lost_or_changed(&remote(with.address(), &at("from")), &remote(without.address, "to")).await;
        nothing_is_lost_or_changed(&remote(without.address, "from"), &remote(with.address(), &at("to"))).await;
    }
}

#[tokio::test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
async fn copies_between_registry_and_layout() {
    let [(_, docker), (_, distribution)] = DockerRegistry::start_both(&peers());
    let with = Registry::start(&peers());
    for address in [with.address(), docker.address, distribution.address] {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        nothing_is_lost_or_changed(&remote(address, "from"), &layout(&folders[0])).await;
        nothing_is_lost_or_changed(&layout(&folders[1]), &remote(address, "to")).await;
    }
}

#[tokio::test]
async fn copies_between_layouts() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    nothing_is_lost_or_changed(&layout(&folders[0]), &layout(&folders[1])).await;
    let index = std::fs::read(folders[1].path().join("index.json")).unwrap();
    let index: Value = serde_json::from_slice(&index).unwrap();
    // Every manifest and signature once; the tag is on the entry of the artifact.
    assert_eq!(index["manifests"].as_array().unwrap().len(), 8, "{index}");
}

#[tokio::test]
async fn reports_foreign_layers_without_copying_them() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = layout(&folders[0]);
    let destination = layout(&folders[1]);
    let layer = Descriptor::from_content(FOREIGN, b"of Microsoft's");
    let mut manifest = image(&source, DOCKER_MANIFEST_MEDIA_TYPE, "windows").await;
    let mut foreign = json!(layer);
    foreign["urls"] = json!(["https://registry.invalid/layer"]);
    manifest["layers"].as_array_mut().unwrap().insert(0, foreign);
    let stored = put(&source, DOCKER_MANIFEST_MEDIA_TYPE, &manifest, Some(&tag("v1"))).await;
    let copied = copy(&source, &destination).await;
    assert_eq!((copied.left_out, copied.blobs.len()), (vec![layer], 3));
    assert_eq!(destination.resolve(&Target::Tag(tag("copied"))).await.unwrap(), stored);
}

#[tokio::test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
async fn mounts_blobs_within_a_registry() {
    let [(_, docker), (_, distribution)] = DockerRegistry::start_both(&peers());
    let with = Registry::start(&peers());
    for address in [with.address(), docker.address, distribution.address] {
        let source = remote(address, "from");
        let destination = remote(address, "to");
        let (index, expected) = signed_index(&source).await;
        let copied = copy(&source, &destination).await;
        assert!(copied.blobs.iter().all(|(_, how)| *how == Transferred::Mounted), "{:?}", copied.blobs);
        assert_eq!(content(&destination, &index).await, content(&source, &index).await);
        assert_eq!(signatures(&destination, &index).await, expected);
    }
}

#[tokio::test]
async fn reports_progress() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = layout(&folders[0]);
    let destination = layout(&folders[1]);
    signed_index(&source).await;
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = events.clone();
    let progress = Arc::new(move |event| heard.lock().unwrap().push(event));
    let target = Target::Tag(tag("v1"));
    let copied = copy_artifact(&source, &target, &destination, None, &CopyOptions::default(), Some(progress)).await;
    let copied = copied.unwrap();
    let events = events.lock().unwrap().clone();
    let bytes: u64 = events.iter().map(|event| if let CopyEvent::Bytes(bytes) = event { *bytes } else { 0 }).sum();
    assert_eq!(bytes, copied.blobs.iter().map(|(blob, _)| blob.size).sum::<u64>());
    let manifests = events.iter().filter(|event| matches!(event, CopyEvent::Manifest(_))).count();
    assert_eq!(manifests, copied.manifests.len() + copied.signatures.len());
    assert!(!destination.exists(&target).await.unwrap());
}

#[tokio::test]
async fn rejects_too_many_manifests_or_signatures() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let source = layout(&folders[0]);
    let destination = layout(&folders[1]);
    signed_index(&source).await;
    let attempt = async |options: CopyOptions| {
        let target = Target::Tag(tag("v1"));
        let why = copy_artifact(&source, &target, &destination, None, &options, None).await.unwrap_err();
        let notation::copy::CopyError::Store(why) = why else { panic!("{why}") };
        assert!(why.is_too_many(), "{why}");
    };
    let mut few = CopyOptions::default();
    few.most_manifests = 3;
    attempt(few).await;
    let mut few = CopyOptions::default();
    few.most_signatures = 1;
    attempt(few).await;
    // Indexes nested deeper than the limit.
    let mut inner = source.resolve(&Target::Tag(tag("v1"))).await.unwrap();
    for _ in 0..4 {
        let outer = json!({"schemaVersion": 2, "mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": [inner]});
        inner = put(&source, IMAGE_INDEX_MEDIA_TYPE, &outer, None).await;
    }
    assert!(source.tree(&inner, 100).await.unwrap_err().is_too_many());
}
