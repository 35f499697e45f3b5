//! What replicas ask their services for, request by request: the decision's walk through its caches, with the caches of
//! the product (`admission::cache`) at a time that is not the machine's. What it takes from the product beside them are
//! the times and sizes of a configuration.
//!
//! | Here | There |
//! |---|---|
//! | `Replica::image` | `decision::judge`, `decision::resolution` |
//! | `Replica::verify` | `decision::verification`, `decision::signatures` |
//! | `Replica::revocation`, `Redis` | `decision::revocation` |
//! | `Bucket` | `limits::RateLimit` |
//!
//! Answers come at once: two requests that ask the same within one answer's time are one more hit here, and `shared` in
//! the metrics.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use admission::cache::{Bounded, Key, Weight};
use admission::config::Config;

use super::workload::{Image, Pod};

/// What a call takes, of a service in the same region.
const REGISTRY: Duration = Duration::from_millis(25);
const SIGNER: Duration = Duration::from_millis(40);
const REDIS_CALL: Duration = Duration::from_millis(1);
/// A request whose images are all known.
const WARM: Duration = Duration::from_micros(300);
/// Checking a signature.
const ARITHMETIC: Duration = Duration::from_millis(1);
/// Envelopes do not change.
const ENVELOPE: Duration = Duration::from_secs(24 * 60 * 60);
/// A replica makes so many seconds of its calls at once.
const BURST: f64 = 2.0;

/// The times and sizes of a configuration.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub tag: Duration,
    pub signatures: Duration,
    pub ttl: Duration,
    pub memory: usize,
    pub entries: usize,
    /// The calls to AWS Signer a second that one bucket permits: that of a replica, or the shared one.
    pub rate: f64,
    pub deadline: Duration,
    pub redis: bool,
}

impl Settings {
    /// Those of a configuration, for so many replicas.
    pub fn of(config: &Config, replicas: u32, redis: bool) -> Self {
        let (cache, revocation) = (&config.cache, &config.aws.revocation);
        Self {
            tag: cache.tag,
            signatures: cache.signatures,
            ttl: revocation.ttl,
            memory: cache.memory,
            entries: cache.entries,
            // With a shared cache, the bucket is shared, too.
            rate: f64::from(revocation.rate.get()) / if redis { 1.0 } else { f64::from(replicas) },
            deadline: config.server.limits.deadline,
            redis,
        }
    }
}

/// The calls and the answers from memory, since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub resolve: u64,
    pub referrers: u64,
    pub fetch: u64,
    pub revocation: u64,
    pub tag: Asked,
    pub signatures: Asked,
    pub verdict: Asked,
    pub revocations: Asked,
    /// Commands to Redis.
    pub redis: u64,
    /// Images that were not judged for lack of quota.
    pub undetermined: u64,
}

/// Questions to a cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    pub hits: u64,
    pub misses: u64,
}

impl Asked {
    fn count<T>(&mut self, answer: Option<T>) -> Option<T> {
        match &answer {
            Some(_) => self.hits += 1,
            None => self.misses += 1,
        }
        answer
    }
}

/// An entry of a cache, of which only the size matters here.
#[derive(Debug)]
struct Entry {
    bytes: usize,
    /// When a list or an answer was asked for.
    asked: Instant,
}

impl Weight for Entry {
    fn heap(&self) -> usize {
        self.bytes
    }
}

/// What replicas share, if they do.
#[derive(Debug)]
pub struct Redis {
    answers: HashMap<Image, Instant>,
    envelopes: HashMap<Image, Instant>,
    bucket: Bucket,
}

impl Redis {
    pub fn new(settings: Settings, start: Instant) -> Self {
        Self { answers: HashMap::new(), envelopes: HashMap::new(), bucket: Bucket::new(settings, start) }
    }
}

/// One replica.
#[derive(Debug)]
pub struct Replica {
    settings: Settings,
    tags: Bounded<Entry>,
    lists: Bounded<Entry>,
    envelopes: Bounded<Entry>,
    verdicts: Bounded<Entry>,
    answers: Bounded<Entry>,
    bucket: Bucket,
    pub counts: Counts,
    /// The calls of AWS Signer by the second in which the quota lets them be made.
    pub called: HashMap<u64, u64>,
}

impl Replica {
    pub fn new(settings: Settings, start: Instant) -> Self {
        // The shares of `decision::memory`.
        let cache = |eighths: usize| Bounded::new(settings.memory / 8 * eighths, settings.entries);
        Self {
            settings,
            tags: cache(1),
            lists: cache(1),
            envelopes: cache(2),
            verdicts: cache(2),
            answers: cache(2),
            bucket: Bucket::new(settings, start),
            counts: Counts::default(),
            called: HashMap::new(),
        }
    }

    /// The bytes of all caches.
    pub fn bytes(&self) -> u64 {
        [&self.tags, &self.lists, &self.envelopes, &self.verdicts, &self.answers]
            .iter()
            .map(|cache| cache.size().1)
            .sum()
    }

    /// A request for the images of a Pod. Returns how long it takes: its images are judged at the same time.
    pub fn request(&mut self, pod: &Pod, is_by_digest: bool, now: Instant, redis: &mut Redis) -> Duration {
        let slowest = pod.images.iter().map(|image| self.image(*image, is_by_digest, now, redis)).max();
        WARM + slowest.unwrap_or_default()
    }

    fn image(&mut self, image: Image, is_by_digest: bool, now: Instant, redis: &mut Redis) -> Duration {
        let mut took = Duration::ZERO;
        if !is_by_digest {
            took += self.target(image, false, now);
        }
        let key = key("verdict", image);
        match self.verdicts.get(&key, now) {
            Some(verdict) => {
                self.counts.verdict.hits += 1;
                if verdict.is_due(now) {
                    self.verify(image, is_by_digest, true, now, redis);
                }
            }
            None => {
                self.counts.verdict.misses += 1;
                took += self.verify(image, is_by_digest, false, now, redis);
            }
        }
        took
    }

    /// The digest of a tag, or the descriptor of a digest.
    fn target(&mut self, image: Image, is_by_digest: bool, now: Instant) -> Duration {
        let (key, time) = match is_by_digest {
            true => (key("digest", image), self.settings.signatures),
            false => (key("tag", image), self.settings.tag),
        };
        let known = self.counts.tag.count(self.tags.get(&key, now));
        // A refresh keeps no request waiting.
        let took = if known.is_some() { Duration::ZERO } else { REGISTRY };
        if known.is_none_or(|known| known.is_due(now)) {
            self.counts.resolve += 1;
            self.tags.insert(key, Entry { bytes: 300, asked: now }, now, time);
        }
        took
    }

    /// A verification. A refresh waits for answers that are about to age, since no request waits for it.
    fn verify(
        &mut self,
        image: Image,
        is_by_digest: bool,
        is_refresh: bool,
        now: Instant,
        redis: &mut Redis,
    ) -> Duration {
        let mut took = ARITHMETIC;
        // The descriptor is known from the tag.
        if is_by_digest {
            took += self.target(image, true, now);
        }
        let list = key("signatures", image);
        let is_enough = |left: Duration| !is_refresh || left > self.settings.signatures / 2;
        let known = self.lists.get(&list, now).filter(|known| is_enough(known.left(now)));
        let listed = match self.counts.signatures.count(known) {
            Some(known) => known,
            None => {
                self.counts.referrers += 1;
                took += REGISTRY;
                self.lists.insert(list, Entry { bytes: 400, asked: now }, now, self.settings.signatures)
            }
        };
        took += self.envelope(image, now, redis);
        let Some((answered, waited)) = self.revocation(image, is_refresh, now, redis) else {
            self.counts.undetermined += 1;
            return took + self.settings.deadline;
        };
        let until = listed.until().min(answered);
        self.verdicts.insert(
            key("verdict", image),
            Entry { bytes: 350, asked: now },
            now,
            until.saturating_duration_since(now),
        );
        took + waited
    }

    fn envelope(&mut self, image: Image, now: Instant, redis: &mut Redis) -> Duration {
        let key = key("envelope", image);
        if self.envelopes.get(&key, now).is_some() {
            return Duration::ZERO;
        }
        self.envelopes.insert(key, Entry { bytes: 6500, asked: now }, now, ENVELOPE);
        if self.settings.redis {
            self.counts.redis += 1;
            if redis.envelopes.contains_key(&image) {
                return REDIS_CALL;
            }
            self.counts.redis += 1;
            redis.envelopes.insert(image, now);
        }
        self.counts.fetch += 1;
        // The manifest, and the envelope.
        2 * REGISTRY
    }

    /// Until when the image is known not to be revoked, and how long that takes to find out. `None` if the quota does
    /// not permit it in time.
    fn revocation(
        &mut self,
        image: Image,
        is_refresh: bool,
        now: Instant,
        redis: &mut Redis,
    ) -> Option<(Instant, Duration)> {
        let key = key("revocation", image);
        if let Some(known) = self.answers.get(&key, now) {
            self.counts.revocations.hits += 1;
            if !known.is_due(now) {
                return Some((known.until(), Duration::ZERO));
            }
            let (until, asked) = (known.until(), known.value.asked);
            if !is_refresh {
                // The request does not wait for it.
                let _ = self.ask(image, key, Some(asked), now, redis);
                return Some((until, Duration::ZERO));
            }
            self.counts.revocations.misses += 1;
            return self.ask(image, key, Some(asked), now, redis).or(Some((until, Duration::ZERO)));
        }
        self.counts.revocations.misses += 1;
        self.ask(image, key, None, now, redis)
    }

    /// Asks AWS Signer, or takes what another replica was told: something newer than what this one was told at `known`.
    fn ask(
        &mut self,
        image: Image,
        key: Key,
        known: Option<Instant>,
        now: Instant,
        redis: &mut Redis,
    ) -> Option<(Instant, Duration)> {
        let ttl = self.settings.ttl;
        let mut took = Duration::ZERO;
        if self.settings.redis {
            // The answer, and the turn to ask.
            self.counts.redis += 2;
            took += REDIS_CALL;
            // In place of one that is about to age, another one of that kind is no help.
            let (after, age) = known.map_or((None, ttl), |known| (Some(known), ttl / 4 * 3));
            let is_wanted = |asked: &&Instant| now.duration_since(**asked) < age && Some(**asked) > after;
            let shared = redis.answers.get(&image).filter(is_wanted);
            if let Some(asked) = shared.copied() {
                let entry = Entry { bytes: 64, asked };
                return Some((self.answers.insert(key, entry, asked, ttl).until(), took));
            }
            // The token, the answer, and the end of the turn.
            self.counts.redis += 3;
        }
        let bucket = if self.settings.redis { &mut redis.bucket } else { &mut self.bucket };
        let wait = bucket.wait(now, self.settings.deadline)?;
        let second = (now + wait).duration_since(bucket.start).as_secs();
        *self.called.entry(second).or_default() += 1;
        took += wait;
        self.counts.revocation += 1;
        if self.settings.redis {
            redis.answers.insert(image, now);
        }
        let answer = self.answers.insert(key, Entry { bytes: 64, asked: now }, now, ttl);
        Some((answer.until(), took + SIGNER))
    }
}

/// The calls that are permitted.
#[derive(Debug)]
struct Bucket {
    /// Seconds.
    interval: f64,
    /// When an evenly spaced next call would be made, in seconds since the start.
    next: f64,
    start: Instant,
}

impl Bucket {
    fn new(settings: Settings, start: Instant) -> Self {
        Self { interval: 1.0 / settings.rate, next: 0.0, start }
    }

    fn wait(&mut self, now: Instant, longest: Duration) -> Option<Duration> {
        let now = now.duration_since(self.start).as_secs_f64();
        let even = self.next.max(now);
        let wait = (even - (BURST - self.interval).max(0.0) - now).max(0.0);
        if wait > longest.as_secs_f64() {
            return None;
        }
        self.next = even + self.interval;
        Some(Duration::from_secs_f64(wait))
    }
}

fn key(kind: &str, image: Image) -> Key {
    Key::of(kind).with(image.number.to_be_bytes()).with(image.version.to_be_bytes()).key()
}

/// What all replicas together did.
pub fn sum(replicas: &[Replica]) -> Counts {
    let add = |one: Asked, two: Asked| Asked { hits: one.hits + two.hits, misses: one.misses + two.misses };
    replicas.iter().map(|replica| replica.counts).fold(Counts::default(), |one, two| Counts {
        resolve: one.resolve + two.resolve,
        referrers: one.referrers + two.referrers,
        fetch: one.fetch + two.fetch,
        revocation: one.revocation + two.revocation,
        tag: add(one.tag, two.tag),
        signatures: add(one.signatures, two.signatures),
        verdict: add(one.verdict, two.verdict),
        revocations: add(one.revocations, two.revocations),
        redis: one.redis + two.redis,
        undetermined: one.undetermined + two.undetermined,
    })
}
