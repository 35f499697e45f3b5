//! The writing side of the store: one thread that commits the changes of many requests together.
//!
//! A commit waits for the disk, which takes longer than the change itself. While one commit waits, the changes of other
//! requests gather, and the next commit has them all. Each change has a savepoint, so one that fails leaves no trace.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::{Connection, Savepoint, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::StoreError;

/// The changes that wait; further requests wait until there is space.
const WAITING: usize = 1024;
/// The most changes in a commit, which bounds the time of the first one.
const MAX_BATCH: usize = 512;

/// A change with its answer: runs in a savepoint, and returns what tells the requester once the commit is known.
type Change = Box<dyn FnOnce(&mut Savepoint<'_>) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// The handle of the writing thread. When it is dropped, the thread commits what it has and ends.
pub(super) struct Writer {
    changes: Option<mpsc::Sender<Change>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread with a connection of its own; `on_commit` gets the time of each commit.
    pub(super) fn start(
        connection: Connection,
        on_commit: impl Fn(Duration) + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (changes, waiting) = mpsc::channel(WAITING);
        let writer = thread::Builder::new().name("store-writer".to_owned());
        let thread = writer.spawn(move || run(connection, waiting, on_commit));
        let thread = thread.map_err(StoreError::Thread)?;
        Ok(Self { changes: Some(changes), thread: Some(thread) })
    }

    /// Runs `change`; the result is durable when this returns. If the caller stops waiting, the change is still made.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let change: Change = Box::new(move |savepoint| {
            let result = catch_unwind(AssertUnwindSafe(|| change(savepoint))).unwrap_or(Err(StoreError::Panicked));
            let rolled_back = match &result {
                Ok(_) => Ok(()),
                Err(_) => savepoint.rollback().map_err(StoreError::from),
            };
            Box::new(move |committed| {
                // An error means that the requester is gone.
                let _ = answer.send(rolled_back.and(result).and_then(|value| committed.map(|()| value)));
            })
        });
        let changes = self.changes.as_ref().ok_or(StoreError::Stopped)?;
        changes.send(change).await.map_err(|_| StoreError::Stopped)?;
        answered.await.map_err(|_| StoreError::Stopped)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.changes.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

fn run(mut connection: Connection, mut waiting: mpsc::Receiver<Change>, on_commit: impl Fn(Duration)) {
    let mut answers = Vec::new();
    while let Some(first) = waiting.blocking_recv() {
        let begun = Instant::now();
        let committed = commit(&mut connection, first, &mut waiting, &mut answers);
        on_commit(begun.elapsed());
        for answer in answers.drain(..) {
            answer(committed.as_ref().copied().map_err(|error| StoreError::Commit(error.to_string())));
        }
    }
}

fn commit(
    connection: &mut Connection,
    first: Change,
    waiting: &mut mpsc::Receiver<Change>,
    answers: &mut Vec<Answer>,
) -> rusqlite::Result<()> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut next = Some(first);
    while let Some(change) = next {
        let mut savepoint = transaction.savepoint()?;
        answers.push(change(&mut savepoint));
        savepoint.commit()?;
        next = if answers.len() < MAX_BATCH { waiting.try_recv().ok() } else { None };
    }
    transaction.commit()
}
