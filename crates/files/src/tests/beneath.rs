use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::symlink;

use crate::Beneath;

fn read(beneath: &Beneath, path: &str) -> Result<String, ErrorKind> {
    let mut text = String::new();
    beneath.read(path).map_err(|why| why.kind())?.read_to_string(&mut text).unwrap();
    Ok(text)
}

fn write(beneath: &Beneath, path: &str, text: &str) -> Result<(), ErrorKind> {
    let mut new = beneath.create(path, 0o644).map_err(|why| why.kind())?;
    new.file().write_all(text.as_bytes()).unwrap();
    new.publish().map_err(|why| why.kind())
}

#[test]
fn reads_and_writes_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let beneath = Beneath::open(folder.path()).unwrap();
    write(&beneath, "a/b/c.zip", "content").unwrap();
    assert_eq!(read(&beneath, "a/b/c.zip").unwrap(), "content");
    assert_eq!(write(&beneath, "a/b/c.zip", "other"), Err(ErrorKind::AlreadyExists));
    assert_eq!(read(&beneath, "a/b/c.zip").unwrap(), "content");
    let names: Vec<_> = std::fs::read_dir(folder.path().join("a/b")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["c.zip"], "a temporary file was left behind");
    assert_eq!(read(&beneath, "a/nothing"), Err(ErrorKind::NotFound));
    assert_eq!(read(&beneath, "x/nothing"), Err(ErrorKind::NotFound));
    assert!(!folder.path().join("x").exists(), "reading creates no folders");
}

#[test]
fn a_file_that_is_not_published_is_not_seen() {
    let folder = tempfile::tempdir().unwrap();
    let beneath = Beneath::open(folder.path()).unwrap();
    let mut new = beneath.create("a", 0o644).unwrap();
    new.file().write_all(b"half").unwrap();
    assert!(!folder.path().join("a").exists());
    drop(new);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_a_killed_process_left_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let beneath = Beneath::open(folder.path()).unwrap();
    let names = || -> Vec<_> { folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect() };
    let mut killed = beneath.create("a", 0o644).unwrap();
    killed.file().write_all(b"half").unwrap();
    std::mem::forget(killed);
    assert_eq!(names(), [".tmp-a"]);
    write(&beneath, "a", "whole").unwrap();
    assert_eq!(names(), ["a"]);
    assert_eq!(read(&beneath, "a").unwrap(), "whole");
    let long = "n".repeat(253);
    write(&beneath, &long, "long").unwrap();
    assert_eq!(read(&beneath, &long).unwrap(), "long");
}

#[test]
fn nothing_outside_is_reached() {
    let outer = tempfile::tempdir().unwrap();
    std::fs::write(outer.path().join("secret"), "secret").unwrap();
    let folder = outer.path().join("bucket");
    std::fs::create_dir_all(folder.join("real")).unwrap();
    std::fs::write(folder.join("real/file"), "x").unwrap();
    symlink("../secret", folder.join("link")).unwrap();
    symlink("..", folder.join("up")).unwrap();
    symlink("real", folder.join("inside")).unwrap();
    let beneath = Beneath::open(&folder).unwrap();
    for path in [
        "../secret",
        "real/../../secret",
        "/etc/passwd",
        "link",
        "up/secret",
        "inside/file",
        "",
        "real/",
        "real",
        "./real/file",
        "real//file",
        "a\0b",
        ".tmpabc",
        &"a/".repeat(3000),
        "real/file/x",
    ] {
        assert_eq!(read(&beneath, path), Err(ErrorKind::InvalidInput), "{path:?}");
    }
    for path in ["../new", "up/new", "inside/new", "/tmp/new", "real/file/new", "link/new", ".", "a\0b"] {
        assert_eq!(write(&beneath, path, "x"), Err(ErrorKind::InvalidInput), "{path:?}");
    }
    assert_eq!(write(&beneath, "link", "x"), Err(ErrorKind::AlreadyExists));
    assert_eq!(std::fs::read_to_string(outer.path().join("secret")).unwrap(), "secret");
}

#[test]
fn pipes_do_not_block() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_eq!(read(&Beneath::open(folder.path()).unwrap(), "pipe"), Err(ErrorKind::InvalidInput));
}
