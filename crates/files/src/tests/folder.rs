//! Folders that stay open.

use std::fs;
use std::os::unix::fs::symlink;

use super::{Home, give_away, set_mode};
use crate::{FileError, Folder};

const MOST: u64 = 100;

#[test]
fn reads_files_in_folders() {
    let home = Home::new();
    home.folder("store/inner", 0o755);
    let file = home.file("store/inner/policy", 0o600);
    let store = Folder::open(&home.path("store")).unwrap();
    let inner = store.folder("inner").unwrap();
    assert_eq!(inner.path(), home.path("store/inner"));
    let content = b"store/inner/policy";
    assert_eq!(inner.read_file("policy", MOST).unwrap(), content);
    assert_eq!(store.read_file("inner/policy", MOST).unwrap(), content);
    assert_eq!(store.linked_folder("inner").unwrap().read_file("../inner/policy", MOST).unwrap(), content);
    assert!(matches!(inner.read_file("policy", 3), Err(FileError::TooLarge { path, .. }) if path == file));
    let missing = home.path("store/inner/none");
    assert!(matches!(inner.read_file("none", MOST), Err(FileError::Missing(path)) if path == missing));
    assert!(matches!(inner.folder("none"), Err(FileError::Missing(path)) if path == missing));
    assert!(matches!(inner.folder("policy"), Err(FileError::Kind { found: "a file", .. })));
    assert!(matches!(store.read_file("inner", MOST), Err(FileError::Kind { found: "a folder", .. })));
}

#[test]
fn lists_at_most_as_many_names_as_it_may() {
    let home = Home::new();
    let folder = Folder::open(&home.folder("store", 0o700)).unwrap();
    assert_eq!(folder.names(0).unwrap(), Some(Vec::new()));
    for name in ["store/b", "store/a", "store/.c"] {
        home.file(name, 0o600);
    }
    assert_eq!(folder.names(3).unwrap(), Some([".c", "a", "b"].map(Into::into).to_vec()));
    assert_eq!(folder.names(2).unwrap(), None);
}

#[test]
fn a_folder_that_replaces_an_open_one_is_not_read() {
    let home = Home::new();
    let path = home.folder("store", 0o755);
    home.file("store/policy", 0o600);
    home.folder("other", 0o755);
    fs::write(home.path("other/policy"), "of an attacker").unwrap();
    fs::write(home.path("other/more"), "").unwrap();
    let folder = Folder::open(&path).unwrap();
    fs::rename(&path, home.path("moved")).unwrap();
    symlink(home.path("other"), &path).unwrap();
    assert_eq!(folder.read_file("policy", MOST).unwrap(), b"store/policy");
    assert_eq!(folder.names(9).unwrap(), Some(vec!["policy".into()]));
    assert!(matches!(Folder::open(&path), Err(FileError::Kind { found: "a symbolic link", .. })));
}

#[test]
fn only_linked_folders_may_be_links() {
    let home = Home::new();
    home.folder("real", 0o755);
    home.file("real/policy", 0o600);
    home.link("link", "real");
    home.link("real/again", "policy");
    let base = Folder::open(&home.path("")).unwrap();
    assert!(matches!(base.folder("link"), Err(FileError::Kind { found: "a symbolic link", .. })));
    assert_eq!(base.linked_folder("link").unwrap().read_file("policy", MOST).unwrap(), b"real/policy");
    let real = base.folder("real").unwrap();
    assert!(matches!(real.read_file("again", MOST), Err(FileError::Kind { found: "a symbolic link", .. })));
}

#[test]
fn what_others_may_change_is_rejected_at_every_step() {
    let home = Home::new();
    home.folder("store/inner", 0o755);
    let file = home.file("store/inner/policy", 0o600);
    let read = || {
        let store = Folder::open(&home.path("store"))?.linked_folder("inner")?;
        store.read_file("policy", MOST)
    };
    for (path, closed) in [("store", 0o755), ("store/inner", 0o755), ("store/inner/policy", 0o600)] {
        // Even if it is sticky: others could add files.
        for mode in [closed | 0o002, closed | 0o1002] {
            set_mode(&home.path(path), mode);
            assert!(matches!(read(), Err(FileError::Writable { .. })), "{path} {mode:o}");
        }
        set_mode(&home.path(path), closed);
        read().unwrap();
    }
    for path in [home.path("store/inner"), file] {
        if !give_away(&path) {
            return;
        }
        assert!(matches!(read(), Err(FileError::Owner { owner: 47_110, .. })), "{}", path.display());
        std::os::unix::fs::chown(&path, Some(rustix::process::geteuid().as_raw()), None).unwrap();
        read().unwrap();
    }
    home.link("store/foreign", "inner");
    assert!(give_away(&home.path("store/foreign")));
    let store = Folder::open(&home.path("store")).unwrap();
    assert!(matches!(store.linked_folder("foreign"), Err(FileError::Link { .. })));
}
