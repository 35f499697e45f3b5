//! Concurrent work on several artifacts, with a limit on the number of jobs.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;

use notary::ReasonCode;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinHandle};

use crate::output::exit::CliError;

/// How many tasks are queued or finished for each running job, while an earlier result is awaited.
const WAITING: usize = 4;

/// Runs `work` for every item, at most `jobs` at a time, and passes the items with their results to `each` in the order
/// of the items. If the work on an item panics, its result is an error; the others are not affected.
///
/// # Errors
/// Returns the first error of `each`, and aborts the running tasks.
pub async fn in_order<T, R, W, F>(
    items: impl IntoIterator<Item = T>,
    jobs: usize,
    work: W,
    mut each: impl FnMut(T, Result<R, CliError>) -> Result<(), CliError>,
) -> Result<(), CliError>
where
    T: Clone,
    W: Fn(T) -> F,
    F: Future<Output = R> + Send + 'static,
    R: Send + 'static,
{
    let permits = Arc::new(Semaphore::new(jobs.min(Semaphore::MAX_PERMITS)));
    let mut running = VecDeque::new();
    let mut items = items.into_iter().fuse();
    loop {
        while running.len() < jobs.saturating_mul(WAITING) {
            let Some(item) = items.next() else { break };
            let task = work(item.clone());
            let permits = permits.clone();
            let task = tokio::spawn(async move {
                // Fails only if the semaphore is closed, which never happens.
                let _permit = permits.acquire().await;
                task.await
            });
            running.push_back((item, AbortOnDrop(task)));
        }
        let Some((item, mut next)) = running.pop_front() else { return Ok(()) };
        let result = (&mut next.0).await.map_err(|why| panicked(&why));
        each(item, result)?;
    }
}

/// The error of an item whose task panicked. The panic's message and place are on standard error already.
fn panicked(why: &JoinError) -> CliError {
    CliError::new(ReasonCode::Internal, format!("this program has a defect: {why}"))
        .with_advice("Report the message above. The other artifacts are not affected.")
}

/// A task that is aborted when its handle is dropped.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn keeps_the_order_and_the_limit_of_jobs() {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        let mut results = Vec::new();
        let work = |n: u64| async move {
            MOST.fetch_max(RUNNING.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis((n * 7) % 5)).await;
            RUNNING.fetch_sub(1, Ordering::SeqCst);
            n
        };
        in_order(0..40, 3, work, |_, n| {
            results.push(n.unwrap());
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(results, (0..40).collect::<Vec<_>>());
        assert_eq!(MOST.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn accepts_any_number_of_jobs() {
        in_order(0..2, usize::MAX, |n| async move { n }, |_, _| Ok(())).await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_is_the_failure_of_its_item_alone() {
        let mut results = Vec::new();
        let work = |n: u64| async move {
            assert!(n % 3 != 1, "a panic of this test");
            n
        };
        in_order(0..6, 2, work, |item, result| {
            results.push((item, result.map_err(|why| why.code)));
            Ok(())
        })
        .await
        .unwrap();
        let expected = |n| if n % 3 == 1 { Err(ReasonCode::Internal) } else { Ok(n) };
        assert_eq!(results, (0..6).map(|n| (n, expected(n))).collect::<Vec<_>>());
        assert_eq!(ReasonCode::Internal.disposition(), notary::Disposition::Undetermined);
    }
}
