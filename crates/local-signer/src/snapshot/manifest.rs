//! The first entry of a snapshot: what follows it, with sizes and checksums.

use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use crate::directory::{STATE, STORE};

/// The version of the format.
pub const VERSION: u64 = 1;
/// The largest manifest, in bytes: room for 5,000 files.
pub const MAX_SIZE: u64 = 1024 * 1024;
const FORMAT: &str = "notation-aws-signer local-signer snapshot";

/// The content of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: String,
    /// The version of the format.
    pub version: u64,
    /// When the snapshot was made, by the real clock.
    pub created: String,
    /// The version of the program that made it.
    pub program: String,
    /// The files in their order in the archive.
    pub files: Vec<Entry>,
}

/// A file in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The path in the directory of the state, with slashes.
    pub path: String,
    /// The size in bytes.
    pub size: u64,
    /// The SHA-256 in lower-case hex.
    pub sha256: String,
}

impl Manifest {
    pub fn new(created: String, files: Vec<Entry>) -> Self {
        let program = env!("CARGO_PKG_VERSION").to_owned();
        Self { format: FORMAT.to_owned(), version: VERSION, created, program, files }
    }

    /// The problem of a manifest of this version, if it has one. Paths lead only to files of the state.
    pub fn problem(&self) -> Option<String> {
        if self.format != FORMAT {
            return Some("it has another format".to_owned());
        }
        if let Some(entry) = self.files.iter().find(|entry| !is_of_state(&entry.path)) {
            return Some(format!("{:?} is not a file of the state", entry.path));
        }
        let mut paths: Vec<&str> = self.files.iter().map(|entry| entry.path.as_str()).collect();
        paths.sort_unstable();
        if paths.windows(2).any(|pair| pair[0] == pair[1]) {
            return Some("it lists a file twice".to_owned());
        }
        (!paths.contains(&STORE)).then(|| "it has no database".to_owned())
    }
}

fn is_of_state(path: &str) -> bool {
    let mut components = Path::new(path).components();
    let Some(Component::Normal(first)) = components.next() else { return false };
    let is_known = first == STORE || STATE.iter().any(|name| first == *name);
    // The components are written as they are: no `a//b`, `a/./b` or `a/`.
    let written: Vec<_> = path.split('/').collect();
    is_known
        && components.all(|component| matches!(component, Component::Normal(_)))
        && !written.iter().any(|part| part.is_empty() || *part == "." || *part == "..")
        && written.len() <= 4
}
