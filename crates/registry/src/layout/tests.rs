#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::fs;

use notary::manifest::Manifest;
use notary::reference::Target;
use notary::{Descriptor, Digest};
use serde_json::{Value, json};

use super::*;

fn layout_with_image() -> (tempfile::TempDir, Layout, Descriptor) {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    layout.put_blob(b"{}").unwrap();
    let image =
        Manifest::image(Descriptor::from_content("application/vnd.oci.image.config.v1+json", b"{}"), Vec::new());
    let stored = layout.put_manifest(&image, Some("v1")).unwrap();
    (folder, layout, stored)
}

fn tag(name: &str) -> Target {
    Target::Tag(name.parse().unwrap())
}

#[test]
fn resolves_tags_and_digests() {
    let (_folder, layout, stored) = layout_with_image();
    assert_eq!(layout.resolve(&tag("v1")).unwrap(), stored);
    assert_eq!(layout.resolve(&Target::Digest(stored.digest.clone())).unwrap(), stored);
    assert!(matches!(layout.resolve(&tag("v2")), Err(LayoutError::NotFound { .. })));
}

#[test]
fn moves_a_tag_to_the_last_manifest() {
    let (_folder, layout, first) = layout_with_image();
    let mut other = layout.manifest(&first).unwrap();
    other.annotations.insert("k".into(), "v".into());
    let second = layout.put_manifest(&other, Some("v1")).unwrap();
    assert_eq!(layout.resolve(&tag("v1")).unwrap(), second);
    assert!(layout.resolve(&Target::Digest(first.digest.clone())).is_err());
}

#[tokio::test]
async fn lists_only_signatures_of_the_subject() {
    let (_folder, layout, image) = layout_with_image();
    layout.put_blob(b"envelope").unwrap();
    let signature = Manifest::signature(image.clone(), b"envelope", [].into());
    let stored = layout.put_manifest(&signature, None).unwrap();
    layout.put_manifest(&signature, None).unwrap();
    let other = Manifest::signature(Descriptor::from_content("a/b", b"other"), b"envelope", [].into());
    layout.put_manifest(&other, None).unwrap();
    let found = layout.list_signatures(&image.digest, 100).await.unwrap();
    assert_eq!(found.iter().map(|listed| &listed.digest).collect::<Vec<_>>(), [&stored.digest]);
}

#[tokio::test]
async fn reads_a_manifest_once_however_often_the_index_lists_it() {
    let (_folder, layout, image) = layout_with_image();
    let signature = Manifest::signature(image.clone(), b"envelope", [].into());
    let stored = layout.put_manifest(&signature, None).unwrap();
    let mut index = layout.read_index().unwrap();
    let entries = index["manifests"].as_array_mut().unwrap();
    let mut large = layout.manifest(&image).unwrap();
    large.annotations.insert("k".to_owned(), "v".repeat(1 << 20));
    let large = layout.put_manifest(&large, None).unwrap();
    entries.extend(std::iter::repeat_n(json!(large), 20_000));
    entries.extend((0..1000).map(|size| json!({"mediaType": large.media_type, "digest": large.digest, "size": size})));
    entries.extend(std::iter::repeat_n(json!(stored), 200));
    layout.write_index(&index).unwrap();
    let began = std::time::Instant::now();
    let found = layout.list_signatures(&image.digest, 1).await.unwrap();
    assert_eq!(found.iter().map(|listed| &listed.digest).collect::<Vec<_>>(), [&stored.digest]);
    assert_eq!(layout.artifacts().unwrap().len(), 21_001);
    assert!(layout.resolve(&Target::Digest(Digest::sha256(b"absent"))).is_err());
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_listing_ends_when_it_is_dropped_and_reads_a_bounded_amount() {
    let (_folder, layout, image) = layout_with_image();
    // Entries of files with holes: they take no space, but reading and hashing them takes time.
    for i in 0..80_u8 {
        let digest = Digest::sha256(&[i]);
        let path = layout.blob_path(&digest);
        fs::File::create(&path).unwrap().set_len(4 * 1024 * 1024).unwrap();
        list(&layout, 0, json!({"mediaType": image.media_type, "digest": digest, "size": 4 * 1024 * 1024}));
    }
    let listing = layout.list_signatures(&image.digest, 100);
    assert!(tokio::time::timeout(std::time::Duration::from_millis(1), listing).await.is_err());
    let listed = layout.list_signatures(&image.digest, 100).await;
    assert!(matches!(listed, Err(LayoutError::TooMuch { .. })), "{listed:?}");
    assert!(matches!(layout.artifacts(), Err(LayoutError::TooMuch { .. })));
}

#[tokio::test]
async fn what_is_missing_or_malformed_beside_an_artifact_hides_no_signature() {
    let (_folder, layout, image) = layout_with_image();
    let signature = Manifest::signature(image.clone(), b"envelope", [].into());
    let malformed = format!(r#"{{"schemaVersion":2,"mediaType":"{}","config":{{}}}}"#, image.media_type);
    let mut ambiguous: Value = serde_json::from_slice(&signature.to_bytes()).unwrap();
    ambiguous["manifests"] = json!([]);
    let ambiguous = ambiguous.to_string();
    for content in [&malformed, "<html>", "[]", &ambiguous] {
        let beside = Descriptor::from_content(&image.media_type, content.as_bytes());
        layout.list(&beside, content.as_bytes(), None, None).await.unwrap();
    }
    let absent = Descriptor::from_content(&image.media_type, b"absent");
    list(&layout, 0, entry(&absent, "v2"));
    let wrong_size = layout.put_manifest(&signature, None).unwrap();
    list(&layout, 0, json!(Descriptor { size: wrong_size.size + 1, ..wrong_size.clone() }));
    for _ in 0..2 {
        let found = layout.list_signatures(&image.digest, 1).await.unwrap();
        // The malformed one that names the artifact comes last, so that its fault is reported if it is the only one.
        let last = Digest::sha256(ambiguous.as_bytes());
        assert_eq!(found.iter().map(|listed| &listed.digest).collect::<Vec<_>>(), [&wrong_size.digest, &last]);
    }
    assert_eq!(layout.resolve(&tag("v1")).unwrap(), image);
    assert_eq!(layout.resolve(&tag("v2")).unwrap_err().code(), notary::ReasonCode::NotFound);
}

#[tokio::test]
async fn an_unreadable_manifest_is_listed_last_if_it_could_be_a_signature() {
    let (_folder, layout, image) = layout_with_image();
    let altered = layout.put_manifest(&Manifest::signature(image.clone(), b"altered", [].into()), None).unwrap();
    let good = layout.put_manifest(&Manifest::signature(image.clone(), b"good", [].into()), None).unwrap();
    let mut bytes = fs::read(layout.blob_path(&altered.digest)).unwrap();
    bytes[20] ^= 1;
    fs::write(layout.blob_path(&altered.digest), &bytes).unwrap();
    let found = layout.list_signatures(&image.digest, 1).await.unwrap();
    assert_eq!(found.iter().map(|listed| &listed.digest).collect::<Vec<_>>(), [&good.digest, &altered.digest]);
    // An image with a name is an artifact of its own.
    let other = other_image(&layout);
    let path = layout.blob_path(&other.digest);
    let length = fs::read(&path).unwrap().len();
    fs::write(&path, vec![b' '; length]).unwrap();
    assert_eq!(layout.list_signatures(&image.digest, 1).await.unwrap().len(), 2);
}

#[tokio::test]
async fn rejects_content_that_is_a_manifest_of_two_types() {
    let (_folder, layout, image) = layout_with_image();
    let own = format!(r#"{{"mediaType":"{IMAGE_INDEX_MEDIA_TYPE}","manifests":[]}}"#);
    for (media_type, content) in [
        (image.media_type.as_str(), own.as_str()),
        (image.media_type.as_str(), r#"{"config":{},"layers":[],"manifests":[]}"#),
        (IMAGE_INDEX_MEDIA_TYPE, r#"{"manifests":[],"layers":[]}"#),
        ("application/vnd.example", own.as_str()),
    ] {
        let both = Descriptor::from_content(media_type, content.as_bytes());
        layout.list(&both, content.as_bytes(), None, Some("both")).await.unwrap();
        let why = layout.resolve(&tag("both")).unwrap_err();
        assert!(matches!(why, LayoutError::Manifest { .. }), "{content}: {why}");
    }
}

#[test]
fn older_manifest_types_can_be_named() {
    let (_folder, layout, _image) = layout_with_image();
    for (media_type, content) in [
        (
            "application/vnd.oci.artifact.manifest.v1+json",
            r#"{"mediaType":"application/vnd.oci.artifact.manifest.v1+json","blobs":[]}"#,
        ),
        ("application/vnd.docker.distribution.manifest.v1+json", r#"{"schemaVersion":1,"fsLayers":[]}"#),
        (
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
            r#"{"schemaVersion":1,"fsLayers":[],"signatures":[]}"#,
        ),
    ] {
        let stored = layout.put_manifest_bytes(media_type, content.as_bytes(), None, Some("old")).unwrap();
        assert_eq!(layout.resolve(&tag("old")).unwrap(), stored);
    }
}

#[test]
fn finds_what_only_nested_indexes_list() {
    let (_folder, layout, image) = layout_with_image();
    let put = |content: &Value| {
        let bytes = content.to_string();
        layout.put_blob(bytes.as_bytes()).unwrap();
        Descriptor::from_content(content["mediaType"].as_str().unwrap(), bytes.as_bytes())
    };
    let mut json: Value = serde_json::from_slice(&layout.manifest(&image).unwrap().to_bytes()).unwrap();
    json["annotations"] = json!({"k": "v"});
    let child = put(&json);
    let absent = Descriptor::from_content(IMAGE_INDEX_MEDIA_TYPE, b"absent");
    let inner = put(&json!({"mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": [absent, child]}));
    let outer = json!({"mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": [absent, inner]}).to_string();
    layout.put_manifest_bytes(IMAGE_INDEX_MEDIA_TYPE, outer.as_bytes(), None, Some("multi")).unwrap();
    for stored in [&child, &inner] {
        assert_eq!(layout.resolve(&Target::Digest(stored.digest.clone())).unwrap(), *stored);
    }
    let missing = layout.resolve(&Target::Digest(absent.digest.clone()));
    assert!(matches!(missing, Err(LayoutError::Io { .. })), "{missing:?}");
    // An index that contradicts the other.
    let lie = Descriptor { size: child.size + 1, ..child.clone() };
    let lying = json!({"mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": [lie]}).to_string();
    layout.put_manifest_bytes(IMAGE_INDEX_MEDIA_TYPE, lying.as_bytes(), None, None).unwrap();
    let both = layout.resolve(&Target::Digest(child.digest.clone()));
    assert!(matches!(both, Err(LayoutError::Ambiguous { .. })), "{both:?}");
}

#[tokio::test]
async fn names_may_be_whole_references() {
    let (_folder, layout, image) = layout_with_image();
    for text in ["docker.io/library/alpine:3.20", "v1+build.7", "a@sha256:00", "localhost:5000/x"] {
        let name = text.parse().unwrap();
        assert!(matches!(layout.resolve_name(&name), Err(LayoutError::NotFound { .. })), "{text}");
        layout.put_name(&image, &name).await.unwrap();
        assert_eq!(layout.resolve_name(&name).unwrap(), image, "{text}");
    }
    assert_eq!(layout.entries().unwrap().len(), 5);
}

#[test]
fn the_next_writer_removes_what_an_interrupted_one_left() {
    let (folder, layout, _image) = layout_with_image();
    let left = [
        folder.path().join(".notation-aws-signer-1.part"),
        folder.path().join("blobs/sha256/.notation-aws-signer-2.part"),
    ];
    for file in &left {
        fs::write(file, b"half").unwrap();
    }
    let writing = temporary::create(&folder.path().join("blobs/sha256")).unwrap();
    layout.put_blob(b"by the same writer, who removed it once").unwrap();
    assert!(left.iter().all(|file| file.exists()));
    Layout::open(folder.path()).unwrap().put_blob(b"by the next").unwrap();
    assert!(left.iter().all(|file| !file.exists()) && writing.path().exists());
}

#[tokio::test]
async fn a_list_that_is_null_is_empty() {
    let (folder, layout, image) = layout_with_image();
    fs::write(folder.path().join("index.json"), r#"{"schemaVersion":2,"manifests":null}"#).unwrap();
    assert!(layout.artifacts().unwrap().is_empty());
    layout.put_name(&image, &"v1".parse().unwrap()).await.unwrap();
    assert_eq!(layout.resolve(&tag("v1")).unwrap(), image);
}

#[test]
fn rejects_altered_content() {
    let (_folder, layout, stored) = layout_with_image();
    let path = layout.blob_path(&stored.digest);
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(layout.manifest(&stored), Err(LayoutError::Content { .. })));
    bytes.push(b' ');
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(layout.manifest(&stored), Err(LayoutError::Content { .. })));
}

#[test]
fn keeps_unknown_members_of_the_index() {
    let (_folder, layout, _image) = layout_with_image();
    let mut index = layout.read_index().unwrap();
    index["annotations"] = json!({"keep": "me"});
    index["manifests"][0]["platform"] = json!({"os": "linux", "architecture": "amd64"});
    layout.write_index(&index).unwrap();
    layout.put_manifest(&Manifest::image(Descriptor::from_content("a/b", b"x"), Vec::new()), None).unwrap();
    let index = layout.read_index().unwrap();
    assert_eq!(index["annotations"]["keep"], "me");
    assert_eq!(index["manifests"][0]["platform"]["os"], "linux");
}

#[test]
fn concurrent_writers_lose_no_entries() {
    let (_folder, layout, _image) = layout_with_image();
    std::thread::scope(|scope| {
        for i in 0..16 {
            let layout = &layout;
            scope.spawn(move || {
                let tag = format!("t{i}");
                let mut image = Manifest::image(Descriptor::from_content("a/b", b"x"), Vec::new());
                image.annotations.insert("i".into(), tag.clone());
                layout.put_manifest(&image, Some(&tag)).unwrap();
            });
        }
    });
    assert_eq!(layout.entries().unwrap().len(), 17);
}

#[test]
fn opens_only_layouts() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Layout::open(folder.path()), Err(LayoutError::NotALayout { .. })));
    fs::write(folder.path().join("oci-layout"), r#"{"imageLayoutVersion":"2.0.0"}"#).unwrap();
    assert!(matches!(Layout::open(folder.path()), Err(LayoutError::NotALayout { .. })));
}

/// Inserts an entry into the index, as an attacker could.
fn list(layout: &Layout, position: usize, entry: Value) {
    let mut index = layout.read_index().unwrap();
    index["manifests"].as_array_mut().unwrap().insert(position, entry);
    layout.write_index(&index).unwrap();
}

fn entry(stored: &Descriptor, tag: &str) -> Value {
    let Descriptor { media_type, digest, size, .. } = stored;
    json!({"mediaType": media_type, "digest": digest, "size": size, "annotations": {TAG: tag}})
}

fn other_image(layout: &Layout) -> Descriptor {
    let mut image = Manifest::image(Descriptor::from_content("a/b", b"x"), Vec::new());
    image.annotations.insert("other".into(), "image".into());
    layout.put_manifest(&image, Some("other")).unwrap()
}

#[test]
fn a_tag_in_the_form_of_a_digest_does_not_match() {
    let (_folder, layout, image) = layout_with_image();
    let other = other_image(&layout);
    list(&layout, 0, entry(&other, image.digest.as_str()));
    assert_eq!(layout.resolve(&Target::Digest(image.digest.clone())).unwrap(), image);
    let absent = Digest::sha256(b"absent");
    list(&layout, 0, entry(&other, absent.as_str()));
    assert!(matches!(layout.resolve(&Target::Digest(absent.clone())), Err(LayoutError::NotFound { .. })));
}

#[test]
fn rejects_a_tag_of_two_artifacts() {
    let (_folder, layout, image) = layout_with_image();
    list(&layout, 0, entry(&image, "v1"));
    assert_eq!(layout.resolve(&tag("v1")).unwrap(), image);
    let other = other_image(&layout);
    list(&layout, 3, entry(&other, "v1"));
    assert!(matches!(layout.resolve(&tag("v1")), Err(LayoutError::Ambiguous { .. })));
}

#[test]
fn rejects_false_index_entries() {
    for (member, lie) in [("size", json!(1)), ("size", json!(1u64 << 40)), ("mediaType", json!("a/b"))] {
        let (_folder, layout, image) = layout_with_image();
        let mut lying = entry(&image, "lie");
        lying[member] = lie;
        list(&layout, 0, lying);
        let by_tag = layout.resolve(&tag("lie"));
        let by_digest = layout.resolve(&Target::Digest(image.digest.clone()));
        assert!(matches!(by_digest, Err(LayoutError::Ambiguous { .. })), "{by_digest:?}");
        if member == "size" {
            assert!(matches!(by_tag, Err(LayoutError::Content { .. })), "{by_tag:?}");
        } else {
            assert!(matches!(by_tag, Err(LayoutError::Manifest { .. })), "{by_tag:?}");
        }
    }
    let (_folder, layout, image) = layout_with_image();
    fs::write(layout.blob_path(&image.digest), b"{}").unwrap();
    assert!(matches!(layout.resolve(&tag("v1")), Err(LayoutError::Content { .. })));
    fs::remove_file(layout.blob_path(&image.digest)).unwrap();
    assert!(matches!(layout.resolve(&tag("v1")), Err(LayoutError::Io { .. })));
}

#[tokio::test]
async fn rejects_digests_that_lead_out_of_the_folder() {
    for digest in [
        "sha256:../../../etc/passwd",
        "sha256:../../x",
        "../x:00",
        "sha256:/etc/passwd",
        "sha256:",
        "sha512:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "sha256:44136FA355B3678A1146AD16F7E8649E94FB4FC21FE77E8310C060F61CAAFF8A",
        "sha256:4413/fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a/",
        "SHA256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "sha1:a9993e364706816aba3e25717850c26c9cd0d89d",
    ] {
        assert!(digest.parse::<Digest>().is_err(), "{digest}");
        let (_folder, layout, image) = layout_with_image();
        let named = json!({ TAG: "odd" });
        list(&layout, 0, json!({"mediaType": image.media_type, "digest": digest, "size": 2, "annotations": named}));
        assert!(matches!(layout.resolve(&tag("odd")), Err(LayoutError::Index { .. })), "{digest}");
        assert_eq!(layout.list_signatures(&image.digest, 100).await.unwrap(), [], "{digest}");
    }
}

#[test]
fn opens_only_regular_files() {
    let (folder, layout, image) = layout_with_image();
    let path = layout.blob_path(&image.digest);
    fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert!(matches!(layout.resolve(&tag("v1")), Err(LayoutError::Io { .. })));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(layout.resolve(&tag("v1")), Err(LayoutError::Io { .. })));
    fs::remove_file(folder.path().join("index.json")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("index.json")).unwrap();
    assert!(matches!(layout.resolve(&tag("v1")), Err(LayoutError::Io { .. })));
}

#[test]
fn lists_parts_of_an_index_only_if_they_have_a_tag() {
    let (_folder, layout, tagged) = layout_with_image();
    let part = layout.put_manifest(&Manifest::image(Descriptor::from_content("a/b", b"x"), Vec::new()), None).unwrap();
    let index = json!({"schemaVersion": 2, "mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": [tagged, part]});
    let index = index.to_string();
    let index = layout.put_manifest_bytes(IMAGE_INDEX_MEDIA_TYPE, index.as_bytes(), None, None).unwrap();
    let digests = |layout: &Layout| layout.artifacts().unwrap().into_iter().map(|a| a.digest).collect::<Vec<_>>();
    assert_eq!(digests(&layout), [tagged.digest.clone(), index.digest.clone()]);
    assert_eq!(layout.resolve(&Target::Digest(part.digest.clone())).unwrap(), part);
    // An unreadable index hides no artifact.
    fs::write(layout.blob_path(&index.digest), b"{}").unwrap();
    assert_eq!(digests(&layout), [tagged.digest, part.digest, index.digest]);
}

#[test]
fn a_missing_tag_error_shows_up_to_ten_tags() {
    let (_folder, layout, image) = layout_with_image();
    assert!(layout.resolve(&tag("v9")).unwrap_err().to_string().ends_with("no artifact \"v9\"; its names are v1"));
    for i in 0..20 {
        list(&layout, 1, entry(&image, &format!("t\u{1b}{i}")));
    }
    let why = layout.resolve(&tag("v9")).unwrap_err().to_string();
    assert!(why.ends_with(" and 11 more") && !why.contains('\u{1b}'), "{why}");
}

#[tokio::test]
async fn an_odd_entry_affects_only_its_own_name_and_digest() {
    for odd in [
        json!({"mediaType": "x/y", "digest": "blake3:abc", "size": 1}),
        json!({"mediaType": "x/y", "digest": Digest::sha256(b"odd"), "size": -1}),
        json!({"digest": Digest::sha256(b"odd"), "size": 1}),
        json!({"mediaType": "x/y", "digest": Digest::sha256(b"odd"), "size": 1, "annotations": {"k": 1}}),
        Value::Null,
    ] {
        let (_folder, layout, image) = layout_with_image();
        let mut index = layout.read_index().unwrap();
        index["manifests"].as_array_mut().unwrap().insert(0, odd.clone());
        let mut named = odd.clone();
        if let Some(entry) = named.as_object_mut() {
            entry.entry("annotations").or_insert(json!({}))[TAG] = "odd".into();
            index["manifests"].as_array_mut().unwrap().push(named);
        }
        layout.write_index(&index).unwrap();
        assert_eq!(layout.resolve(&tag("v1")).unwrap(), image, "{odd}");
        assert_eq!(layout.artifacts().unwrap().len(), 1, "{odd}");
        let signature = Manifest::signature(image.clone(), b"envelope", [].into());
        let stored = layout.put_manifest(&signature, None).unwrap();
        let found = layout.list_signatures(&image.digest, 100).await.unwrap();
        assert_eq!(found.iter().map(|listed| &listed.digest).collect::<Vec<_>>(), [&stored.digest], "{odd}");
        if odd.is_object() {
            let why = layout.resolve(&tag("odd")).unwrap_err();
            assert!(matches!(why, LayoutError::Index { .. }), "{odd}: {why}");
        }
        if let Some(Ok(digest)) = odd["digest"].as_str().map(str::parse) {
            let why = layout.resolve(&Target::Digest(digest)).unwrap_err();
            assert!(matches!(why, LayoutError::Index { .. }), "{odd}: {why}");
        }
    }
}

#[test]
fn an_odd_entry_does_not_list_a_manifest_that_is_written() {
    let (_folder, layout, image) = layout_with_image();
    let signature = Manifest::signature(image, b"envelope", [].into());
    let digest = Digest::sha256(&signature.to_bytes());
    let mut index = layout.read_index().unwrap();
    let odd = json!({"mediaType": "x/y", "digest": digest, "size": -1});
    index["manifests"].as_array_mut().unwrap().push(odd);
    layout.write_index(&index).unwrap();
    layout.put_manifest(&signature, None).unwrap();
    assert!(layout.entries().unwrap().iter().any(|entry| entry.digest == digest));
}
