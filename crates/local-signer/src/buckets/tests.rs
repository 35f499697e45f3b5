#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};

use super::*;
use crate::config::Config;

fn settings(buckets: BTreeMap<String, PathBuf>) -> Settings {
    Settings::new(Config { buckets, ..Config::default() })
}

struct Folders {
    buckets: Buckets,
    directory: tempfile::TempDir,
}

fn folders() -> Folders {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("in");
    std::fs::create_dir(&path).unwrap();
    std::fs::write(path.join("code.zip"), "content").unwrap();
    let folders = BTreeMap::from([("source".to_owned(), path), ("gone".to_owned(), directory.path().join("gone"))]);
    let buckets = Buckets::new(settings(folders), S3::of_process(), directory.path().join("tmp")).unwrap();
    Folders { buckets, directory }
}

impl Folders {
    async fn read(&self, bucket: &str, key: &str, version: &str, most: u64) -> Result<String, String> {
        let source = SourceObject { bucket_name: bucket.into(), key: key.into(), version: version.into() };
        let region = "us-west-2".parse().unwrap();
        let deadline = Deadline::new(Duration::from_secs(10));
        let mut file = self.buckets.read(&region, &source, most, deadline).await.map_err(|why| why.to_string())?;
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        Ok(text)
    }
}

#[tokio::test]
async fn reads_the_file_as_it_is_or_by_its_hash() {
    let folders = folders();
    let hash = hex::encode(digest(&SHA256, b"content"));
    assert_eq!(folders.read("source", "code.zip", "null", 7).await.unwrap(), "content");
    assert_eq!(folders.read("source", "code.zip", &hash, 7).await.unwrap(), "content");
    for (bucket, key, version, most, why) in [
        ("source", "code.zip", hash.replace('0', "1").as_str(), 7, "does not exist in the bucket"),
        ("source", "code.zip", hash.to_uppercase().as_str(), 7, "is not a version"),
        ("source", "code.zip", "v1", 7, "is not a version"),
        ("source", "code.zip", "null", 6, "more than 6 bytes"),
        ("source", "other.zip", "null", 7, "does not exist in the bucket"),
        ("source", "../in/code.zip", "null", 7, "must be relative"),
        ("source", "/etc/passwd", "null", 7, "must be relative"),
        ("source", "a\0b", "null", 7, "NUL"),
        ("gone", "code.zip", "null", 7, "its folder is missing"),
    ] {
        let found = folders.read(bucket, key, version, most).await.unwrap_err();
        assert!(found.contains(why), "{key:?} {version}: {found}");
        assert!(!found.contains("/in/") || key.contains("/in/"), "shows the folder: {found}");
    }
    std::os::unix::fs::symlink("/etc/passwd", folders.directory.path().join("in/link")).unwrap();
    assert!(folders.read("source", "link", "null", 7000).await.unwrap_err().contains("symbolic links"));
    assert_eq!(std::fs::read_dir(folders.directory.path().join("tmp")).unwrap().count(), 0, "temporary files are left");
}

#[tokio::test]
async fn folders_change_while_serving() {
    let folders = folders();
    let buckets = BTreeMap::from([("source".to_owned(), folders.directory.path().join("tmp"))]);
    folders.buckets.settings.replace(Config { buckets, ..Config::default() });
    assert!(folders.read("source", "code.zip", "null", 7).await.is_err());
}

#[test]
fn what_an_earlier_process_left_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(".tmpleft"), "x").unwrap();
    Buckets::new(settings(BTreeMap::new()), S3::of_process(), directory.path().to_owned()).unwrap();
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}
