//! One connection for all commands, made again in the background when it is lost. No request waits for that: without a
//! connection, a command fails at once.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::{Pipeline, ServerError, Value};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::connect::{Driver, Live, MAX_UNDER_WAY, compare_clocks, connect, shown};
use super::settings::Settings;
use crate::cache::Clock;
use crate::log::{Field, Log};
use crate::metrics::{Metrics, RedisFailure};

/// The pauses between two attempts to connect.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// A connection that lasted so long was a good one: its loss is followed by an attempt soon.
const GOOD: Duration = Duration::from_secs(10);
/// The longest time until a server that only reads is left for the one that its name leads to now.
const PATIENCE: Duration = Duration::from_secs(600);
/// The time between two looks at the server's clock.
const LOOKS: Duration = Duration::from_secs(60);
/// A connection is given up after so many commands in turn whose answers do not come in time. One alone says little:
/// this process or the server may have had no processor.
const MAX_TIMEOUTS: usize = 3;

/// The connection to the server.
pub struct Connection {
    shared: Arc<Inner>,
    live: watch::Receiver<Option<Live>>,
    task: JoinHandle<()>,
}

struct Inner {
    settings: Arc<Settings>,
    clock: Clock,
    metrics: Metrics,
    /// That of this client in the metrics.
    number: u64,
    log: Log,
    under_way: Semaphore,
    /// A command failed in a way that makes the connection useless.
    lost: Notify,
    /// The server only reads: another one has become the primary, and the connection does not follow.
    only_reads: Notify,
    /// Whether the log has been told what the server refuses.
    has_told: AtomicBool,
}

impl Connection {
    /// Connects in a task, which ends with the returned value.
    pub fn start(settings: Arc<Settings>, clock: Clock, metrics: Metrics, log: Log) -> Self {
        let (sender, live) = watch::channel(None);
        let shared = Arc::new(Inner {
            settings,
            clock,
            number: metrics.redis_client(),
            metrics,
            log,
            under_way: Semaphore::new(MAX_UNDER_WAY),
            lost: Notify::new(),
            only_reads: Notify::new(),
            has_told: AtomicBool::new(false),
        });
        let task = tokio::spawn(Arc::clone(&shared).keep(sender));
        Self { shared, live, task }
    }

    /// Waits until it is connected, at most so long. Returns whether it is.
    pub async fn connected(&self, longest: Duration) -> bool {
        let mut live = self.live.clone();
        matches!(timeout(longest, live.wait_for(Option::is_some)).await, Ok(Ok(_)))
    }

    /// Sends commands together and returns their answers, which may be errors. `None` if there is no connection, or
    /// the answers do not come in time.
    pub async fn call(&self, commands: &Pipeline) -> Option<Vec<Value>> {
        let Inner { settings, metrics, under_way, lost, .. } = &*self.shared;
        let mut live = self.live.borrow().clone()?;
        let began = Instant::now();
        let Ok(place) = timeout(settings.timeout / 2, under_way.acquire()).await else {
            // The server is slow, or there is more to do than it can; others find out which.
            metrics.redis_failed(RedisFailure::Busy);
            return None;
        };
        let left = settings.timeout.saturating_sub(began.elapsed());
        let answers = timeout(left, live.commands.send_packed_commands(commands, 0, commands.len())).await;
        drop(place);
        match answers {
            Ok(Ok(values)) if values.len() == commands.len() => {
                live.received.store(0, Ordering::Relaxed);
                live.timeouts.store(0, Ordering::Relaxed);
                self.shared.look_for_errors(&values);
                Some(values)
            }
            Ok(_) => {
                metrics.redis_failed(RedisFailure::Lost);
                lost.notify_one();
                None
            }
            Err(_) => {
                metrics.redis_failed(RedisFailure::Timeout);
                if live.timeouts.fetch_add(1, Ordering::Relaxed) + 1 >= MAX_TIMEOUTS {
                    lost.notify_one();
                }
                None
            }
        }
    }
}

impl Inner {
    /// Keeps a connection.
    async fn keep(self: Arc<Self>, live: watch::Sender<Option<Live>>) {
        let mut pause = PAUSES.0;
        // A name that leads to a server that only reads would be connected all the time.
        let mut patience = GOOD;
        let mut is_told = false;
        loop {
            match connect(&self.settings, &self.clock).await {
                Ok((connection, driver)) => {
                    let since = Instant::now();
                    self.metrics.redis_up(self.number, true);
                    self.log.info("the shared cache is connected", &[("address", self.address().as_str().into())]);
                    is_told = false;
                    self.has_told.store(false, Ordering::Relaxed);
                    let end = self.watch(connection, driver, &live, patience).await;
                    self.metrics.redis_up(self.number, false);
                    patience = if end == End::OnlyReads { (patience * 2).min(PATIENCE) } else { GOOD };
                    self.tell(&end.to_string());
                    if since.elapsed() > GOOD {
                        pause = PAUSES.0;
                    }
                }
                Err(why) => {
                    self.metrics.redis_up(self.number, false);
                    if is_told {
                        tracing::debug!(%why, "the shared cache cannot be reached");
                    } else {
                        is_told = true;
                        self.tell(&why.to_string());
                    }
                }
            }
            sleep(pause.mul_f64(0.8 + 0.4 * fastrand::f64())).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Offers a connection until it is lost, or, after `patience`, the server only reads. Returns why it ends.
    async fn watch(
        &self,
        connection: Live,
        mut driver: Driver,
        live: &watch::Sender<Option<Live>>,
        patience: Duration,
    ) -> End {
        // A command of the connection before may have told of its loss.
        let _ = timeout(Duration::ZERO, self.lost.notified()).await;
        let since = Instant::now();
        let mut look = since + LOOKS;
        live.send_replace(Some(connection.clone()));
        let end = loop {
            tokio::select! {
                _ = &mut driver.0 => break End::Closed,
                () = self.lost.notified() => break End::Lost,
                () = self.only_reads.notified() => {
                    if since.elapsed() > patience {
                        break End::OnlyReads;
                    }
                }
                () = sleep_until(look) => {
                    if let Err(why) = compare_clocks(&self.clock, connection.clone()).await {
                        break End::Unusable(why.to_string());
                    }
                    look = Instant::now() + LOOKS;
                }
            }
        };
        live.send_replace(None);
        end
    }

    fn address(&self) -> String {
        self.settings.address()
    }

    fn tell(&self, why: &str) {
        let address = self.address();
        let fields = [("address", Field::from(&*address)), ("reason", Field::from(why))];
        self.log.warn("the shared cache is not used: it costs calls and time until it is reached", &fields);
    }

    /// Counts commands that the server refuses, and tells of the first: a user without a permission, a server without
    /// memory or that only reads.
    fn look_for_errors(&self, values: &[Value]) {
        for value in values {
            let Some(why) = refusal(value) else { continue };
            self.metrics.redis_failed(RedisFailure::Refused);
            if why.code() == "READONLY" {
                self.only_reads.notify_one();
            }
            if !self.has_told.swap(true, Ordering::Relaxed) {
                let (address, why) = (self.address(), shown(&why.clone().into()));
                let fields = [("address", Field::from(&*address)), ("reason", Field::from(&*why))];
                self.log.warn("the shared cache refuses a command", &fields);
            }
        }
    }
}

/// Why a connection ends.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum End {
    #[error("the connection is closed")]
    Closed,
    #[error("commands failed or took too long")]
    Lost,
    #[error("the server only reads: it is not the primary, or no longer")]
    OnlyReads,
    #[error("{0}")]
    Unusable(String),
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({})", self.shared.address())
    }
}

/// The error that the server answers, unless it is about what is stored there: a script that it does not know yet,
/// which is then sent to it, or an entry of another type, which is not believed.
pub fn refusal(value: &Value) -> Option<&ServerError> {
    match value {
        Value::ServerError(why) if !matches!(why.code(), "NOSCRIPT" | "WRONGTYPE") => Some(why),
        _ => None,
    }
}
