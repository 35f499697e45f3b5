//! Connections of clients that have not authenticated yet. When all places are taken, the oldest of them is closed for
//! a new one: strangers cannot keep the service from those who have the access keys.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::task::AbortHandle;

const STRANGER: u8 = 0;
const AUTHENTICATED: u8 = 1;
const CLOSED: u8 = 2;

/// What is known of the client of a connection.
#[derive(Debug, Clone, Default)]
pub struct Standing(Arc<AtomicU8>);

impl Standing {
    /// Notes that a request was authenticated: from then on, the connection is not closed for another one. Returns
    /// whether it is still open.
    pub fn authenticate(&self) -> bool {
        self.change(AUTHENTICATED)
    }

    /// Claims the connection for closing, unless a request was authenticated.
    fn close(&self) -> bool {
        self.0.load(Ordering::SeqCst) == STRANGER && self.change(CLOSED)
    }

    fn change(&self, to: u8) -> bool {
        self.0.compare_exchange(STRANGER, to, Ordering::SeqCst, Ordering::SeqCst).map_or_else(|now| now == to, |_| true)
    }
}

/// The connections that may be closed, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Strangers(VecDeque<(Standing, AbortHandle)>);

impl Strangers {
    /// Adds a new connection.
    pub(crate) fn add(&mut self, standing: Standing, task: AbortHandle) {
        if self.0.len() == self.0.capacity() {
            self.0.retain(|(_, task)| !task.is_finished());
        }
        self.0.push_back((standing, task));
    }

    /// Closes the oldest connection of a stranger. Returns whether there was one.
    pub(crate) fn close_oldest(&mut self) -> bool {
        while let Some((standing, task)) = self.0.pop_front() {
            if !task.is_finished() && standing.close() {
                task.abort();
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_oldest_stranger_is_closed_first_and_an_authenticated_client_never() {
        let mut strangers = Strangers::default();
        let standings = [(); 3].map(|()| Standing::default());
        let tasks = standings.each_ref().map(|standing| {
            let task = tokio::spawn(std::future::pending::<()>());
            strangers.add(standing.clone(), task.abort_handle());
            task
        });
        assert!(standings[0].authenticate() && standings[0].authenticate());
        assert!(strangers.close_oldest());
        assert!(!standings[1].authenticate(), "a connection that is being closed gets no work");
        assert!(strangers.close_oldest() && !strangers.close_oldest());
        let [first, second, third] = tasks;
        assert!(second.await.is_err_and(|why| why.is_cancelled()) && third.await.is_err_and(|why| why.is_cancelled()));
        assert!(!first.is_finished());
        first.abort();
    }
}
