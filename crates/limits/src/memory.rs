//! A budget of memory for what others send: many answers are read at once, and all of them together must fit.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What one permit of the semaphore stands for, in bytes.
const UNIT: usize = 1024;

/// How many bytes that all readers who share this budget may hold in memory together. Clones share it.
///
/// Memory is counted as it is read, not as a sender announces it. Two rules keep it simple: the first [`Self::FREE`]
/// bytes of each reader are not counted, so that the answers of nearly all requests never wait; and one reader at a
/// time may go beyond the budget, so that readers who each hold a part of it cannot wait for each other for ever.
#[derive(Debug, Clone)]
pub struct MemoryBudget {
    units: Arc<Semaphore>,
    overdraft: Arc<Semaphore>,
    size: usize,
}

/// What one reader holds of a [`MemoryBudget`]. It returns to the budget when this is dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: MemoryBudget,
    held: usize,
    permits: Option<OwnedSemaphorePermit>,
    overdraft: Option<OwnedSemaphorePermit>,
}

impl MemoryBudget {
    /// The bytes of each reader that are not counted.
    pub const FREE: usize = 64 * 1024;

    /// A budget of `bytes`.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let size = bytes.div_ceil(UNIT).min(Semaphore::MAX_PERMITS);
        Self { units: Arc::new(Semaphore::new(size)), overdraft: Arc::new(Semaphore::new(1)), size }
    }

    /// An empty reservation, for a reader who is about to begin.
    #[must_use]
    pub fn reservation(&self) -> Reservation {
        Reservation { budget: self.clone(), held: 0, permits: None, overdraft: None }
    }
}

impl Default for MemoryBudget {
    /// 4 MiB, with one reader beyond it: answers of the usual size are not counted, and those that are larger than this
    /// are read one at a time. Parsing takes up to twice as much again.
    fn default() -> Self {
        Self::new(4 * 1024 * 1024)
    }
}

impl Reservation {
    /// Waits until `bytes` more can be held.
    pub async fn grow(&mut self, bytes: usize) {
        self.held = self.held.saturating_add(bytes);
        let wanted = self.held.saturating_sub(MemoryBudget::FREE).div_ceil(UNIT);
        let held = self.permits.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if wanted <= held || self.overdraft.is_some() {
            return;
        }
        let more = wanted - held;
        let units = Arc::clone(&self.budget.units);
        let overdraft = Arc::clone(&self.budget.overdraft);
        // More than the whole budget can only ever be held beyond it.
        let enough = async {
            match u32::try_from(more) {
                Ok(more) if wanted <= self.budget.size => units.acquire_many_owned(more).await,
                _ => std::future::pending().await,
            }
        };
        // Neither semaphore is ever closed, so neither acquisition errs.
        tokio::select! {
            biased;
            permits = enough => match (&mut self.permits, permits) {
                (Some(held), Ok(permits)) => held.merge(permits),
                (none, permits) => *none = permits.ok(),
            },
            permit = overdraft.acquire_owned() => self.overdraft = permit.ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const MIB: usize = 1024 * 1024;

    async fn can_grow(reservation: &mut Reservation, bytes: usize) -> bool {
        timeout(Duration::from_secs(1), reservation.grow(bytes)).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn small_readers_never_wait() {
        let budget = MemoryBudget::new(MIB);
        let mut large = budget.reservation();
        let mut beyond = budget.reservation();
        assert!(can_grow(&mut large, MIB + MemoryBudget::FREE).await);
        assert!(can_grow(&mut beyond, 2 * MIB).await);
        for _ in 0..100 {
            assert!(can_grow(&mut budget.reservation(), MemoryBudget::FREE).await);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_reader_goes_beyond_the_budget_and_the_next_waits() {
        let budget = MemoryBudget::new(MIB);
        let mut readers = [budget.reservation(), budget.reservation(), budget.reservation()];
        for reader in &mut readers[..2] {
            assert!(can_grow(reader, MIB / 2 + MemoryBudget::FREE).await);
        }
        let [first, second, third] = &mut readers;
        assert!(can_grow(first, MIB).await);
        assert!(!can_grow(second, MIB).await);
        assert!(!can_grow(third, MIB).await);
    }

    #[tokio::test(start_paused = true)]
    async fn dropped_reservations_return_to_the_budget() {
        let budget = MemoryBudget::new(MIB);
        for _ in 0..3 {
            let mut first = budget.reservation();
            let mut second = budget.reservation();
            assert!(can_grow(&mut first, MIB).await);
            assert!(can_grow(&mut second, 5 * MIB).await);
            assert!(can_grow(&mut first, 5 * MIB).await || first.overdraft.is_none());
        }
        assert_eq!(budget.units.available_permits(), budget.size);
        assert_eq!(budget.overdraft.available_permits(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn readers_that_each_hold_a_part_all_finish() {
        let budget = MemoryBudget::new(4 * MIB);
        let reader = |budget: MemoryBudget| async move {
            let mut reservation = budget.reservation();
            for _ in 0..10 {
                reservation.grow(MIB).await;
                tokio::task::yield_now().await;
            }
        };
        let readers: Vec<_> = (0..20).map(|_| tokio::spawn(reader(budget.clone()))).collect();
        for reader in readers {
            assert!(timeout(Duration::from_secs(1), reader).await.is_ok_and(|ended| ended.is_ok()));
        }
    }
}
