//! Files that decide what is trusted.

use super::{Home, give_away, set_mode};
use crate::{
    FileError, check_chosen_program, check_content, check_folder, check_parent, check_program, read_file,
    read_file_or_pipe, read_linked_file,
};

const MOST: u64 = 100;

fn is_writable<T: std::fmt::Debug>(result: Result<T, FileError>) -> bool {
    matches!(result, Err(FileError::Writable { .. }))
}

#[test]
fn reads_a_file_that_only_the_user_may_change() {
    let home = Home::new();
    let file = home.file("policy", 0o644);
    assert_eq!(read_file(&file, MOST).unwrap(), b"policy");
    assert!(matches!(read_file(&file, 3), Err(FileError::TooLarge { most: 3, .. })));
    for missing in ["none", "none/policy"] {
        let missing = home.path(missing);
        assert!(matches!(read_file(&missing, MOST), Err(FileError::Missing(path)) if path == missing));
    }
    assert!(matches!(read_file(&home.path("policy/below"), MOST), Err(FileError::Io { .. })));
}

#[test]
fn a_file_that_others_may_write_is_rejected() {
    let home = Home::new();
    let file = home.file("policy", 0o602);
    assert!(is_writable(read_file(&file, MOST)));
    assert!(is_writable(read_linked_file(&file, MOST)));
    set_mode(&file, 0o600);
    read_file(&file, MOST).unwrap();
}

#[test]
fn every_folder_up_to_the_root_counts() {
    let home = Home::new();
    home.folder("shared/own/deep", 0o700);
    let file = home.file("shared/own/deep/policy", 0o600);
    read_file(&file, MOST).unwrap();
    for folder in ["shared", "shared/own", "shared/own/deep"] {
        let folder = home.path(folder);
        set_mode(&folder, 0o777);
        assert!(is_writable(read_file(&file, MOST)), "{}", folder.display());
        // What is in a sticky folder stays with its owner.
        set_mode(&folder, 0o1777);
        read_file(&file, MOST).unwrap();
        set_mode(&folder, 0o755);
    }
}

#[test]
fn a_folder_of_trusted_files_must_not_be_open_to_all_even_if_it_is_sticky() {
    let home = Home::new();
    let folder = home.folder("store", 0o1777);
    assert!(is_writable(check_folder(&folder)) && is_writable(check_parent(&folder)));
    let program = home.file("store/program", 0o755);
    assert!(is_writable(check_program(&program)));
    // Programs that the user names may be in /tmp.
    check_chosen_program(&program).unwrap();
    set_mode(&folder, 0o755);
    check_folder(&folder).unwrap();
    check_program(&program).unwrap();
    set_mode(&program, 0o644);
    assert!(matches!(check_program(&program), Err(FileError::Kind { .. })));
}

#[test]
fn links_of_the_user_lead_to_chosen_files_only() {
    let home = Home::new();
    home.folder("real", 0o755);
    home.file("real/policy", 0o600);
    let link = home.link("link", "real/policy");
    let folder = home.link("folder", home.path("real"));
    assert!(matches!(read_file(&link, MOST), Err(FileError::Kind { found: "a symbolic link", .. })));
    assert_eq!(read_linked_file(&link, MOST).unwrap(), b"real/policy");
    assert_eq!(read_file(&folder.join("policy"), MOST).unwrap(), b"real/policy");
    assert_eq!(read_file(&folder.join("../real/policy"), MOST).unwrap(), b"real/policy");
    assert!(matches!(check_folder(&folder), Err(FileError::Kind { .. })));
    check_parent(&folder).unwrap();
    let circle = home.link("circle", "circle");
    assert!(matches!(read_linked_file(&circle, MOST), Err(FileError::Io { .. })));
}

#[test]
fn the_folders_of_the_target_of_a_link_count_too() {
    let home = Home::new();
    home.folder("shared", 0o777);
    home.file("shared/policy", 0o600);
    assert!(is_writable(read_linked_file(&home.link("link", "shared/policy"), MOST)));
}

#[test]
fn a_named_pipe_is_no_policy_and_blocks_nothing() {
    let home = Home::new();
    let pipe = home.pipe("pipe");
    for read in [read_file, read_linked_file] {
        assert!(matches!(read(&pipe, MOST), Err(FileError::Kind { found: "a special file", .. })));
    }
    assert!(matches!(check_content(&pipe), Err(FileError::Kind { .. })));
}

#[test]
fn a_pipe_that_the_shell_passed_is_read() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut writer, b"certificate").unwrap();
    drop(writer);
    let path = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader));
    assert_eq!(read_file_or_pipe(path.as_ref(), MOST).unwrap(), b"certificate");
}

#[test]
fn files_folders_and_links_of_another_user_are_rejected() {
    let home = Home::new();
    home.folder("folder", 0o755);
    let file = home.file("folder/policy", 0o755);
    let link = home.link("link", "folder/policy");
    if !give_away(&file) {
        return;
    }
    let is_owner = |result: Result<Vec<u8>, FileError>| matches!(result, Err(FileError::Owner { owner: 47_110, .. }));
    assert!(is_owner(read_file(&file, MOST)) && is_owner(read_linked_file(&link, MOST)));
    assert!(is_owner(read_file_or_pipe(&file, MOST)));
    assert!(is_owner(check_program(&file).map(|()| Vec::new())));
    assert!(is_owner(check_chosen_program(&file).map(|_| Vec::new())));
    assert!(is_owner(check_content(&file).map(|()| Vec::new())));

    // An own file below a folder of another user, who can put another one in its place.
    let below = home.file("folder/own", 0o755);
    assert!(give_away(&home.path("folder")));
    assert!(is_owner(read_file(&below, MOST)) && is_owner(read_linked_file(&below, MOST)));
    assert!(is_owner(check_program(&below).map(|()| Vec::new())));
    assert!(is_owner(check_folder(&home.path("folder")).map(|()| Vec::new())));

    let own = home.file("own", 0o600);
    let foreign = home.link("foreign", &own);
    assert!(give_away(&foreign));
    assert!(matches!(read_linked_file(&foreign, MOST), Err(FileError::Link { .. })));
}

#[test]
fn a_pipe_or_a_folder_of_another_user_in_a_sticky_folder_is_rejected() {
    let home = Home::new();
    home.folder("tmp", 0o1777);
    let pipe = home.pipe("tmp/pipe");
    home.folder("tmp/notation", 0o755);
    let policy = home.file("tmp/notation/policy", 0o600);
    if !give_away(&pipe) || !give_away(&home.path("tmp/notation")) {
        return;
    }
    assert!(matches!(read_file_or_pipe(&pipe, MOST), Err(FileError::Owner { .. })));
    assert!(matches!(read_file(&policy, MOST), Err(FileError::Owner { .. })));
}

#[test]
fn the_write_access_of_a_group_of_others_counts_and_that_of_an_own_group_does_not() {
    let home = Home::new();
    let file = home.file("policy", 0o660);
    let owner = rustix::process::geteuid().as_raw();
    if !rustix::process::geteuid().is_root() {
        eprintln!("this test needs root, to change the group of a file");
        return;
    }
    for (group, accepted) in [(0, true), (owner, true), (super::STRANGER, false)] {
        std::os::unix::fs::chown(&file, None, Some(group)).unwrap();
        assert_eq!(read_file(&file, MOST).is_ok(), accepted, "group {group}");
    }
    let Err(FileError::Writable { remedy, .. }) = read_file(&file, MOST) else { panic!("it is writable") };
    assert_eq!(remedy, "g-w");
}
