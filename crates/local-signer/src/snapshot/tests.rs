#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::ca::CertificateAuthority;
use crate::credentials::Credentials;
use crate::directory::restored::{RESTORED, RESTORING};
use crate::directory::{Directory, STORE};
use crate::store::Store;

/// A directory with a state, as after a first start.
fn state() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signer");
    let directory = Directory::open(&path).unwrap();
    Credentials::load_or_create(&path.join("credentials")).unwrap();
    let ca = CertificateAuthority::open(&path.join("ca")).unwrap();
    ca.signing_identity(time::OffsetDateTime::now_utc()).unwrap();
    drop(Store::open(&path.join(STORE)).unwrap());
    drop(directory);
    (folder, path)
}

fn mark(directory: &Path, text: &str) {
    let database = rusqlite::Connection::open(directory.join(STORE)).unwrap();
    database.execute_batch("CREATE TABLE IF NOT EXISTS marks (text TEXT)").unwrap();
    database.execute("INSERT INTO marks VALUES (?)", [text]).unwrap();
}

fn marks(directory: &Path) -> Vec<String> {
    let database = rusqlite::Connection::open(directory.join(STORE)).unwrap();
    let mut statement = database.prepare("SELECT text FROM marks ORDER BY rowid").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for name in ["credentials", "ca/root.pem", "ca/leaf.pem", "ca/leaf-key.pem", "ca/intermediate-key.pem"] {
        found.push((name.to_owned(), fs::read(directory.join(name)).unwrap()));
    }
    found
}

#[test]
fn a_snapshot_restores_the_whole_state_elsewhere() {
    let (folder, original) = state();
    mark(&original, "before");
    let file = folder.path().join("snapshot.tar");
    let saved = save(&original, &file).unwrap();
    assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600);
    mark(&original, "after");

    let copy = folder.path().join("copy");
    let restored = restore(&copy, &file, Existing::Keep).unwrap();
    assert_eq!(saved, restored);
    assert_eq!(marks(&copy), ["before"]);
    assert_eq!(files(&copy), files(&original));
    assert_eq!(copy.join("ca").metadata().unwrap().mode() & 0o777, 0o700);
    for name in [STORE, "credentials", "ca/leaf-key.pem"] {
        assert_eq!(copy.join(name).metadata().unwrap().mode() & 0o777, 0o600, "{name}");
    }
    let names: Vec<_> = fs::read_dir(&copy).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().starts_with('.')), "{names:?}");
}

#[test]
fn a_snapshot_is_of_one_moment_while_another_connection_writes() {
    let (folder, original) = state();
    mark(&original, "0");
    let writer = rusqlite::Connection::open(original.join(STORE)).unwrap();
    writer.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
    // An open transaction is not part of it.
    writer.execute_batch("BEGIN IMMEDIATE; INSERT INTO marks VALUES ('uncommitted')").unwrap();
    let file = folder.path().join("snapshot.tar");
    save(&original, &file).unwrap();
    writer.execute_batch("COMMIT").unwrap();
    let copy = folder.path().join("copy");
    restore(&copy, &file, Existing::Keep).unwrap();
    assert_eq!(marks(&copy), ["0"]);
    assert_eq!(marks(&original), ["0", "uncommitted"]);
}

#[test]
fn a_state_is_replaced_only_if_asked_for_and_not_while_it_is_served() {
    let (folder, original) = state();
    mark(&original, "snapshot");
    let file = folder.path().join("snapshot.tar");
    save(&original, &file).unwrap();
    let (_other, target) = state();
    fs::write(target.join("config.yaml"), "version: 1").unwrap();
    mark(&target, "other");
    assert!(matches!(restore(&target, &file, Existing::Keep), Err(SnapshotError::Exists(_))));
    assert_eq!(marks(&target), ["other"]);
    let served = Directory::open(&target).unwrap();
    let error = restore(&target, &file, Existing::Replace).unwrap_err();
    assert!(error.to_string().contains("already served"), "{error}");
    drop(served);
    restore(&target, &file, Existing::Replace).unwrap();
    assert_eq!(marks(&target), ["snapshot"]);
    assert_eq!(files(&target), files(&original));
    assert!(target.join("config.yaml").exists());
}

#[test]
fn a_state_that_cannot_be_served_replaces_no_other() {
    for (name, content) in [("principals.json", "{}"), ("credentials", "[default]\n")] {
        let (folder, original) = state();
        fs::write(original.join(name), content).unwrap();
        let file = folder.path().join("snapshot.tar");
        save(&original, &file).unwrap();
        let (_other, target) = state();
        mark(&target, "other");
        let error = restore(&target, &file, Existing::Replace).unwrap_err();
        assert!(matches!(error, SnapshotError::Principals(_) | SnapshotError::Credentials(_)), "{name}: {error}");
        assert_eq!(marks(&target), ["other"]);
    }
}

#[test]
fn a_restore_that_was_interrupted_is_completed_or_undone() {
    let (folder, original) = state();
    mark(&original, "snapshot");
    let file = folder.path().join("snapshot.tar");
    save(&original, &file).unwrap();
    let restored = folder.path().join("restored");
    restore(&restored, &file, Existing::Keep).unwrap();
    let manifest = manifest_of(&file);

    // Before the rename: the old state stays.
    let (_first, target) = state();
    mark(&target, "old");
    fs::create_dir(target.join(RESTORING)).unwrap();
    fs::copy(restored.join(STORE), target.join(RESTORING).join(STORE)).unwrap();
    drop(Directory::open(&target).unwrap());
    assert_eq!(marks(&target), ["old"]);
    assert!(!target.join(RESTORING).exists());

    // After the rename, and after some of the files were moved: the new state is put in place.
    let (_second, target) = state();
    mark(&target, "old");
    let ready = target.join(RESTORED);
    fs::create_dir(&ready).unwrap();
    fs::write(ready.join("manifest.json"), manifest).unwrap();
    for name in [STORE, "credentials"] {
        fs::copy(restored.join(name), ready.join(name)).unwrap();
    }
    fs::remove_dir_all(target.join("ca")).unwrap();
    copy_folder(&restored.join("ca"), &target.join("ca"));
    drop(Directory::open(&target).unwrap());
    assert_eq!(marks(&target), ["snapshot"]);
    assert_eq!(files(&target), files(&restored));
    assert!(!ready.exists());
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn manifest_of(file: &Path) -> Vec<u8> {
    let mut archive = tar::Archive::new(fs::File::open(file).unwrap());
    let mut first = archive.entries().unwrap().next().unwrap().unwrap();
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut first, &mut text).unwrap();
    text
}

#[test]
fn a_damaged_snapshot_changes_nothing() {
    let (folder, original) = state();
    let file = folder.path().join("snapshot.tar");
    save(&original, &file).unwrap();
    let content = fs::read(&file).unwrap();
    let (_other, target) = state();
    mark(&target, "old");
    let database = content.len() / 2;
    let mut flipped = content.clone();
    flipped[database] ^= 1;
    let newer = String::from_utf8_lossy(&content[..2000]).replacen("\"version\": 1", "\"version\": 9", 1);
    let newer = [newer.as_bytes(), &content[2000..]].concat();
    for (damaged, expected) in [
        (&content[..database], ""),
        (&flipped, "does not have its checksum"),
        (&newer, "snapshot version 9, this program supports 1"),
        (&b"no archive"[..], "is not a usable snapshot"),
        (&b""[..], "it is empty"),
    ] {
        let path = folder.path().join("damaged.tar");
        fs::write(&path, damaged).unwrap();
        let error = restore(&target, &path, Existing::Replace).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!target.join(RESTORING).exists() && !target.join(RESTORED).exists());
    }
    assert_eq!(marks(&target), ["old"]);
}

#[test]
fn a_snapshot_cannot_write_outside_of_the_state() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["../evil", "/etc/evil", "ca/../../evil", "config.yaml", "ca//root.pem", "ca/./x", "ca/a/b/c/d"] {
        let manifest = format!(
            r#"{{"format":"notation-aws-signer local-signer snapshot","version":1,"created":"","program":"",
               "files":[{{"path":"signer.db","size":0,"sha256":""}},{{"path":{path:?},"size":1,"sha256":""}}]}}"#
        );
        let file = folder.path().join("snapshot.tar");
        let mut builder = tar::Builder::new(fs::File::create(&file).unwrap());
        let mut header = tar::Header::new_gnu();
        header.set_size(manifest.len() as u64);
        builder.append_data(&mut header, "manifest.json", manifest.as_bytes()).unwrap();
        builder.into_inner().unwrap();
        let error = restore(&folder.path().join("target"), &file, Existing::Keep).unwrap_err().to_string();
        assert!(error.contains("is not a file of the state"), "{path}: {error}");
    }
    assert!(!folder.path().join("evil").exists());
}

#[test]
fn a_directory_without_a_state_has_no_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let error = save(&folder.path().join("nothing"), &folder.path().join("file")).unwrap_err();
    assert!(matches!(error, SnapshotError::NoState(_)));
    assert!(!folder.path().join("nothing").exists() && !folder.path().join("file").exists());
}
