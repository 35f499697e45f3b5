//! Content that was read whole, with the memory that it holds.

use std::fmt;
use std::ops::Deref;

use limits::{MemoryBudget, Reservation};

/// Bytes that a store delivered. Those of a registry count against
/// [`ClientOptions::memory`](crate::ClientOptions::memory) until this is dropped.
///
/// Drop it before the next large request: a reader that holds memory while it waits for more delays the others.
pub struct Content {
    bytes: Vec<u8>,
    reservation: Option<Reservation>,
}

impl Content {
    /// Content of a registry.
    pub(crate) fn reserved(bytes: Vec<u8>, reservation: Reservation) -> Self {
        Self { bytes, reservation: Some(reservation) }
    }

    /// Counts the bytes in this budget, unless one counts them already. Waits until they can be reserved.
    #[must_use = "dropping the content frees its share of the budget"]
    pub async fn counted_in(mut self, memory: &MemoryBudget) -> Self {
        if self.reservation.is_none() {
            let mut reservation = memory.reservation();
            reservation.grow(self.bytes.len()).await;
            self.reservation = Some(reservation);
        }
        self
    }

    /// Frees the bytes, but keeps their share of the memory budget, for what was parsed out of them.
    #[must_use]
    pub fn into_reservation(self) -> Option<Reservation> {
        self.reservation
    }
}

/// Content that no budget counts, such as that of a file.
impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, reservation: None }
    }
}

impl Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsRef<[u8]> for Content {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<T: AsRef<[u8]> + ?Sized> PartialEq<T> for Content {
    fn eq(&self, other: &T) -> bool {
        self.bytes == other.as_ref()
    }
}

/// The size only: content may be large, and secret.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes)", self.bytes.len())
    }
}
