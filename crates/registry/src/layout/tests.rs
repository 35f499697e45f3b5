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

#[test]
fn lists_only_signatures_of_the_subject() {
    let (_folder, layout, image) = layout_with_image();
    layout.put_blob(b"envelope").unwrap();
    let signature = Manifest::signature(image.clone(), b"envelope", [].into());
    let stored = layout.put_manifest(&signature, None).unwrap();
    layout.put_manifest(&signature, None).unwrap();
    let other = Manifest::signature(Descriptor::from_content("a/b", b"other"), b"envelope", [].into());
    layout.put_manifest(&other, None).unwrap();
    let found = layout.list_signatures(&image.digest, 100).unwrap();
    assert_eq!(found.iter().map(|listed| &listed.digest).collect::<Vec<_>>(), [&stored.digest]);
}

#[test]
fn reads_a_manifest_once_however_often_the_index_lists_it() {
    let (_folder, layout, image) = layout_with_image();
    let signature = Manifest::signature(image.clone(), b"envelope", [].into());
    let stored = layout.put_manifest(&signature, None).unwrap();
    let mut index = layout.read_index().unwrap();
    let entries = index["manifests"].as_array_mut().unwrap();
    let mut large = layout.manifest(&image).unwrap();
    large.annotations.insert("k".to_owned(), "v".repeat(1 << 20));
    let large = layout.put_manifest(&large, None).unwrap();
    entries.extend(std::iter::repeat_n(json!(large), 20_000));
    entries.extend(std::iter::repeat_n(json!(stored), 200));
    layout.write_index(&index).unwrap();
    let began = std::time::Instant::now();
    let found = layout.list_signatures(&image.digest, 1).unwrap();
    assert_eq!(found.iter().map(|listed| &listed.digest).collect::<Vec<_>>(), [&stored.digest]);
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
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
            // The payload of a signature includes the media type, so no signature of the image matches the false entry.
            assert!(!by_tag.unwrap().is_same_content(&image));
        }
    }
    let (_folder, layout, image) = layout_with_image();
    fs::write(layout.blob_path(&image.digest), b"{}").unwrap();
    assert!(matches!(layout.resolve(&tag("v1")), Err(LayoutError::Content { .. })));
    fs::remove_file(layout.blob_path(&image.digest)).unwrap();
    assert!(matches!(layout.resolve(&tag("v1")), Err(LayoutError::Io { .. })));
}

#[test]
fn rejects_digests_that_lead_out_of_the_folder() {
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
        list(&layout, 0, json!({"mediaType": image.media_type, "digest": digest, "size": 2}));
        assert!(matches!(layout.resolve(&tag("v1")), Err(LayoutError::Index { .. })), "{digest}");
        let listed = layout.list_signatures(&image.digest, 100);
        assert!(matches!(listed, Err(LayoutError::Index { .. })), "{digest}");
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
    assert!(layout.resolve(&tag("v9")).unwrap_err().to_string().ends_with("no artifact \"v9\"; its tags are v1"));
    for i in 0..20 {
        list(&layout, 1, entry(&image, &format!("t\u{1b}{i}")));
    }
    let why = layout.resolve(&tag("v9")).unwrap_err().to_string();
    assert!(why.ends_with(" and 11 more") && !why.contains('\u{1b}'), "{why}");
}
