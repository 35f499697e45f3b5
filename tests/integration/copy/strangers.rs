//! Indexes that list manifests which refer to another artifact, under any media type.

use std::time::{Duration, Instant};

use notary::manifest::SIGNATURE_MEDIA_TYPE;
use notation::copy::CopyError;

use super::indexes::{index_of, signature_of};
use super::*;
use crate::support::fault::{FaultServer, Reply};

/// Puts an index with the tag `v1` that lists strangers' manifests under many media types: an image, its signature, and
/// manifests that refer to `production`. Returns the image and the digests of the latter.
async fn index_with_strangers(source: &Store, production: &Descriptor) -> (Descriptor, BTreeSet<Digest>) {
    let own =
        put(source, IMAGE_MANIFEST_MEDIA_TYPE, &image(source, IMAGE_MANIFEST_MEDIA_TYPE, "own").await, None).await;
    let mut children = vec![json!(own)];
    let mut strangers = BTreeSet::new();
    for media_type in [
        IMAGE_MANIFEST_MEDIA_TYPE,
        "application/vnd.oci.image.manifest.v1+json; charset=utf-8",
        "application/vnd.oci.image.manifest.v1+json;x=y",
        "Application/vnd.OCI.image.Manifest.v1+JSON",
        "application/vnd.example.manifest.v1+json",
        "application/json",
        "x/y",
    ] {
        let stranger = signature_of(source, production, SignatureForm::Config, media_type).await;
        strangers.insert(stranger.digest.clone());
        children.push(json!({ "mediaType": media_type, "digest": stranger.digest, "size": stranger.size }));
    }
    // Go programs read the names of members without regard to case.
    let config = source.push_blob(SIGNATURE_MEDIA_TYPE, EMPTY_CONFIG).await.unwrap();
    for (media_type, name) in
        [(IMAGE_MANIFEST_MEDIA_TYPE, "Subject"), ("application/vnd.example.manifest.v1+json", "\u{17f}UBJECT")]
    {
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": [], name: production}).to_string();
        let stranger = source.push_blob(media_type, manifest.as_bytes()).await.unwrap();
        strangers.insert(stranger.digest.clone());
        children.push(json!(stranger));
    }
    // What refers to a stranger is left out with it, also if the index lists it first.
    let inner = signature_of(source, production, SignatureForm::ArtifactType, "inner").await;
    let of_inner = signature_of(source, &inner, SignatureForm::Config, "of inner").await;
    children.extend([json!(of_inner), json!(inner)]);
    strangers.extend([inner.digest, of_inner.digest]);
    let index = json!({"schemaVersion": 2, "mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": children});
    put(source, IMAGE_INDEX_MEDIA_TYPE, &index, Some(&tag("v1"))).await;
    (own, strangers)
}

fn left_out(copied: &Copied) -> BTreeSet<Digest> {
    copied.referrers_of_others.iter().map(|(manifest, _)| manifest.digest.clone()).collect()
}

#[tokio::test]
async fn a_stranger_is_left_out_under_every_media_type() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [source, destination, next] = folders.each_ref().map(layout);
    let production = image(&destination, IMAGE_MANIFEST_MEDIA_TYPE, "production").await;
    let production = put(&destination, IMAGE_MANIFEST_MEDIA_TYPE, &production, None).await;
    let (_, strangers) = index_with_strangers(&source, &production).await;
    assert_eq!(left_out(&copy(&source, &destination).await), strangers);
    assert_eq!(signatures(&destination, &production).await.len(), 0);
    // The copy can be copied again.
    let target = Target::Tag(tag("copied"));
    let again = copy_artifact(&destination, &target, &next, None, &CopyOptions::default(), None).await.unwrap();
    assert_eq!(left_out(&again), strangers);
    // No registry gets them as manifests.
    let server = FaultServer::start(|request| match request.method.as_str() {
        "POST" => Reply::Answer(202, vec![("Location", "/v2/a/blobs/uploads/1".to_owned())], Vec::new()),
        "PUT" => Reply::status(201),
        _ => Reply::status(404),
    });
    assert_eq!(left_out(&copy(&source, &remote(server.address, "a")).await), strangers);
    for request in server.seen() {
        let is_stranger = strangers.iter().any(|stranger| request.path.contains(stranger.as_str()));
        assert!(!is_stranger || request.method != "PUT", "{}", request.path);
    }
}

#[tokio::test]
#[ignore = "needs notation, olareg and docker-registry: scripts/test"]
async fn an_index_with_a_stranger_is_copied_to_registries_that_check_its_manifests() {
    let [(_, docker), (_, distribution)] = DockerRegistry::start_both(&peers());
    let with = Registry::start(&peers());
    for (name, address) in
        [("olareg", with.address()), ("docker-registry", docker.address), ("distribution", distribution.address)]
    {
        let folder = tempfile::tempdir().unwrap();
        let source = layout(&folder);
        let destination = remote(address, "to");
        let production = image(&destination, IMAGE_MANIFEST_MEDIA_TYPE, "production").await;
        let production = put(&destination, IMAGE_MANIFEST_MEDIA_TYPE, &production, None).await;
        let signature = sign(&destination, &production, SignatureForm::Config, "of production").await;
        let (own, strangers) = index_with_strangers(&source, &production).await;
        let began = Instant::now();
        let target = Target::Tag(tag("v1"));
        let copied = copy_artifact(&source, &target, &destination, None, &CopyOptions::default(), None).await;
        match copied {
            Ok(copied) => assert_eq!(left_out(&copied), strangers, "{name}"),
            // Version 3 looks for manifests only among manifests.
            Err(CopyError::NeedsLeftOut { missing, .. }) if name == "distribution" => {
                assert_eq!(missing.into_iter().collect::<BTreeSet<_>>(), strangers);
            }
            Err(why) => panic!("{name}: {why}"),
        }
        assert!(began.elapsed() < Duration::from_secs(5), "{name}: {:?}", began.elapsed());
        assert_eq!(signatures(&destination, &production).await, [signature].into(), "{name}");
        assert!(destination.exists(&Target::Digest(own.digest)).await.unwrap(), "{name}");
    }
}

#[tokio::test]
async fn names_the_stranger_without_which_a_registry_refuses_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let source = layout(&folder);
    let production = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, b"production");
    let stranger = signature_of(&source, &production, SignatureForm::Config, "stranger").await;
    let index = index_of(&source, std::slice::from_ref(&stranger)).await;
    let path = format!("/manifests/{}", index.digest);
    let server = FaultServer::start(move |request| match request.method.as_str() {
        "PUT" if request.path.ends_with(&path) => {
            let body = br#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}"#;
            Reply::Answer(400, vec![("Content-Type", "application/json".to_owned())], body.to_vec())
        }
        "POST" => Reply::Answer(202, vec![("Location", "/v2/a/blobs/uploads/1".to_owned())], Vec::new()),
        "PUT" => Reply::status(201),
        _ => Reply::status(404),
    });
    let began = Instant::now();
    let target = Target::Tag(tag("v1"));
    let destination = remote(server.address, "a");
    let why = copy_artifact(&source, &target, &destination, None, &CopyOptions::default(), None).await.unwrap_err();
    assert!(matches!(&why, CopyError::NeedsLeftOut { missing, .. } if *missing == [stranger.digest.clone()]), "{why}");
    assert!(why.to_string().contains(stranger.digest.as_str()), "{why}");
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert!(server.seen().iter().all(|request| !request.path.contains("/manifests/sha256-")));
}
