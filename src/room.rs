//! Memory for what others send: many things are read at once, and all of them together must fit.

use tokio::sync::{Semaphore, SemaphorePermit};

/// What one permit of the semaphore stands for, in bytes.
const UNIT: u64 = 1024;

/// Room for a number of bytes, which whoever reads something large takes a part of first.
#[derive(Debug)]
pub(crate) struct Room {
    units: Semaphore,
    size: u64,
}

/// A part of the room, given back when this is dropped.
pub(crate) type Taken = SemaphorePermit<'static>;

impl Room {
    /// Room for so many bytes.
    pub(crate) const fn of(bytes: u64) -> Self {
        let size = bytes / UNIT;
        Self { units: Semaphore::const_new(size as usize), size }
    }

    /// Waits for room for so many bytes, or for the whole room where it is smaller. Who has a part must not wait for another, or
    /// all could wait for each other.
    pub(crate) async fn take(&'static self, bytes: u64) -> Option<Taken> {
        let units = bytes.div_ceil(UNIT).min(self.size);
        // None only of a semaphore that was closed, and nobody closes it.
        self.units.acquire_many(u32::try_from(units).unwrap_or(u32::MAX)).await.ok()
    }
}
