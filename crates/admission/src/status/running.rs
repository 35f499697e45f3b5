//! What the last scan of running Pods found, image by image: an image that runs in a thousand Pods is one row.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::decision::{ImageDecision, Outcome};
use crate::scan::Finding;

/// The most images that are listed.
pub(super) const MOST: usize = 200;
/// Longer names of images are cut.
const TEXT: usize = 512;

/// The images that run: those that would be refused first, then those that are not known, at most 200.
#[derive(Debug, Clone, Default)]
pub struct RunningList {
    rows: BTreeMap<(u8, String), Row>,
    counts: [u64; 4],
}

/// An image that runs.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub decision: ImageDecision,
    /// One of its places: `NAMESPACE/POD/CONTAINER`.
    pub place: String,
    /// How many containers run it.
    pub containers: u64,
}

/// A scan, and whether it could be repeated.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    pub(super) done: Option<Done>,
    /// When and why the last scan failed, if it did.
    pub(super) failure: Option<(SystemTime, String)>,
}

/// A scan that saw all Pods.
#[derive(Debug, Clone)]
pub(super) struct Done {
    pub at: SystemTime,
    pub took: Duration,
    pub list: RunningList,
}

impl Scan {
    /// A scan that ended now.
    #[must_use]
    pub fn done(list: RunningList, took: Duration) -> Self {
        Self { done: Some(Done { at: SystemTime::now(), took, list }), failure: None }
    }

    pub(super) fn fail(&mut self, why: &str, now: SystemTime) {
        self.failure = Some((now, why.to_owned()));
    }
}

/// Bad ones first. An image of the same name may be judged differently in two namespaces.
pub(super) fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Refused => 0,
        Outcome::Undetermined => 1,
        Outcome::Verified => 2,
        Outcome::Exempt => 3,
    }
}

impl RunningList {
    /// Adds an image.
    pub fn add(&mut self, finding: &Finding) {
        let decision = &finding.decision;
        let rank = rank(decision.outcome);
        self.counts[usize::from(rank)] += 1;
        let image = &decision.image[..decision.image.floor_char_boundary(TEXT)];
        let key = (rank, image.to_owned());
        if let Some(row) = self.rows.get_mut(&key) {
            row.containers += 1;
            return;
        }
        if self.rows.len() >= MOST {
            // Those at the end make room for worse ones.
            match self.rows.last_key_value() {
                Some((last, _)) if key < *last => self.rows.pop_last(),
                _ => return,
            };
        }
        let decision = ImageDecision { image: image.to_owned(), ..decision.clone() };
        self.rows.insert(key, Row { decision, place: finding.place(), containers: 1 });
    }

    /// The images, the worst first.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    /// The containers that run images of this outcome.
    pub(super) fn count(&self, outcome: Outcome) -> u64 {
        self.counts[usize::from(rank(outcome))]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::frontends::scripted::decision;

    fn finding(image: &str, outcome: Outcome) -> Finding {
        let text = |text: &str| text.to_owned();
        Finding {
            namespace: text("shop"),
            pod: text("web"),
            uid: text("u"),
            container: text("app"),
            decision: decision(image, outcome),
        }
    }

    #[test]
    fn the_worst_come_first_and_stay_when_there_are_many() {
        let mut list = RunningList::default();
        for number in 0..3 * MOST {
            list.add(&finding(&format!("verified:{number}"), Outcome::Verified));
        }
        for _ in 0..7 {
            list.add(&finding("bad:1", Outcome::Refused));
            list.add(&finding("unknown:1", Outcome::Undetermined));
        }
        let rows: Vec<&Row> = list.rows().collect();
        assert_eq!(rows.len(), MOST);
        assert_eq!((rows[0].decision.image.as_str(), rows[0].containers), ("bad:1", 7));
        assert_eq!((rows[1].decision.image.as_str(), rows[1].containers), ("unknown:1", 7));
        assert_eq!(rows[0].place, "shop/web/app");
        assert_eq!(list.count(Outcome::Verified), 3 * MOST as u64);
        assert_eq!((list.count(Outcome::Refused), list.count(Outcome::Exempt)), (7, 0));
    }

    #[test]
    fn a_failed_scan_keeps_what_the_last_one_found() {
        let mut list = RunningList::default();
        list.add(&finding(&"x".repeat(5000), Outcome::Refused));
        let mut scan = Scan::done(list, Duration::ZERO);
        scan.fail("the API server is down", SystemTime::now());
        let rows: Vec<usize> = scan.done.unwrap().list.rows().map(|row| row.decision.image.len()).collect();
        assert_eq!((rows, scan.failure.unwrap().1.as_str()), (vec![TEXT], "the API server is down"));
    }
}
