//! Files that are written, also where other users may write.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;

use super::{Home, give_away};
use crate::{Named, Target, create, create_folders, open_lock, open_to_append, replace};

const MOST: u64 = 1000;

#[test]
fn what_is_there_is_replaced_only_on_request() {
    let home = Home::new();
    let path = home.path("file");
    create(&path, b"new", 0o640).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
    assert_eq!(create(&path, b"newer", 0o600).unwrap_err().kind(), ErrorKind::AlreadyExists);
    replace(&path, b"newest", 0o600).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"newest");
    assert_eq!(fs::read_dir(home.path("")).unwrap().count(), 1, "a temporary file is left");
}

#[test]
fn a_link_that_leads_nowhere_and_a_pipe_are_there() {
    let home = Home::new();
    for path in [home.link("link", "nowhere"), home.pipe("pipe")] {
        assert_eq!(create(&path, b"new", 0o600).unwrap_err().kind(), ErrorKind::AlreadyExists, "{}", path.display());
        assert_eq!(open_to_append(&path, MOST).unwrap_err().kind(), ErrorKind::AlreadyExists, "{}", path.display());
        assert_eq!(open_lock(&path).unwrap_err().kind(), ErrorKind::AlreadyExists, "{}", path.display());
        assert_eq!(create_folders(&path, 0o700).unwrap_err().kind(), ErrorKind::AlreadyExists, "{}", path.display());
    }
    assert!(!home.path("nowhere").exists());
}

#[test]
fn a_replaced_link_leaves_its_target_alone() {
    let home = Home::new();
    let target = home.file("target", 0o600);
    let link = home.link("link", &target);
    replace(&link, b"new", 0o600).unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"target");
    assert_eq!(fs::read(&link).unwrap(), b"new");
    // A target is that of the link.
    let link = home.link("other", &target);
    let found = Target::of(&link).unwrap();
    assert!(found.is_linked() && found.named() == Named::File);
    found.replace(b"new", 0o600).unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"new");
    assert!(link.symlink_metadata().unwrap().is_symlink());
}

#[test]
fn folders_are_created_below_links_of_the_user() {
    let home = Home::new();
    home.folder("real", 0o700);
    home.link("link", "real");
    create_folders(&home.path("link/a/b"), 0o700).unwrap();
    create_folders(&home.path("link/a/b"), 0o700).unwrap();
    assert_eq!(home.path("real/a/b").metadata().unwrap().mode() & 0o777, 0o700);
    let file = home.file("file", 0o600);
    assert_eq!(create_folders(&file, 0o700).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert!(create_folders(&file.join("below"), 0o700).is_err());
}

#[test]
fn a_log_grows_and_is_put_aside() {
    let home = Home::new();
    let log = home.path("log");
    let link = home.link("link", "log");
    fs::write(&log, "").unwrap();
    for path in [&log, &link] {
        open_to_append(path, MOST).unwrap().write_all(b"line\n").unwrap();
    }
    assert_eq!(fs::read(&log).unwrap(), b"line\nline\n");
    open_to_append(&log, 3).unwrap().write_all(b"new\n").unwrap();
    assert_eq!(fs::read(&log).unwrap(), b"new\n");
    assert_eq!(fs::read(home.path("log.1")).unwrap(), b"line\nline\n");
    open_to_append("/dev/null".as_ref(), MOST).unwrap().write_all(b"x").unwrap();
    let (mut reader, writer) = std::io::pipe().unwrap();
    let path = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&writer));
    open_to_append(path.as_ref(), MOST).unwrap().write_all(b"x").unwrap();
    drop(writer);
    let mut read = String::new();
    reader.read_to_string(&mut read).unwrap();
    assert_eq!(read, "x");
}

#[test]
fn an_open_file_is_continued() {
    let home = Home::new();
    let file = fs::File::create(home.path("file")).unwrap();
    (&file).write_all(b"old").unwrap();
    let target = Target::of(format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file)).as_ref()).unwrap();
    assert_eq!(target.named(), Named::Stream);
    target.open_stream().unwrap().write_all(b"new").unwrap();
    assert_eq!(fs::read(home.path("file")).unwrap(), b"oldnew");
}

/// A folder such as `/tmp`, in which another user has placed links to a file and a folder of this user.
#[test]
fn links_of_another_user_in_a_shared_folder_are_not_followed() {
    let home = Home::new();
    for mode in [0o777, 0o1777] {
        let shared = format!("shared{mode:o}");
        home.folder(&shared, mode);
        let victim = home.file("victim", 0o600);
        home.folder("folder", 0o700);
        let to_file = home.link(&format!("{shared}/file"), &victim);
        let to_folder = home.link(&format!("{shared}/folder"), home.path("folder"));
        let to_nothing = home.link(&format!("{shared}/nothing"), home.path("nothing"));
        if ![&to_file, &to_folder, &to_nothing].into_iter().all(|path| give_away(path)) {
            return;
        }
        let denied = |result: std::io::Result<()>| result.unwrap_err().kind() == ErrorKind::PermissionDenied;
        assert!(denied(Target::of(&to_file).map(drop)) && denied(Target::of(&to_nothing).map(drop)));
        assert!(denied(open_to_append(&to_file, MOST).map(drop)));
        assert!(denied(open_to_append(&to_nothing, MOST).map(drop)));
        assert!(denied(create(&to_folder.join("new"), b"", 0o600)));
        assert!(denied(replace(&to_folder.join("new"), b"", 0o600)));
        assert!(denied(create_folders(&to_folder.join("a/b"), 0o700)));
        assert!(denied(open_lock(&to_folder.join("lock")).map(drop)));
        assert_eq!(open_lock(&to_file).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(create(&to_nothing, b"", 0o600).unwrap_err().kind(), ErrorKind::AlreadyExists);
        // Written beside the link, in its place, and never to what it leads to.
        replace(&to_file, b"new", 0o600).unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"victim");
        assert!(!home.path("nothing").exists());
        assert_eq!(fs::read_dir(home.path("folder")).unwrap().count(), 0);
    }
}

/// A folder such as the home folder of another user, into which root writes.
#[test]
fn links_of_another_user_in_a_folder_of_that_user_are_not_followed() {
    let home = Home::new();
    let theirs = home.folder("theirs", 0o755);
    let victim = home.file("victim", 0o600);
    let hard = home.path("theirs/hard");
    fs::hard_link(&victim, &hard).unwrap();
    home.folder("theirs/real", 0o755);
    let to_file = home.link("theirs/file", &victim);
    let to_nothing = home.link("theirs/nothing", home.path("nothing"));
    let to_folder = home.link("theirs/folder", "real");
    let own = home.link("theirs/own", "real");
    let all = [&theirs, &home.path("theirs/real"), &to_file, &to_nothing, &to_folder];
    if !all.into_iter().all(|path| give_away(path)) {
        return;
    }
    let denied = |result: std::io::Result<()>| result.unwrap_err().kind() == ErrorKind::PermissionDenied;
    for link in [&to_file, &to_nothing] {
        assert!(denied(Target::of(link).map(drop)) && denied(open_to_append(link, MOST).map(drop)), "{link:?}");
    }
    assert!(denied(create(&to_folder.join("new"), b"", 0o600)));
    assert!(denied(create_folders(&to_folder.join("a"), 0o700)));
    assert!(denied(open_to_append(&hard, MOST).map(drop)), "a log grew in a file that has another name");
    assert_eq!(fs::read(&victim).unwrap(), b"victim");
    // Files in such a folder are written, and links of this user are followed.
    create(&theirs.join("new"), b"new", 0o600).unwrap();
    create(&own.join("new"), b"new", 0o600).unwrap();
    open_to_append(&theirs.join("log"), MOST).unwrap().write_all(b"line").unwrap();
}

#[test]
fn logs_and_locks_of_another_user_in_a_shared_folder_are_not_used() {
    let home = Home::new();
    home.folder("shared", 0o1777);
    let file = home.file("shared/file", 0o666);
    let pipe = home.pipe("shared/pipe");
    let own = home.file("own", 0o600);
    let hard_link = home.path("shared/hard");
    fs::hard_link(&own, &hard_link).unwrap();
    assert!(open_to_append(&hard_link, MOST).is_err() && open_lock(&hard_link).is_err());
    if !give_away(&file) || !give_away(&pipe) {
        return;
    }
    assert_eq!(open_to_append(&file, MOST).unwrap_err().kind(), ErrorKind::PermissionDenied);
    assert_eq!(open_lock(&file).unwrap_err().kind(), ErrorKind::PermissionDenied);
    assert_eq!(Target::of(&pipe).unwrap().open_stream().unwrap_err().kind(), ErrorKind::PermissionDenied);
}
