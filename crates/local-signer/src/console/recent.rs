//! The last calls, for the page "Recent calls": a bounded list in memory.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_names::Region;
use time::OffsetDateTime;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::operations::{Answer, Operation};

/// The calls of clients that were authenticated.
const MAX_CALLS: usize = 500;
/// The other requests, apart from the calls: strangers cannot push those out.
const MAX_REFUSED: usize = 100;
/// A longer message is cut.
const MAX_MESSAGE: usize = 400;

/// Where a call comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A client of the API.
    Api,
    /// A page of the console.
    Console,
}

/// A call with its outcome.
#[derive(Debug, Clone)]
pub struct RecentCall {
    /// When it began, by the real clock.
    pub at: OffsetDateTime,
    /// How long it took.
    pub duration: Duration,
    /// Where it comes from.
    pub source: Source,
    /// The operation; `None` if the path is unknown or the request was refused before.
    pub operation: Option<&'static str>,
    /// The ARN of the caller; `None` if the request was not authenticated.
    pub caller: Option<String>,
    /// The region.
    pub region: Option<Region>,
    /// The HTTP status.
    pub status: u16,
    /// The code and the message of the error; `None` if the call succeeded.
    pub error: Option<(&'static str, String)>,
}

impl RecentCall {
    /// A call that has just ended, with as much as is known about it.
    #[must_use]
    pub fn new(
        source: Source,
        operation: Option<&Operation>,
        caller: Option<&Caller>,
        duration: Duration,
        outcome: &Result<Answer, ApiError>,
    ) -> Self {
        let (status, error) = match outcome {
            Ok(_) => (200, None),
            Err(error) => {
                let message = error.to_string().chars().take(MAX_MESSAGE).collect();
                (error.code().status(), Some((error.code().name(), message)))
            }
        };
        Self {
            at: OffsetDateTime::now_utc() - duration,
            duration,
            source,
            operation: operation.map(|operation| operation.name),
            caller: caller.map(Caller::principal),
            region: caller.map(|caller| caller.location().region().clone()),
            status,
            error,
        }
    }
}

/// The last calls.
#[derive(Debug, Default)]
pub struct RecentCalls {
    calls: Mutex<VecDeque<RecentCall>>,
    refused: Mutex<VecDeque<RecentCall>>,
}

impl RecentCalls {
    /// Adds a call.
    pub fn add(&self, call: RecentCall) {
        let (list, most) = if call.caller.is_some() { (&self.calls, MAX_CALLS) } else { (&self.refused, MAX_REFUSED) };
        let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
        if list.len() == most {
            list.pop_front();
        }
        list.push_back(call);
    }

    /// The calls, the newest first.
    #[must_use]
    pub fn list(&self) -> Vec<RecentCall> {
        let mut all: Vec<RecentCall> = Vec::new();
        for list in [&self.calls, &self.refused] {
            all.extend(list.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned());
        }
        all.sort_by_key(|call| std::cmp::Reverse(call.at));
        all
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use aws_names::AccountId;

    use super::*;
    use crate::operations::OPERATIONS;

    fn call(caller: Option<&Caller>, outcome: &Result<Answer, ApiError>) -> RecentCall {
        RecentCall::new(Source::Api, Some(&OPERATIONS[0]), caller, Duration::ZERO, outcome)
    }

    fn caller() -> Caller {
        Caller::new("us-west-2".parse().unwrap(), AccountId::EXAMPLE)
    }

    #[test]
    fn strangers_do_not_push_out_calls() {
        let recent = RecentCalls::default();
        recent.add(call(Some(&caller()), &Ok(Answer::default())));
        let refused = Err(ApiError::Validation("x".repeat(10_000)));
        for _ in 0..2 * MAX_CALLS {
            recent.add(call(None, &refused));
        }
        let list = recent.list();
        assert_eq!(list.len(), MAX_REFUSED + 1);
        assert!(list.last().is_some_and(|call| call.caller.is_some()));
        let (code, message) = list[0].error.as_ref().unwrap();
        assert_eq!((*code, message.len()), ("ValidationException", MAX_MESSAGE));
    }

    #[test]
    fn the_number_of_calls_is_bounded() {
        let recent = RecentCalls::default();
        for _ in 0..MAX_CALLS + 1 {
            recent.add(call(Some(&caller()), &Ok(Answer::default())));
        }
        assert_eq!(recent.list().len(), MAX_CALLS);
    }
}
