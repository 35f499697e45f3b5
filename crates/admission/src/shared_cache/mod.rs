//! The cache that replicas share, in Redis or Valkey: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.
//!
//! An attacker who can write there, but has none of the [`Keys`], can delete entries, put old ones back as long as they
//! count, and keep replicas from sharing. That costs calls and time. It makes no verdict better than AWS Signer's
//! answer was within its time.
//!
//! | File | What it has |
//! |---|---|
//! | `settings` | [`Settings`]: the address, secrets and keys, read from files |
//! | `connection` | one connection for all commands, made again when it is lost |
//! | `connect` | making it: TLS, login, and a look at the server's clock |
//! | `bounded_stream` | a bound for what the server sends |
//! | `entry` | entries with a MAC, which are believed only under their own key and in their time |
//! | `answers` | answers about revocation as the content of entries |
//! | `signature` | signatures as the content of entries |
//! | `lease` | whose turn it is to ask |
//! | `bucket` | the token bucket of all replicas |
//! | `script` | scripts that the server runs |

mod answers;
mod bounded_stream;
mod bucket;
mod connect;
mod connection;
mod entry;
mod lease;
mod script;
mod settings;
mod signature;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use notation::revocation::{BoxFuture, RevocationStatus};
use redis::{Pipeline, Value, pipe};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

use self::connection::{Connection, refusal};
pub use self::entry::{Keys, Rejection};
use self::entry::{Kind, MAX_ENTRY, Milliseconds, Name};
use self::lease::Lease;
pub(crate) use self::settings::check_url;
pub use self::settings::{Settings, SettingsError};
use crate::cache::{Clock, Key};
use crate::decision::{Rate, Shared, SharedAnswer, SharedSignature, Token, Turn, Wanted};
use crate::log::{Field, Log};
use crate::metrics::{CacheName, CacheResult, Metrics};

/// The pauses between two looks for the answer of another replica.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(100));
/// Answers whose times differ by less are the same one: clocks are not read at the same moment.
const SAME: Duration = Duration::from_millis(100);

/// The cache that replicas share.
#[derive(Debug)]
pub struct SharedCache {
    settings: Arc<Settings>,
    connection: Arc<Connection>,
    clock: Clock,
    metrics: Metrics,
    log: Log,
    /// Whether the log has been told of a suspicious entry.
    has_told: AtomicBool,
}

/// What a look came to.
enum Look {
    Known(SharedAnswer),
    /// There is no answer that is good enough. Says whether it is this replica's turn to ask.
    Absent {
        is_my_turn: bool,
    },
    /// The server does not answer, or refuses.
    Gone,
}

impl SharedCache {
    /// Connects in the background, in a task of the current runtime, which ends with the returned value.
    #[must_use]
    pub fn new(settings: Settings, clock: Clock, metrics: Metrics, log: Log) -> Self {
        let settings = Arc::new(settings);
        let connection = Connection::start(Arc::clone(&settings), clock.clone(), metrics.clone(), log.clone());
        let has_told = AtomicBool::new(false);
        Self { settings, connection: Arc::new(connection), clock, metrics, log, has_told }
    }

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Waits until it is connected, at most so long. Returns whether it is.
    pub async fn connected(&self, longest: Duration) -> bool {
        self.connection.connected(longest).await
    }

    fn now(&self) -> Milliseconds {
        Milliseconds::of(self.clock.utc())
    }

    /// What an entry has, if it is believed.
    fn opened<'a>(&self, kind: Kind, name: &Name, value: &'a Value) -> Result<Option<entry::Opened<'a>>, Rejection> {
        let bytes: &[u8] = match value {
            Value::BulkString(bytes) if bytes.is_empty() => return Ok(None),
            Value::BulkString(bytes) => bytes,
            Value::Nil => return Ok(None),
            // The connection has counted it.
            _ if refusal(value).is_some() => return Ok(None),
            // A value of another type: a list, a set.
            _ => return Err(Rejection::Malformed),
        };
        self.settings.keys.open(kind, name, bytes, self.now()).map(Some)
    }

    fn answer(&self, kind: Kind, name: &Name, value: &Value) -> Result<Option<SharedAnswer>, Rejection> {
        let Some(opened) = self.opened(kind, name, value)? else { return Ok(None) };
        let status = answers::read(opened.body, kind).ok_or(Rejection::Malformed)?;
        Ok(Some(SharedAnswer { status, asked: opened.asked.utc() }))
    }

    /// Counts what is not believed, and tells of the first suspicious entry.
    fn believed<T>(&self, found: Result<Option<T>, Rejection>) -> Option<T> {
        found.unwrap_or_else(|rejection| {
            self.metrics.redis_rejected(rejection);
            if Rejection::SUSPICIOUS.contains(&rejection) && !self.has_told.swap(true, Ordering::Relaxed) {
                let (address, why) = (self.settings.address(), rejection.to_string());
                let fields = [("address", Field::from(&*address)), ("reason", Field::from(&*why))];
                self.log.warn("an entry of the shared cache is not believed", &fields);
            }
            None
        })
    }

    /// Looks for an answer. With a lease, takes the turn if there is no answer and no other replica has it.
    async fn look(&self, key: &Key, wanted: &Wanted, lease: Option<&Lease>) -> Look {
        let (revoked, current) = names(key);
        let mut commands = pipe();
        if let Some(lease) = lease {
            lease.take(&mut commands);
        }
        get(&mut commands, Kind::Revoked, &revoked);
        get(&mut commands, Kind::NotRevoked, &current);
        let Some(values) = self.connection.call(&commands).await else { return Look::Gone };
        // One that only reads, or has no memory left, would never give a turn to anyone.
        if values.iter().any(|value| refusal(value).is_some()) {
            return Look::Gone;
        }
        let [first @ .., is_revoked, is_current] = &values[..] else { return Look::Gone };
        let is_my_turn = matches!(first, [Value::Okay]);
        let answers = [(Kind::Revoked, &revoked, is_revoked), (Kind::NotRevoked, &current, is_current)];
        let [is_revoked, is_current] = answers.map(|(kind, name, value)| {
            let found = self.answer(kind, name, value);
            // What is not believed counts once for a question, which is the look without a lease.
            if lease.is_none() { self.believed(found) } else { found.unwrap_or_default() }
        });
        // A revocation counts whatever else there is.
        if let Some(answer) = is_revoked {
            return Look::Known(answer);
        }
        let oldest = self.clock.utc() - wanted.age;
        let is_wanted = |answer: &SharedAnswer| {
            answer.asked > oldest && wanted.after.is_none_or(|after| answer.asked > after + SAME)
        };
        match is_current.filter(is_wanted) {
            Some(answer) => Look::Known(answer),
            None => Look::Absent { is_my_turn },
        }
    }

    async fn turn(&self, key: Key, wanted: Wanted, longest: Duration) -> Turn {
        let found = |result| self.metrics.cache(CacheName::Redis, result);
        match self.look(&key, &wanted, None).await {
            Look::Known(answer) => {
                found(CacheResult::Hit);
                return Turn::Known(answer);
            }
            Look::Gone => return Turn::Ask(None),
            Look::Absent { .. } => {}
        }
        let lease = Lease::new(&key, Arc::clone(&self.connection));
        let (end, mut pause) = (Instant::now() + longest, PAUSES.0);
        loop {
            match self.look(&key, &wanted, Some(&lease)).await {
                Look::Known(answer) => {
                    // If it was taken in the same moment, dropping it gives it back.
                    found(CacheResult::Shared);
                    return Turn::Known(answer);
                }
                Look::Gone => return Turn::Ask(None),
                Look::Absent { is_my_turn: true } => {
                    found(CacheResult::Miss);
                    return Turn::Ask(Some(Box::new(lease.held())));
                }
                Look::Absent { is_my_turn: false } if Instant::now() + pause > end => {
                    found(CacheResult::Miss);
                    return Turn::Ask(None);
                }
                Look::Absent { is_my_turn: false } => {}
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    async fn keep(&self, key: Key, answer: &SharedAnswer, expires: OffsetDateTime) -> Option<SharedAnswer> {
        let (revoked, current) = names(&key);
        let (kind, name) = match &answer.status {
            RevocationStatus::NotRevoked(_) => (Kind::NotRevoked, &current),
            RevocationStatus::Revoked { .. } => (Kind::Revoked, &revoked),
            RevocationStatus::Unknown(_) => return None,
        };
        let body = answers::written(&answer.status)?;
        let mut commands = pipe();
        self.set(&mut commands, kind, name, answer.asked, expires, &body);
        if kind == Kind::Revoked {
            commands.cmd("DEL").arg(current.in_redis(Kind::NotRevoked));
            self.connection.call(&commands).await?;
            return None;
        }
        // Another replica may have learned of a revocation meanwhile.
        get(&mut commands, Kind::Revoked, &revoked);
        let values = self.connection.call(&commands).await?;
        self.believed(self.answer(Kind::Revoked, &revoked, values.last()?))
    }

    fn set(
        &self,
        commands: &mut Pipeline,
        kind: Kind,
        name: &Name,
        asked: OffsetDateTime,
        expires: OffsetDateTime,
        body: &[u8],
    ) {
        let (asked, expires) = (Milliseconds::of(asked), Milliseconds::of(expires));
        let entry = self.settings.keys.seal(kind, name, asked, expires, body);
        let left = expires.after(self.now()).max(1);
        commands.cmd("SET").arg(name.in_redis(kind)).arg(entry).arg("PX").arg(left);
    }

    async fn copy(&self, key: Key) -> Option<SharedSignature> {
        let name = self.settings.keys.private_name(&key);
        let mut commands = pipe();
        get(&mut commands, Kind::Signature, &name);
        let values = self.connection.call(&commands).await?;
        let opened = self.opened(Kind::Signature, &name, values.first()?);
        let read = |opened: entry::Opened<'_>| signature::read(opened.body).ok_or(Rejection::Malformed);
        let signature = self.believed(opened.and_then(|opened| opened.map(read).transpose()));
        let result = if signature.is_some() { CacheResult::Hit } else { CacheResult::Miss };
        self.metrics.cache(CacheName::Redis, result);
        signature
    }

    async fn keep_copy(&self, key: Key, signature: &SharedSignature, expires: OffsetDateTime) {
        let name = self.settings.keys.private_name(&key);
        let body = signature::written(signature);
        if body.len() + entry::OVERHEAD > MAX_ENTRY {
            return;
        }
        let mut commands = pipe();
        self.set(&mut commands, Kind::Signature, &name, self.clock.utc(), expires, &body);
        self.connection.call(&commands).await;
    }
}

impl Shared for SharedCache {
    fn revocation<'a>(&'a self, key: Key, wanted: Wanted, longest: Duration) -> BoxFuture<'a, Turn> {
        Box::pin(self.turn(key, wanted, longest))
    }

    fn keep_revocation<'a>(
        &'a self,
        key: Key,
        answer: &'a SharedAnswer,
        expires: OffsetDateTime,
    ) -> BoxFuture<'a, Option<SharedAnswer>> {
        Box::pin(self.keep(key, answer, expires))
    }

    fn signature(&self, key: Key) -> BoxFuture<'_, Option<SharedSignature>> {
        Box::pin(self.copy(key))
    }

    fn keep_signature<'a>(
        &'a self,
        key: Key,
        signature: &'a SharedSignature,
        expires: OffsetDateTime,
    ) -> BoxFuture<'a, ()> {
        Box::pin(self.keep_copy(key, signature, expires))
    }

    fn take(&self, key: Key, rate: Rate, longest: Duration) -> BoxFuture<'_, Option<Token>> {
        Box::pin(bucket::take(&self.connection, key, rate, longest))
    }
}

/// The names of a revocation, and of what is not revoked. They are two, so that the one cannot replace the other.
fn names(key: &Key) -> (Name, Name) {
    (Name::of(Kind::Revoked, key), Name::of(Kind::NotRevoked, key))
}

/// Reads a value, as much of it as an entry may have and a byte more, which shows that it is too long.
fn get(commands: &mut Pipeline, kind: Kind, name: &Name) {
    commands.cmd("GETRANGE").arg(name.in_redis(kind)).arg(0).arg(MAX_ENTRY);
}
