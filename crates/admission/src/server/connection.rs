//! One connection: its protocol with its limits, its age and its end.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::sleep;

use super::Shared;
use super::accept::{Phase, wait_for};
use super::application::{Application, Observer};
use super::guarded::Guarded;
use super::open::Activity;
use super::requests::Requests;

/// The largest head of a request.
const MAX_HEAD: usize = 32 * 1024;
/// The largest read and write buffer of an HTTP/1.1 connection.
const MAX_BUFFER: usize = 64 * 1024;

const MAX_STREAMS: u32 = 250;
const MAX_HEADER_LIST: u32 = 16 * 1024;
/// What a client may send of a body before it is read.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// What of an answer is kept until the client takes it.
const STREAM_BUFFER: usize = 64 * 1024;
/// Streams that the client resets before the server has seen them, until the connection is ended.
const MAX_EARLY_RESETS: usize = 50;
/// Streams that the server resets because of errors of the client, until the connection is ended.
const MAX_ERRORS: usize = 512;
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// The protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// Which paths are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Those of the adapters that are switched on.
    Adapters,
    /// `/v1/verify` alone, whether it is switched on or not: the Unix socket is for programs on this machine.
    Socket,
}

/// Serves a connection until its end.
pub(super) async fn serve<A: Application, O: Observer>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    protocol: Protocol,
    scope: Scope,
    shared: Arc<Shared<A, O>>,
    activity: Arc<Activity>,
    phases: watch::Receiver<Phase>,
) {
    let times = shared.times;
    let limits = *shared.application.current().limits();
    let life = Life {
        age: jittered(limits.connection_age),
        idle: times.idle,
        write: times.write,
        last: limits.deadline + limits.margin,
        is_http2: protocol == Protocol::Http2,
        activity: Arc::clone(&activity),
        phases,
    };
    let requests = Arc::new(Requests { shared, activity: Arc::clone(&activity), scope, protocol });
    let service = service_fn(move |request| Arc::clone(&requests).call(request));
    match protocol {
        Protocol::Http1 => {
            let stream = TokioIo::new(Guarded::http1(stream, activity, times.head, times.write));
            let connection = http1::Builder::new()
                // Its timer would be set for each request; `Guarded` and `Life` have timers for the rare cases.
                .header_read_timeout(None)
                .max_header_size(MAX_HEAD)
                .max_buf_size(MAX_BUFFER)
                .serve_connection(stream, service);
            life.run(connection).await;
        }
        Protocol::Http2 => {
            let stream = TokioIo::new(Guarded::http2(stream, activity, times.head, times.write));
            let connection = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_concurrent_streams(MAX_STREAMS)
                .max_header_list_size(MAX_HEADER_LIST)
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .max_send_buf_size(STREAM_BUFFER)
                .max_pending_accept_reset_streams(MAX_EARLY_RESETS)
                .max_local_error_reset_streams(MAX_ERRORS)
                .keep_alive_interval(PING_INTERVAL)
                .keep_alive_timeout(PING_TIMEOUT)
                .serve_connection(stream, service);
            life.run(connection).await;
        }
    }
}

/// Within a tenth of `age`, so that the connections of a client do not all end at the same time.
fn jittered(age: Duration) -> Duration {
    age.mul_f64(0.9 + 0.2 * fastrand::f64())
}

/// When a connection ends.
struct Life {
    age: Duration,
    idle: Duration,
    write: Duration,
    /// For the requests that run at its end.
    last: Duration,
    is_http2: bool,
    activity: Arc<Activity>,
    phases: watch::Receiver<Phase>,
}

impl Life {
    async fn run<C: GracefulConnection<Error: std::fmt::Debug>>(mut self, connection: C) {
        let mut connection = pin!(connection);
        let activity = Arc::clone(&self.activity);
        let (last, write, is_http2) = (self.last, self.write, self.is_http2);
        let idle = self.idle;
        let asked = async {
            self.ask().await;
            // HTTP/1.1: the next answer says that it is the last. An idle connection is not closed at once, since a
            // request can be on its way.
            activity.closing.store(true, Ordering::Relaxed);
            if !is_http2 {
                wait_for(&mut self.phases, Phase::Closing).await;
            }
        };
        let life = async {
            tokio::select! {
                biased;
                () = asked => {}
                () = idleness(&activity, idle), if !is_http2 => {}
            }
        };
        let mut cut = pin!(async {
            tokio::select! {
                biased;
                () = activity.cut.notified() => {}
                () = stall(&activity, write), if is_http2 => tracing::debug!("a client does not take its answers"),
            }
        });
        let goes_on = run_until(connection.as_mut(), async {
            tokio::select! {
                biased;
                () = life => true,
                () = cut.as_mut() => false,
            }
        });
        if goes_on.await {
            connection.as_mut().graceful_shutdown();
            let last = async {
                tokio::select! {
                    () = sleep(last) => false,
                    () = cut => false,
                }
            };
            run_until(connection, last).await;
        }
    }

    /// Waits until the connection is to end: because of its age, or because the server ends.
    async fn ask(&mut self) {
        // One that was accepted while the server drains may answer requests until it accepts no more.
        let began = *self.phases.borrow();
        let end = if began == Phase::Serving { Phase::Draining } else { Phase::Closing };
        tokio::select! {
            biased;
            () = sleep(self.age) => {}
            () = wait_for(&mut self.phases, end) => {}
        }
    }
}

/// Waits until no request has run for a time.
async fn idleness(activity: &Activity, longest: Duration) {
    loop {
        let left = longest.saturating_sub(activity.idle_for());
        if left.is_zero() {
            return;
        }
        sleep(left).await;
    }
}

/// Waits until the client has taken no answer for a time, although some wait for it.
async fn stall(activity: &Activity, time: Duration) {
    let mut before = None;
    loop {
        sleep(time).await;
        let now = activity.stalled();
        if now.is_some() && now == before {
            return;
        }
        before = now;
    }
}

/// Runs a connection until its end (`false`) or that of `life`, and returns its result.
async fn run_until<C: GracefulConnection>(connection: Pin<&mut C>, life: impl Future<Output = bool>) -> bool
where
    C::Error: std::fmt::Debug,
{
    tokio::select! {
        biased;
        ended = connection => {
            if let Err(error) = ended {
                tracing::debug!("a connection ended: {error:?}");
            }
            false
        }
        goes_on = life => goes_on,
    }
}
