//! The last decisions, each kind in a ring of its own: a busy cluster admits hundreds a second, and what it refuses is
//! what people look for.
//!
//! Adding one costs a counter and a lock that only another addition of the same place, a whole round later, or a look
//! at the page would hold. The record is moved in, and nothing is copied unless it is large.

use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::decision::{Decided, Verdict, Why};
use crate::frontends::Record;

/// As many decisions of each kind are kept.
pub(super) const EACH: usize = 64;
/// A record that holds more bytes is shortened. A Pod with ten containers has less.
const MOST: usize = 8 * 1024;
/// The longest text of a record that is shortened.
const TEXT: usize = 512;

/// A decision, and when it was made.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub at: SystemTime,
    pub took: Duration,
    pub record: Record,
    /// Images that were left out of `record`.
    pub more: usize,
    /// Counted up in each ring: what came later is higher.
    pub number: u64,
}

/// The decisions by their kinds.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Requests that were refused or could not be judged.
    stopped: Ring,
    /// Requests that were allowed although an image was not verified: by rules that warn or audit.
    let_through: Ring,
    admitted: Ring,
}

#[derive(Debug)]
struct Ring {
    next: AtomicU64,
    slots: Box<[Mutex<Option<Entry>>]>,
}

impl Default for Ring {
    fn default() -> Self {
        Self { next: AtomicU64::new(0), slots: (0..EACH).map(|_| Mutex::default()).collect() }
    }
}

impl Ring {
    fn add(&self, mut entry: Entry) {
        entry.number = self.next.fetch_add(1, Ordering::Relaxed);
        let place = usize::try_from(entry.number % EACH as u64).unwrap_or_default();
        let mut slot = self.slots[place].lock().unwrap_or_else(PoisonError::into_inner);
        // A thread that was slower by a whole round has the older decision.
        if slot.as_ref().is_none_or(|known| known.number < entry.number) {
            let old = mem::replace(&mut *slot, Some(entry));
            drop(slot);
            drop(old);
        }
    }

    fn entries(&self) -> impl Iterator<Item = Entry> {
        self.slots.iter().filter_map(|slot| slot.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Kept {
    pub fn add(&self, record: Record, took: Duration) {
        let ring = match record.verdict {
            Verdict::Refused | Verdict::Undetermined => &self.stopped,
            Verdict::Allowed if record.images.iter().any(|image| !image.outcome.is_good()) => &self.let_through,
            Verdict::Allowed => &self.admitted,
        };
        let (record, more) = if bytes(&record) > MOST { shortened(record) } else { (record, 0) };
        ring.add(Entry { at: SystemTime::now(), took, record, more, number: 0 });
    }

    /// The decisions of each kind, the latest first: those that were stopped, let through, and admitted.
    pub fn latest(&self) -> [Vec<Entry>; 3] {
        [&self.stopped, &self.let_through, &self.admitted].map(|ring| {
            let mut entries: Vec<Entry> = ring.entries().collect();
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.number));
            entries
        })
    }
}

/// The texts of a record that come from its request.
fn texts(record: &mut Record) -> impl Iterator<Item = &mut String> {
    let Record { uid, user, namespace, kind, name, operation, .. } = record;
    [uid, user, namespace, kind, name, operation].into_iter().flatten()
}

/// The memory of a record, about.
fn bytes(record: &Record) -> usize {
    let Record { uid, user, namespace, kind, name, operation, .. } = record;
    let texts = [uid, user, namespace, kind, name, operation].into_iter().flatten().map(String::capacity);
    texts.chain(record.images.iter().map(image_bytes)).sum()
}

/// The image is in its decision, in its parts, and in the texts that are written from it.
fn image_bytes(image: &Decided) -> usize {
    let why = image.why.as_ref().map_or(0, |why| why.message.len());
    256 + 6 * image.image.len() + 3 * why
}

/// The record within its bounds, the bad images first, and how many images were left out.
fn shortened(mut record: Record) -> (Record, usize) {
    for text in texts(&mut record) {
        *text = start(text).to_owned();
    }
    let all = record.images.len();
    let (bad, good): (Vec<_>, Vec<_>) =
        mem::take(&mut record.images).into_iter().partition(|image| !image.outcome.is_good());
    let mut left = MOST;
    let cut = |image: Decided| match image_bytes(&image) > MOST {
        true => image.changed(|image| {
            image.image = start(&image.image).to_owned();
            image.name = None;
            image.why =
                image.why.take().map(|why| Arc::new(Why { message: start(&why.message).to_owned(), ..(*why).clone() }));
        }),
        false => image,
    };
    let images = bad.into_iter().chain(good).map(cut);
    let fits = images.take_while(|image| {
        let bytes = image_bytes(image);
        let fits = bytes <= left;
        left = left.saturating_sub(bytes);
        fits
    });
    record.images = fits.collect();
    let more = all - record.images.len();
    (record, more)
}

/// The start of a text.
fn start(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT)]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::thread;

    use super::*;
    use crate::decision::Outcome;
    use crate::frontends::scripted::decision;

    fn record(verdict: Verdict, name: &str, outcomes: &[Outcome]) -> Record {
        Record {
            adapter: "kubernetes",
            uid: None,
            user: None,
            namespace: None,
            kind: None,
            name: Some(name.to_owned()),
            operation: None,
            dry_run: false,
            verdict,
            images: outcomes.iter().map(|outcome| decision("a:1", *outcome).into()).collect(),
        }
    }

    fn names(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.record.name.as_deref().unwrap()).collect()
    }

    #[test]
    fn admissions_push_no_refusal_out() {
        let kept = Kept::default();
        kept.add(record(Verdict::Refused, "refused", &[Outcome::Refused]), Duration::ZERO);
        kept.add(record(Verdict::Allowed, "audited", &[Outcome::Refused]), Duration::ZERO);
        kept.add(record(Verdict::Undetermined, "unknown", &[Outcome::Undetermined]), Duration::ZERO);
        for number in 0..10 * EACH {
            kept.add(record(Verdict::Allowed, &number.to_string(), &[Outcome::Verified]), Duration::ZERO);
        }
        let [stopped, let_through, admitted] = kept.latest();
        assert_eq!((names(&stopped), names(&let_through)), (vec!["unknown", "refused"], vec!["audited"]));
        let expected: Vec<String> = (9 * EACH..10 * EACH).rev().map(|number| number.to_string()).collect();
        assert_eq!(names(&admitted), expected);
    }

    #[test]
    fn threads_lose_none_of_the_latest() {
        let kept = Arc::new(Kept::default());
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        kept.add(record(Verdict::Allowed, "a", &[]), Duration::ZERO);
                    }
                });
            }
        });
        let numbers: Vec<u64> = kept.latest()[2].iter().map(|entry| entry.number).collect();
        assert_eq!(numbers, (8000 - EACH as u64..8000).rev().collect::<Vec<_>>());
    }

    #[test]
    fn a_large_record_is_shortened_and_its_bad_images_stay() {
        let kept = Kept::default();
        let mut large = record(Verdict::Refused, &"ä".repeat(1 << 20), &[Outcome::Verified; 512]);
        large.images.push(decision(&format!("bad/{}", "x".repeat(1 << 20)), Outcome::Refused).into());
        kept.add(large, Duration::ZERO);
        let [stopped, ..] = kept.latest();
        let Entry { record, more, .. } = &stopped[0];
        assert!(bytes(record) < 2 * MOST, "{}", bytes(record));
        assert_eq!(record.images[0].outcome, Outcome::Refused);
        assert_eq!(record.images[0].image.len(), TEXT);
        assert_eq!(record.images.len() + more, 513);
        assert_eq!(record.name.as_ref().unwrap().len(), TEXT);
        // A usual one is kept as it is.
        let usual = Record {
            images: std::iter::repeat_n(decision("a.example/b:1", Outcome::Verified).into(), 9).collect(),
            ..record.clone()
        };
        assert!(bytes(&usual) < MOST);
    }
}
