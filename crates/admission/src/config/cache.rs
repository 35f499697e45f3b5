//! The section `cache`: how long and how much is remembered.

use std::path::PathBuf;
use std::time::Duration;

/// How long and how much is remembered.
#[derive(Debug, Clone, PartialEq)]
pub struct Cache {
    /// How long a tag's digest is used. Default: 5 s.
    pub tag: Duration,
    /// How long the list of an image's signatures is used. Default: 60 s.
    pub signatures: Duration,
    /// How long an image without signatures counts as such. Default: 5 s.
    pub unsigned: Duration,
    /// The most entries of each cache. Default: 100,000.
    pub entries: usize,
    /// The memory of all caches together, in bytes. Default: 64 MiB.
    pub memory: usize,
    /// The cache that replicas share.
    pub redis: Option<Redis>,
}

/// The cache that replicas share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redis {
    /// Its URL.
    pub url: String,
    /// The file with the user name.
    pub username_file: Option<PathBuf>,
    /// The file with the password.
    pub password_file: Option<PathBuf>,
    /// A PEM file with certificates to trust in addition.
    pub ca: Option<PathBuf>,
    /// The files with the keys that authenticate entries; the first signs.
    pub key_files: Vec<PathBuf>,
    /// How long an answer is waited for. Default: 50 ms.
    pub timeout: Duration,
}
