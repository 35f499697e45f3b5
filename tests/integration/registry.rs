//! The registry client against real registries: olareg with the Referrers API, docker-registry without it.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use notary::manifest::{EMPTY_CONFIG, IMAGE_CONFIG_MEDIA_TYPE, Manifest, SIGNATURE_MEDIA_TYPE};
use notary::media_type::IMAGE_INDEX_MEDIA_TYPE;
use notary::reference::{Tag, Target};
use notary::{Advice, Descriptor, ReasonCode};
use registry::{ClientOptions, Credential, Credentials, Layout, RegistryClient, RemoteRepository, Secret, Store};
use serde_json::json;

use crate::support::docker_registry::{DockerRegistry, USER};
use crate::support::peers;
use crate::support::registry::Registry;

const MOST: usize = 100;

fn repository(address: SocketAddr, options: ClientOptions, credentials: Credentials) -> RemoteRepository {
    let name = format!("{address}/team/app").parse().unwrap();
    RegistryClient::new(options, credentials).repository(&name).unwrap()
}

fn without_lock() -> ClientOptions {
    let mut options = ClientOptions::default();
    options.lock_folder = None;
    options
}

fn anonymous(address: SocketAddr) -> RemoteRepository {
    repository(address, without_lock(), Credentials::none())
}

/// Pushes an image with the tag `v1`.
async fn push_image(store: &Store) -> Descriptor {
    let config = store.push_blob(IMAGE_CONFIG_MEDIA_TYPE, b"{}").await.unwrap();
    let image = Manifest::image(config, Vec::new());
    let tag: Tag = "v1".parse().unwrap();
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    store.push_manifest(media_type, &image.to_bytes(), Some(&tag)).await.unwrap()
}

/// A signature manifest for the image; pushes its blobs.
async fn signature(store: &Store, image: &Descriptor, envelope: &str) -> Manifest {
    store.push_blob("application/octet-stream", EMPTY_CONFIG).await.unwrap();
    store.push_blob("application/jose+json", envelope.as_bytes()).await.unwrap();
    Manifest::signature(image.clone(), envelope.as_bytes(), [("k".to_owned(), "v".to_owned())].into())
}

/// Behavior common to every store.
async fn writes_and_finds_an_artifact_and_its_signatures(store: &Store) {
    let image = push_image(store).await;
    let by_tag = store.resolve(&Target::Tag("v1".parse().unwrap())).await.unwrap();
    assert_eq!(by_tag, image);
    assert_eq!(store.resolve(&Target::Digest(image.digest.clone())).await.unwrap(), image);
    assert!(store.resolve(&Target::Tag("v2".parse().unwrap())).await.is_err());
    assert!(store.signatures(&image, MOST).await.unwrap().is_empty());
    let mut pushed = BTreeSet::new();
    for envelope in ["first", "second", "first"] {
        let manifest = signature(store, &image, envelope).await;
        pushed.insert(store.push_referrer(&manifest).await.unwrap().digest);
    }
    let listed = store.signatures(&image, MOST).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed.iter().map(|s| s.descriptor.digest.clone()).collect::<BTreeSet<_>>(), pushed);
    for signature in listed {
        let manifest = signature.manifest.unwrap();
        let envelope = store.blob(manifest.envelope().unwrap().1, 1024).await.unwrap();
        assert!(matches!(&*envelope, b"first" | b"second"));
    }
    assert!(store.signatures(&image, 1).await.is_err());
}

/// Writes and reads an index and its manifests byte for byte.
async fn writes_and_reads_an_index_unchanged(store: &Store) {
    let image = push_image(store).await;
    let entry = json!({"mediaType": image.media_type, "digest": image.digest, "size": image.size, "platform": {"os": "linux", "architecture": "amd64"}});
    let index = json!({"schemaVersion": 2, "mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": [entry]}).to_string();
    let tag: Tag = "multi".parse().unwrap();
    let pushed = store.push_manifest(IMAGE_INDEX_MEDIA_TYPE, index.as_bytes(), Some(&tag)).await.unwrap();
    assert_eq!(pushed, Descriptor::from_content(IMAGE_INDEX_MEDIA_TYPE, index.as_bytes()));
    assert_eq!(store.resolve(&Target::Tag(tag)).await.unwrap(), pushed);
    assert_eq!(store.manifest(&pushed).await.unwrap(), index.as_bytes());
}

#[tokio::test]
#[ignore = "needs notation and olareg: scripts/test"]
async fn olareg_stores_signatures_without_a_tag() {
    let peers = peers();
    let registry = Registry::start(&peers);
    let repository = anonymous(registry.address());
    let store = Store::Remote(repository.clone());
    writes_and_finds_an_artifact_and_its_signatures(&store).await;
    writes_and_reads_an_index_unchanged(&store).await;
    let image = store.resolve(&Target::Tag("v1".parse().unwrap())).await.unwrap();
    let manifest = signature(&store, &image, "third").await;
    let pushed =
        repository.push_manifest("application/vnd.oci.image.manifest.v1+json", &manifest.to_bytes(), None).await;
    assert_eq!(pushed.unwrap().subject, Some(image.digest));
}

#[tokio::test]
#[ignore = "needs docker-registry: scripts/test"]
async fn registries_without_referrers_api_store_signatures_by_the_tag_schema() {
    for (name, registry) in DockerRegistry::start_both(&peers()) {
        let repository = anonymous(registry.address);
        let store = Store::Remote(repository.clone());
        writes_and_finds_an_artifact_and_its_signatures(&store).await;
        writes_and_reads_an_index_unchanged(&store).await;
        let image = store.resolve(&Target::Tag("v1".parse().unwrap())).await.unwrap();
        let index = repository.resolve(&Target::Tag(Tag::from_subject(&image.digest))).await.unwrap();
        assert_eq!(index.media_type, IMAGE_INDEX_MEDIA_TYPE, "{name}");
    }
}

#[tokio::test]
async fn a_layout_behaves_like_a_registry() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::Layout(Layout::create(folder.path()).unwrap());
    writes_and_finds_an_artifact_and_its_signatures(&store).await;
    writes_and_reads_an_index_unchanged(&store).await;
}

/// Pushes one signature each from concurrent writers for one subject. `options` returns a writer's options by its
/// number.
async fn write_concurrently(registry: &DockerRegistry, count: usize, options: impl Fn(usize) -> ClientOptions) {
    let store = Store::Remote(anonymous(registry.address));
    let image = push_image(&store).await;
    let mut writers = tokio::task::JoinSet::new();
    for i in 0..count {
        let store = Store::Remote(repository(registry.address, options(i), Credentials::none()));
        let image = image.clone();
        writers.spawn(async move {
            let manifest = signature(&store, &image, &format!("signature {i}")).await;
            store.push_referrer(&manifest).await.unwrap().digest
        });
    }
    let pushed: BTreeSet<_> = writers.join_all().await.into_iter().collect();
    let Store::Remote(repository) = &store else { unreachable!() };
    let listed = repository.referrers(&image.digest, SIGNATURE_MEDIA_TYPE, MOST).await.unwrap();
    assert_eq!(listed.into_iter().map(|d| d.digest).collect::<BTreeSet<_>>(), pushed);
    assert_eq!(pushed.len(), count);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs docker-registry: scripts/test"]
async fn thirty_two_writers_on_one_host_keep_every_entry() {
    let registry = DockerRegistry::start();
    let folder = tempfile::tempdir().unwrap();
    let options = |_| {
        let mut options = ClientOptions::default();
        options.lock_folder = Some(folder.path().to_owned());
        options
    };
    write_concurrently(&registry, 32, options).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs docker-registry: scripts/test"]
async fn writers_on_several_hosts_keep_every_entry() {
    let registry = DockerRegistry::start();
    let hosts: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let options = |i: usize| {
        let mut options = ClientOptions::default();
        // This registry has no compare-and-swap. Writers are safe if no write takes half of this time, which it also
        // does not while all other tests run.
        options.settle_time = std::time::Duration::from_secs(3);
        options.lock_folder = Some(hosts[i % hosts.len()].path().to_owned());
        options
    };
    write_concurrently(&registry, 6, options).await;
}

#[tokio::test]
#[ignore = "needs docker-registry: scripts/test"]
async fn sends_the_password_on_demand_and_never_shows_it() {
    let registry = DockerRegistry::start_with_password();
    let user = |password: &str| {
        let credential = Credential::Password { username: USER.0.to_owned(), password: Secret::new(password) };
        repository(registry.address, without_lock(), Credentials::given(credential))
    };
    push_image(&Store::Remote(user(USER.1))).await;
    for refused in [user("hunter2"), anonymous(registry.address)] {
        let error = refused.resolve(&Target::Tag("v1".parse().unwrap())).await.unwrap_err();
        assert_eq!((error.code(), error.advice()), (ReasonCode::Credentials, Some(Advice::LogInToRegistry)), "{error}");
        let text = format!("{error} {error:?} {refused:?}");
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains(&format!("GET http://{}/v2/team/app/manifests/v1", registry.address)), "{text}");
    }
}
