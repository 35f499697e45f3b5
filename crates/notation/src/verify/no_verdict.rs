//! Why there is no verdict.

use std::time::Duration;

use limits::Deadline;
use notary::{Advice, ReasonCode};
use registry::StoreError;

use crate::failure::Failure;

/// Why there is no verdict about an artifact.
#[derive(Debug, thiserror::Error)]
pub enum NoVerdict {
    /// The artifact or the list of its signatures cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The time limit expired before the signatures were listed.
    #[error("the time limit of {} s expired before the signatures were listed", .0.as_secs_f32())]
    Deadline(Duration),
    /// A [`SignatureSource`](super::SignatureSource) that asks on behalf of several callers failed.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl NoVerdict {
    /// Returns the stable name of the kind of failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::Store(why) => why.code(),
            Self::Deadline(_) => ReasonCode::Deadline,
            Self::Failed(why) => why.code,
        }
    }

    /// Returns what to do about it.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        match self {
            Self::Store(why) => why.advice(),
            Self::Deadline(_) => Some(Advice::AllowMoreTime),
            Self::Failed(why) => why.advice.clone(),
        }
    }
}

/// Does work of a store until the deadline.
pub(super) async fn within<T, E: Into<NoVerdict>>(
    deadline: Deadline,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, NoVerdict> {
    match deadline.run(work).await {
        Some(result) => result.map_err(Into::into),
        None => Err(NoVerdict::Deadline(deadline.budget())),
    }
}
