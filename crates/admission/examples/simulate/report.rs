//! Plays workloads into the model, and writes the tables of docs/scaling.md.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::model::{Asked, Counts, Redis, Replica, Settings, sum};
use super::workload::{Pod, Workload};

/// The memory of a replica that knows few images, under load: by `scripts/bench-admission`.
const PROCESS: f64 = 23.0;

/// What came of a workload.
pub struct Outcome {
    pub counts: Counts,
    /// How long it was measured.
    pub time: Duration,
    pub requests: u64,
    /// The most calls in a second: to the registry, and to AWS Signer.
    pub peak: [u64; 2],
    /// The bytes of the caches of the replica that has the most.
    pub bytes: u64,
    took: Vec<Duration>,
}

impl Outcome {
    /// The time within which this share of the requests is answered.
    pub fn within(&self, share: f64) -> Duration {
        let place = (self.took.len() as f64 * share) as usize;
        self.took.get(place.min(self.took.len().saturating_sub(1))).copied().unwrap_or_default()
    }

    fn per_second(&self, count: u64) -> f64 {
        count as f64 / self.time.as_secs_f64()
    }
}

/// Plays Pods into replicas. What happens before `warm` fills the caches, and is not counted.
pub fn play(pods: &[Pod], settings: Settings, replicas: u32, warm: Duration, end: Duration) -> Outcome {
    let start = Instant::now();
    let mut redis = Redis::new(settings, start);
    let mut all: Vec<Replica> = (0..replicas).map(|_| Replica::new(settings, start)).collect();
    let mut outcome =
        Outcome { counts: Counts::default(), time: end - warm, requests: 0, peak: [0, 0], bytes: 0, took: Vec::new() };
    let mut before = None;
    let (mut second, mut calls) = (u64::MAX, 0);
    for pod in pods {
        if before.is_none() && pod.at >= warm {
            before = Some(sum(&all));
        }
        let replica = &mut all[pod.replica as usize];
        for (is_by_digest, later) in [(false, Duration::ZERO), (true, Duration::from_millis(50))] {
            let had = replica.counts;
            let took = replica.request(pod, is_by_digest, start + pod.at + later, &mut redis);
            if before.is_none() {
                continue;
            }
            outcome.requests += 1;
            outcome.took.push(took);
            if second != pod.at.as_secs() {
                (second, calls) = (pod.at.as_secs(), 0);
            }
            calls += registry(&replica.counts) - registry(&had);
            outcome.peak[0] = outcome.peak[0].max(calls);
        }
    }
    let of_second = |second: u64| all.iter().filter_map(|replica| replica.called.get(&second)).sum();
    outcome.peak[1] = (warm.as_secs()..end.as_secs()).map(of_second).max().unwrap_or_default();
    outcome.took.sort_unstable();
    outcome.counts = sum(&all).since(&before.unwrap_or_default());
    outcome.bytes = all.iter().map(Replica::bytes).max().unwrap_or_default();
    outcome
}

/// The requests to the registry. A fetch reads a manifest and an envelope.
fn registry(counts: &Counts) -> u64 {
    counts.resolve + counts.referrers + 2 * counts.fetch
}

impl Counts {
    fn since(self, before: &Self) -> Self {
        let asked = |now: Asked, then: Asked| Asked { hits: now.hits - then.hits, misses: now.misses - then.misses };
        Self {
            resolve: self.resolve - before.resolve,
            referrers: self.referrers - before.referrers,
            fetch: self.fetch - before.fetch,
            revocation: self.revocation - before.revocation,
            tag: asked(self.tag, before.tag),
            signatures: asked(self.signatures, before.signatures),
            verdict: asked(self.verdict, before.verdict),
            revocations: asked(self.revocations, before.revocations),
            redis: self.redis - before.redis,
            undetermined: self.undetermined - before.undetermined,
        }
    }
}

/// The table of these workloads.
pub fn table(outcomes: &[(Workload, Outcome)]) -> String {
    let mut text = String::from(
        "| nodes | images | requests/s | resolve/s | referrers/s | fetch/s | registry, peak/s | revocation/s | peak/s | \
         verdicts from memory | p50 | p99 | p99.9 | memory of a replica | Redis/s | not judged |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (workload, outcome) in outcomes {
        let Counts { resolve, referrers, fetch, revocation, verdict, redis, undetermined, .. } = outcome.counts;
        let rate = |count: u64| short(outcome.per_second(count));
        let hits = verdict.hits as f64 * 100.0 / (verdict.hits + verdict.misses).max(1) as f64;
        let images = outcome.requests as f64 * f64::from(workload.containers);
        let ms = |share: f64| format!("{} ms", short(outcome.within(share).as_secs_f64() * 1000.0));
        let cells = [
            thousands(workload.nodes),
            thousands(workload.images + workload.sidecars),
            rate(outcome.requests),
            rate(resolve),
            rate(referrers),
            rate(fetch),
            outcome.peak[0].to_string(),
            rate(revocation),
            outcome.peak[1].to_string(),
            format!("{hits:.1} %"),
            ms(0.5),
            ms(0.99),
            ms(0.999),
            format!("{:.0} MiB", PROCESS + outcome.bytes as f64 / 1_048_576.0),
            rate(redis),
            format!("{} %", short(undetermined as f64 * 100.0 / images.max(1.0))),
        ];
        // Writing to a text does not fail.
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

/// Two digits.
fn short(number: f64) -> String {
    match number {
        0.0 => "0".to_owned(),
        tiny if tiny < 0.01 => "<0.01".to_owned(),
        small if small < 1.0 => format!("{small:.2}"),
        middle if middle < 10.0 => format!("{middle:.1}"),
        large => format!("{large:.0}"),
    }
}

fn thousands(number: u32) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut groups: Vec<&str> = Vec::new();
    if first > 0 {
        groups.push(&digits[..first]);
    }
    for start in (first..digits.len()).step_by(3) {
        groups.push(&digits[start..start + 3]);
    }
    groups.join(",")
}
