//! A memory budget for data from others: all data that is read in parallel must fit into it.

use tokio::sync::{Semaphore, SemaphorePermit};

/// The bytes per permit of the semaphore.
const UNIT: u64 = 1024;

/// A budget of bytes. Readers of large data reserve their part first.
#[derive(Debug)]
pub(crate) struct Room {
    units: Semaphore,
    size: u64,
}

/// A reservation. Dropping it returns the bytes.
pub(crate) type Taken = SemaphorePermit<'static>;

impl Room {
    /// A budget of `bytes`.
    pub(crate) const fn of(bytes: u64) -> Self {
        let size = bytes / UNIT;
        Self { units: Semaphore::const_new(size as usize), size }
    }

    /// Waits until `bytes` can be reserved, or the whole budget if that is smaller. Holding one reservation while requesting another
    /// can deadlock.
    pub(crate) async fn take(&'static self, bytes: u64) -> Option<Taken> {
        let units = bytes.div_ceil(UNIT).min(self.size);
        // `None` only if the semaphore was closed, which never happens.
        self.units.acquire_many(u32::try_from(units).unwrap_or(u32::MAX)).await.ok()
    }
}
