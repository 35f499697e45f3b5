//! A lock that serialises the writers of one referrers index among the processes of one user on one host.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use notary::Digest;
use tokio::time::{Instant, sleep};

/// A lock of one name. Held until it is dropped or the process ends.
#[derive(Debug)]
pub(super) struct HostLock {
    _file: Option<File>,
}

impl HostLock {
    /// Waits for the lock, at most for `time`. If the folder cannot be written or the wait takes too long, the caller
    /// continues without the lock: it only saves retries; reading the index again after writing is what prevents lost
    /// entries.
    pub(super) async fn acquire(folder: Option<&Path>, name: &str, time: Duration) -> Self {
        let Some(folder) = folder else { return Self { _file: None } };
        match Self::wait(folder, name, time).await {
            Ok(file) => Self { _file: Some(file) },
            Err(why) => {
                tracing::warn!(folder = %folder.display(), %why, "continuing without the host lock");
                Self { _file: None }
            }
        }
    }

    async fn wait(folder: &Path, name: &str, time: Duration) -> io::Result<File> {
        files::create_folders(folder, 0o700)?;
        // 256 files in all, never removed: another process may have just opened the file and be waiting for it. Names
        // that share a file sometimes wait for each other.
        let digest = Digest::sha256(name.as_bytes());
        let digits = digest.digits();
        let path = folder.join(&digits[..2]);
        let file = files::open_lock(&path)?;
        let deadline = Instant::now() + time;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(why)) => return Err(why),
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                    return Err(io::Error::new(io::ErrorKind::TimedOut, "another process holds the lock"));
                }
                Err(TryLockError::WouldBlock) => sleep(Duration::from_millis(fastrand::u64(2..20))).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[tokio::test]
    async fn waits_for_the_holder_of_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let held = HostLock::acquire(Some(folder.path()), "a", Duration::from_secs(5)).await;
        assert!(HostLock::wait(folder.path(), "a", Duration::from_millis(50)).await.is_err());
        drop(held);
        assert!(HostLock::wait(folder.path(), "a", Duration::from_secs(5)).await.is_ok());
    }

    #[tokio::test]
    async fn a_link_in_place_of_the_lock_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        let digest = Digest::sha256(b"a");
        std::os::unix::fs::symlink(&victim, folder.path().join(&digest.digits()[..2])).unwrap();
        assert!(HostLock::acquire(Some(folder.path()), "a", Duration::from_secs(5)).await._file.is_none());
        assert!(!victim.exists());
    }

    #[tokio::test]
    async fn continues_without_a_lock_if_there_is_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, b"").unwrap();
        assert!(HostLock::acquire(Some(&file.join("locks")), "a", Duration::from_secs(5)).await._file.is_none());
        assert!(HostLock::acquire(None, "a", Duration::from_secs(5)).await._file.is_none());
    }
}
