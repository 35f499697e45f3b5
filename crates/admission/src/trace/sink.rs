//! The bounded queue of spans, and the task that sends it. Recording a span never waits: a span that does not fit is
//! dropped and counted, so that a collector that is slow or dead costs neither time nor memory.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry_sdk::trace::SpanData;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::collector::Collector;
use super::spans::shown;
use crate::log::{Field, Log};
use crate::metrics::{Metrics, SpanResult};

/// The most spans that wait: at most 5 MiB, and 1 MiB as a rule.
const QUEUE: usize = 2048;
/// The most spans of one call.
const BATCH: usize = 512;
/// How long the first span of a call waits for others.
const GATHER: Duration = Duration::from_secs(1);
/// The log says that spans are lost at most once in this time.
const SELDOM: Duration = Duration::from_secs(60);

/// Where spans go.
#[derive(Debug)]
pub struct Sink {
    queue: Mutex<Option<mpsc::Sender<SpanData>>>,
    sending: Mutex<Option<JoinHandle<()>>>,
    metrics: Metrics,
}

impl Sink {
    /// Starts the task, which ends when the sink is dropped and all is sent.
    pub fn start(collector: Collector, metrics: Metrics, log: Log) -> Self {
        let (queue, spans) = mpsc::channel(QUEUE);
        metrics.traces_on();
        let sending = tokio::spawn(send(spans, collector, metrics.clone(), log));
        Self { queue: Mutex::new(Some(queue)), sending: Mutex::new(Some(sending)), metrics }
    }

    /// Queues a span, or drops it.
    pub fn send(&self, span: SpanData) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let is_queued = queue.as_ref().is_some_and(|queue| queue.try_send(span).is_ok());
        drop(queue);
        if !is_queued {
            self.metrics.spans(SpanResult::Dropped, 1);
        }
    }

    /// Sends what is queued, for at most this time.
    pub async fn close(&self, limit: Duration) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut sending) = sending
            && tokio::time::timeout(limit, &mut sending).await.is_err()
        {
            sending.abort();
        }
    }
}

async fn send(mut spans: mpsc::Receiver<SpanData>, collector: Collector, metrics: Metrics, log: Log) {
    let mut reported: Option<Instant> = None;
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(first) = spans.recv().await {
        batch.push(first);
        let end = tokio::time::Instant::now() + GATHER;
        // The queue is closed when the service ends: then nothing more comes.
        while batch.len() < BATCH
            && let Ok(Some(next)) = tokio::time::timeout_at(end, spans.recv()).await
        {
            batch.push(next);
        }
        let count = batch.len() as u64;
        match collector.export(std::mem::take(&mut batch)).await {
            Ok(()) => metrics.spans(SpanResult::Sent, count),
            Err(why) => {
                metrics.spans(SpanResult::Failed, count);
                if reported.is_none_or(|at| at.elapsed() > SELDOM) {
                    reported = Some(Instant::now());
                    // Parts of it are the collector's, such as the names of its certificate.
                    let why = shown(&why);
                    log.warn("traces do not reach the collector", &[("reason", Field::from(&*why))]);
                }
            }
        }
    }
}
