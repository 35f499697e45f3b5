//! One connection for all commands, made again in the background when it is lost. No request waits for that: without a
//! connection, a command fails at once.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use notary::text::printable;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Pipeline, RedisConnectionInfo, RedisError, ServerError, Value, cmd};
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;

use super::bounded_stream::BoundedStream;
use super::entry::MAX_ENTRY;
use super::settings::Settings;
use crate::cache::Clock;
use crate::log::{Field, Log};
use crate::metrics::{Metrics, RedisFailure};

/// The time for a connection with TLS and login.
const CONNECTING: Duration = Duration::from_secs(2);
/// The pauses between two attempts to connect.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// A connection that lasted so long was a good one: its loss is followed by an attempt soon.
const GOOD: Duration = Duration::from_secs(10);
/// The time between two looks at the server's clock.
const LOOKS: Duration = Duration::from_secs(60);
/// How much the clock of this replica may differ from that of the server. All replicas compare theirs with it, so that
/// two of them differ by at most twice as much.
const SKEW: Duration = Duration::from_secs(2);
/// A connection is given up after so many commands in turn whose answers do not come in time. One alone says little:
/// this process or the server may have had no processor.
const MAX_TIMEOUTS: usize = 3;
/// The most commands under way; others wait.
const MAX_UNDER_WAY: usize = 64;
/// The most bytes of the answers to those: each has at most two entries. They take some times as many bytes when
/// parsed.
const MAX_RECEIVED: usize = MAX_UNDER_WAY * (2 * MAX_ENTRY + 1024);

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
    log: Log,
    under_way: Semaphore,
    /// A command failed in a way that makes the connection useless.
    lost: Notify,
    /// Whether the log has been told what the server refuses.
    has_told: AtomicBool,
}

/// A connection that works.
#[derive(Clone)]
struct Live {
    commands: MultiplexedConnection,
    /// The bytes that were received since the last answer.
    received: Arc<AtomicUsize>,
    /// The commands since the last answer that were not answered in time.
    timeouts: Arc<AtomicUsize>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("no answer within {} s", CONNECTING.as_secs())]
    Time,
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{}", shown(.0))]
    Redis(#[from] RedisError),
    #[error("its clock and that of this replica differ by {0:.1} s, at most {max} s are permitted; correct the clocks", max = SKEW.as_secs())]
    Clock(f64),
    #[error("it does not tell the time: it is not Redis")]
    NotRedis,
}

/// What the server says is not trusted to be short or printable.
fn shown(why: &RedisError) -> String {
    printable(&why.to_string())
}

impl Connection {
    /// Connects in a task, which ends with the returned value.
    pub fn start(settings: Arc<Settings>, clock: Clock, metrics: Metrics, log: Log) -> Self {
        let (sender, live) = watch::channel(None);
        let shared = Arc::new(Inner {
            settings,
            clock,
            metrics,
            log,
            under_way: Semaphore::new(MAX_UNDER_WAY),
            lost: Notify::new(),
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
        let mut is_told = false;
        loop {
            match self.connect().await {
                Ok((connection, driver)) => {
                    let since = Instant::now();
                    self.metrics.redis_up(true);
                    self.log.info("the shared cache is connected", &[("address", self.address().as_str().into())]);
                    is_told = false;
                    self.has_told.store(false, Ordering::Relaxed);
                    let why = self.watch(connection, driver, &live).await;
                    self.metrics.redis_up(false);
                    self.tell(&why);
                    if since.elapsed() > GOOD {
                        pause = PAUSES.0;
                    }
                }
                Err(why) => {
                    // The connection of the settings before may have been one.
                    self.metrics.redis_up(false);
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

    /// Offers a connection until it is lost. Returns why it is.
    async fn watch(&self, connection: Live, mut driver: Driver, live: &watch::Sender<Option<Live>>) -> String {
        // A command of the connection before may have told of its loss.
        let _ = timeout(Duration::ZERO, self.lost.notified()).await;
        live.send_replace(Some(connection.clone()));
        let why = loop {
            tokio::select! {
                _ = &mut driver.0 => break "the connection is closed".to_owned(),
                () = self.lost.notified() => break "commands failed or took too long".to_owned(),
                () = sleep(LOOKS) => {
                    if let Err(why) = self.compare_clocks(connection.clone()).await {
                        break why.to_string();
                    }
                }
            }
        };
        live.send_replace(None);
        why
    }

    async fn connect(&self) -> Result<(Live, Driver), Failure> {
        timeout(CONNECTING, self.connect_slowly()).await.unwrap_or(Err(Failure::Time))
    }

    async fn connect_slowly(&self) -> Result<(Live, Driver), Failure> {
        let settings = &self.settings;
        let stream = TcpStream::connect((&*settings.host, settings.port)).await?;
        stream.set_nodelay(true)?;
        let (live, driver) = match &settings.tls {
            None => self.log_in(stream).await?,
            Some(tls) => {
                let connector = TlsConnector::from(Arc::clone(&tls.config));
                self.log_in(connector.connect(tls.name.clone(), stream).await?).await?
            }
        };
        self.compare_clocks(live.clone()).await?;
        Ok((live, driver))
    }

    async fn log_in(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<(Live, Driver), Failure> {
        let settings = &self.settings;
        let mut info = RedisConnectionInfo::default().set_db(settings.database).set_skip_set_lib_name();
        if let Some(username) = &settings.username {
            info = info.set_username(username.reveal());
        }
        if let Some(password) = &settings.password {
            info = info.set_password(password.reveal());
        }
        let received = Arc::new(AtomicUsize::new(0));
        let stream = BoundedStream::new(stream, Arc::clone(&received), MAX_RECEIVED);
        // The time for an answer is set for each command.
        let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
        let (commands, driver) = MultiplexedConnection::new_with_config(&info, stream, config).await?;
        Ok((Live { commands, received, timeouts: Arc::default() }, Driver(tokio::spawn(driver))))
    }

    /// Entries have times: a replica whose clock is wrong would use answers for too long, or have others do so.
    async fn compare_clocks(&self, mut live: Live) -> Result<(), Failure> {
        let before = self.clock.utc();
        let answer = timeout(CONNECTING, live.commands.send_packed_command(&cmd("TIME"))).await;
        let answer = answer.map_err(|_| Failure::Time)??;
        let after = self.clock.utc();
        live.received.store(0, Ordering::Relaxed);
        if let Value::ServerError(why) = answer {
            return Err(Failure::Redis(why.into()));
        }
        let theirs = server_time(&answer).ok_or(Failure::NotRedis)?;
        let difference = if theirs < before { before - theirs } else { theirs - after };
        let difference = Duration::try_from(difference).unwrap_or_default();
        if difference > SKEW { Err(Failure::Clock(difference.as_secs_f64())) } else { Ok(()) }
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
            if !self.has_told.swap(true, Ordering::Relaxed) {
                let (address, why) = (self.address(), shown(&why.clone().into()));
                let fields = [("address", Field::from(&*address)), ("reason", Field::from(&*why))];
                self.log.warn("the shared cache refuses a command", &fields);
            }
        }
    }
}

/// The task that reads and writes.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
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

/// Seconds and microseconds.
fn server_time(answer: &Value) -> Option<OffsetDateTime> {
    let Value::Array(parts) = answer else { return None };
    let number = |value: &Value| match value {
        Value::BulkString(digits) => std::str::from_utf8(digits).ok()?.parse::<i64>().ok(),
        Value::Int(number) => Some(*number),
        _ => None,
    };
    let [seconds, microseconds] = &parts[..] else { return None };
    let nanoseconds = i128::from(number(seconds)?) * 1_000_000_000 + i128::from(number(microseconds)?) * 1000;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn the_time_of_a_server_is_read_strictly() {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let time = server_time(&Value::Array(vec![text("1800000000"), text("250000")])).unwrap();
        assert_eq!(time.unix_timestamp_nanos(), 1_800_000_000_250_000_000);
        for answer in [
            Value::Nil,
            Value::Array(vec![text("1")]),
            Value::Array(vec![text("1"), text("a")]),
            Value::Array(vec![text("9223372036854775807"), text("0")]),
        ] {
            assert_eq!(server_time(&answer), None);
        }
    }
}
