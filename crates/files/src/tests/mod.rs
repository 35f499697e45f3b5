#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod beneath;
mod folder;
mod trusted;
mod written;

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, lchown};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

/// The id of a user and group who are strangers here.
const STRANGER: u32 = 47_110;

/// A folder of its own for a test, removed at the end.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn folder(&self, name: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(&path).unwrap();
        set_mode(&path, mode);
        path
    }

    fn file(&self, name: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, name).unwrap();
        set_mode(&path, mode);
        path
    }

    fn link(&self, name: &str, to: impl AsRef<Path>) -> PathBuf {
        let path = self.path(name);
        std::os::unix::fs::symlink(to, &path).unwrap();
        path
    }

    fn pipe(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
        path
    }
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Gives a file, a folder or a link to another user. Only root can: without root the caller ends its test here, which
/// the output of the test says.
#[must_use]
fn give_away(path: &Path) -> bool {
    if !geteuid().is_root() {
        eprintln!("the rest of this test needs root, to give files to another user");
        return false;
    }
    lchown(path, Some(STRANGER), Some(STRANGER)).unwrap();
    true
}
