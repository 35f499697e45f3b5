//! Traces: what a request was spent on, as spans for an OpenTelemetry collector. Off unless the configuration names
//! one.
//!
//! ```text
//! admission kubernetes        the request; its parent is that of the header traceparent, if there is one
//! └ image                     each image, with its outcome, its reason and its rule
//!   ├ resolve                 the tag's digest is asked for
//!   │ └ registry resolve      a request to another service
//!   └ verify
//!     ├ referrers
//!     ├ fetch
//!     └ revocation
//! ```
//!
//! The span that work belongs to is carried by the task, so that neither the decision nor the caches know of traces:
//! without one, nothing is recorded, and looking costs a read of thread-local memory. Work that several requests wait
//! for is in the trace of the one that began it, and so is a refresh, which may end after its request.
//!
//! | File | What it has |
//! |---|---|
//! | `parent` | the header `traceparent`: W3C Trace Context, level 1 |
//! | `context` | the span that a task works for |
//! | `request`, `spans` | the spans of requests, images, steps and other services |
//! | `sink` | the bounded queue, and the task that sends it |
//! | `collector` | the connection to the collector: OTLP by gRPC |

mod collector;
mod context;
mod parent;
mod request;
mod sink;
mod spans;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

pub use self::collector::OtlpError;
use self::collector::{Collector, Endpoint};
pub use self::context::{Context, carried, in_stage, scope};
pub use self::request::RequestSpan;
use self::sink::Sink;
pub use self::spans::{ImageSpan, began, images, upstream};
use crate::config::Otlp;
use crate::log::Log;
use crate::metrics::Metrics;

/// Where spans go, if they go anywhere: it is replaced when the configuration is loaded again.
#[derive(Debug, Clone, Default)]
pub struct Traces(Arc<RwLock<Option<Arc<Sink>>>>);

/// A collector that can be used, and is not connected yet.
#[derive(Debug)]
pub struct Prepared(Option<Endpoint>);

impl Traces {
    /// Reads what the configuration says about the collector, without connecting to it.
    ///
    /// # Errors
    /// Returns [`OtlpError`] if the URL or a file cannot be used.
    pub fn prepare(otlp: Option<&Otlp>) -> Result<Prepared, OtlpError> {
        Ok(Prepared(otlp.map(Endpoint::new).transpose()?))
    }

    /// Sends new spans there. Those that wait for another collector are still sent to it.
    pub fn set(&self, Prepared(endpoint): Prepared, metrics: &Metrics, log: &Log) {
        let sink = endpoint.map(|endpoint| {
            let collector = Collector::new(endpoint, metrics.version());
            Arc::new(Sink::start(collector, metrics.clone(), log.clone()))
        });
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = sink;
    }

    /// Sends what is queued, for at most this time, and ends.
    pub async fn close(&self, limit: Duration) {
        let sink = self.0.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sink) = sink {
            sink.close(limit).await;
        }
    }

    fn sink(&self) -> Option<Arc<Sink>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
