//! The lock that serialises the writers of a layout: on the folder itself, released when the file is closed, also after
//! a crash. Everyone who may read the folder can hold it, so the wait is limited.

use std::fs::{File, TryLockError};
use std::time::{Duration, Instant};

use super::Layout;
use crate::error::{LayoutError, io_error};

/// The lock, held until it is dropped.
#[derive(Debug)]
pub(super) struct WriteLock {
    _folder: File,
}

impl Layout {
    /// Waits for other writers of this folder, without blocking the thread.
    pub(super) async fn lock(&self) -> Result<WriteLock, LayoutError> {
        let start = Instant::now();
        loop {
            match self.try_lock()? {
                Some(lock) => return Ok(lock),
                None => tokio::time::sleep(self.next_pause(start)?).await,
            }
        }
    }

    /// As [`Self::lock`], for callers that are not asynchronous.
    pub(super) fn lock_blocking(&self) -> Result<WriteLock, LayoutError> {
        let start = Instant::now();
        loop {
            match self.try_lock()? {
                Some(lock) => return Ok(lock),
                None => std::thread::sleep(self.next_pause(start)?),
            }
        }
    }

    fn try_lock(&self) -> Result<Option<WriteLock>, LayoutError> {
        let folder = File::open(&self.root).map_err(io_error(&self.root))?;
        match folder.try_lock() {
            Ok(()) => Ok(Some(WriteLock { _folder: folder })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(why)) => Err(io_error(&self.root)(why)),
        }
    }

    /// A random pause, so that the writers do not collide again; an error once the time for waiting has passed.
    fn next_pause(&self, start: Instant) -> Result<Duration, LayoutError> {
        if start.elapsed() >= self.wait {
            return Err(LayoutError::Locked { path: self.root.clone(), within: self.wait });
        }
        Ok(Duration::from_millis(fastrand::u64(2..20)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use notary::ReasonCode;

    use super::*;

    #[tokio::test]
    async fn a_reader_of_the_folder_holds_writers_up_for_a_limited_time() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(folder.path()).unwrap().waiting_at_most(Duration::from_millis(60));
        let reader = File::open(folder.path()).unwrap();
        reader.lock_shared().unwrap();
        for held in [layout.lock().await.unwrap_err(), layout.lock_blocking().unwrap_err()] {
            assert!(matches!(held, LayoutError::Locked { .. }));
            assert_eq!(held.code(), ReasonCode::Contention);
        }
        let waiting = Layout::create_waiting(folder.path(), Duration::from_millis(60)).unwrap_err();
        assert!(matches!(waiting, LayoutError::Locked { .. }));
        drop(reader);
        drop(layout.lock().await.unwrap());
        layout.lock_blocking().unwrap();
    }

    #[tokio::test]
    async fn a_writer_waits_for_the_one_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(folder.path()).unwrap();
        let first = layout.lock().await.unwrap();
        let second = tokio::spawn({
            let layout = layout.clone();
            async move { layout.lock().await }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        second.await.unwrap().unwrap();
    }
}
