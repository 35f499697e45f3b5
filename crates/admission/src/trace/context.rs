//! The span that a task works for.

use std::future::Future;
use std::sync::Arc;
use std::time::SystemTime;

use super::sink::Sink;
use super::spans::Span;
use crate::metrics::Stage;

tokio::task_local! {
    static CURRENT: Option<Context>;
}

/// A span that is not over, and where spans go.
#[derive(Debug, Clone)]
pub struct Context {
    pub(super) sink: Arc<Sink>,
    pub(super) trace: u128,
    pub(super) span: u64,
}

impl Context {
    /// The span that this task works for; `None` if the request is not traced.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok().flatten()
    }

    /// A new span below this one.
    pub(super) fn child(&self) -> Self {
        Self { sink: Arc::clone(&self.sink), trace: self.trace, span: fastrand::u64(1..) }
    }
}

/// Whether this task works for a span.
pub(super) fn is_traced() -> bool {
    CURRENT.try_with(Option::is_some).unwrap_or(false)
}

/// Does work for this span.
pub fn scope<F: Future>(context: Option<Context>, work: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(context, work)
}

/// Does work in another task for the span of this one.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    scope(Context::current(), work)
}

/// Does work as a step of a verification, with a span of its own.
pub async fn in_stage<F: Future>(stage: Stage, work: F) -> F::Output {
    let parent = Context::current();
    let (context, start) = (parent.as_ref().map(Context::child), SystemTime::now());
    let done = scope(context.clone(), work).await;
    if let Some((parent, context)) = parent.zip(context) {
        Span { name: stage.as_str().into(), start, ..Span::ended(&parent, &context) }.send();
    }
    done
}
