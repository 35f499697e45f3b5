//! Making the connection: TLS, login, and a look at the server's clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use notary::text::printable;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, RedisError, Value, cmd};
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::bounded_stream::BoundedStream;
use super::entry::MAX_ENTRY;
use super::settings::Settings;
use crate::cache::Clock;

/// The time for a connection with TLS and login.
const CONNECTING: Duration = Duration::from_secs(2);
/// How much the clock of this replica may differ from that of the server. All replicas compare theirs with it, so that
/// two of them differ by at most twice as much.
const SKEW: Duration = Duration::from_secs(2);
/// The most commands under way; others wait.
pub const MAX_UNDER_WAY: usize = 64;
/// The most bytes that are received without an answer among them. It is many more than the entries of replicas have:
/// 64 signatures have 500,000. Arrays in arrays take 60 times as many bytes when parsed.
const MAX_RECEIVED: usize = 1 << 20;
// The largest answer has two entries, and most commands have smaller ones.
const _: () = assert!(MAX_RECEIVED >= 8 * (2 * MAX_ENTRY + 1024));

/// A connection that works.
#[derive(Clone)]
pub struct Live {
    pub commands: MultiplexedConnection,
    /// The bytes that were received since the last answer.
    pub received: Arc<AtomicUsize>,
    /// The commands since the last answer that were not answered in time.
    pub timeouts: Arc<AtomicUsize>,
}

/// The task that reads and writes.
pub struct Driver(pub JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
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
pub fn shown(why: &RedisError) -> String {
    printable(&why.to_string())
}

/// Connects and logs in, within a time.
pub async fn connect(settings: &Settings, clock: &Clock) -> Result<(Live, Driver), Failure> {
    timeout(CONNECTING, connect_slowly(settings, clock)).await.unwrap_or(Err(Failure::Time))
}

async fn connect_slowly(settings: &Settings, clock: &Clock) -> Result<(Live, Driver), Failure> {
    let stream = TcpStream::connect((&*settings.host, settings.port)).await?;
    stream.set_nodelay(true)?;
    let (live, driver) = match &settings.tls {
        None => log_in(settings, stream).await?,
        Some(tls) => {
            let connector = TlsConnector::from(Arc::clone(&tls.config));
            log_in(settings, connector.connect(tls.name.clone(), stream).await?).await?
        }
    };
    compare_clocks(clock, live.clone()).await?;
    Ok((live, driver))
}

async fn log_in(
    settings: &Settings,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<(Live, Driver), Failure> {
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
pub async fn compare_clocks(clock: &Clock, mut live: Live) -> Result<(), Failure> {
    let before = clock.utc();
    let answer = timeout(CONNECTING, live.commands.send_packed_command(&cmd("TIME"))).await;
    let answer = answer.map_err(|_| Failure::Time)??;
    let after = clock.utc();
    live.received.store(0, Ordering::Relaxed);
    if let Value::ServerError(why) = answer {
        return Err(Failure::Redis(why.into()));
    }
    let theirs = server_time(&answer).ok_or(Failure::NotRedis)?;
    let difference = if theirs < before { before - theirs } else { theirs - after };
    let difference = Duration::try_from(difference).unwrap_or_default();
    if difference > SKEW { Err(Failure::Clock(difference.as_secs_f64())) } else { Ok(()) }
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

    fn heap(value: &Value) -> usize {
        match value {
            Value::Array(parts) => parts.capacity() * size_of::<Value>() + 16 + parts.iter().map(heap).sum::<usize>(),
            _ => 0,
        }
    }

    #[test]
    fn the_worst_that_a_server_can_send_has_room_in_memory() {
        let chain = "*1\r\n".repeat(97) + "_\r\n";
        let count = MAX_RECEIVED / chain.len();
        let answer = redis::parse_redis_value(format!("*{count}\r\n{}", chain.repeat(count)).as_bytes()).unwrap();
        // The service has 256 MiB by default, a quarter of them for its caches.
        assert!(heap(&answer) < 80 << 20, "{} bytes", heap(&answer));
    }

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
