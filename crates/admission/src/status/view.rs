//! The status at one moment: the members of the JSON form, from which the page is written, too. All texts of others
//! pass [`shown`] here, once for both forms.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

use notary::text::{printable, rfc3339};
use serde::Serialize;

use super::kept::Entry;
use super::loaded::{Loaded, LoadedRule};
use super::running::Scan;
use super::{Now, Status};
use crate::decision::{ImageDecision, Outcome};
use crate::metrics::{CacheFigures, Metrics, UpstreamErrors};

/// The longest text of others that is shown, in bytes.
const TEXT: usize = 512;
/// Reasons and reload errors are the most that a reader wants whole.
const REASON: usize = 2048;

/// The whole page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    pub schema_version: u8,
    pub time: String,
    pub version: String,
    pub started: String,
    pub is_ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    pub configuration: Configuration,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_expires: Option<String>,
    #[serde(skip)]
    pub is_certificate_old: bool,
    pub requests: Requests,
    pub replicas: Replicas,
    pub rules: Vec<Rule>,
    pub without_rule: Counts,
    pub caches: Vec<Cache>,
    pub quota: Quota,
    pub upstream_errors: Vec<UpstreamError>,
    pub running: Running,
    pub decisions: Decisions,
}

/// The file, and its last reload.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    pub file: String,
    pub loaded: String,
    pub adapters: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// When and why something failed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    pub time: String,
    pub reason: String,
}

/// The load.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Requests {
    pub in_work: u64,
    pub shed: u64,
    pub stale: u64,
}

/// The replicas, by the configuration: they do not know of each other.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replicas {
    pub expected: u32,
    pub rate: u32,
    /// Without a shared cache, and while it is not connected.
    pub rate_of_this: f64,
    /// `none`, `connected` or `not connected`.
    pub shared_cache: &'static str,
    /// Suspicious entries of the shared cache.
    pub rejected_entries: u64,
}

/// A rule in its place.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_labels: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<Vec<String>>,
    pub action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    pub decided: Counts,
}

/// Images by outcome.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub exempt: u64,
    pub verified: u64,
    pub refused: u64,
    pub undetermined: u64,
}

/// A cache.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cache {
    pub name: &'static str,
    pub entries: u64,
    pub bytes: u64,
    pub hits: u64,
    pub shared: u64,
    pub misses: u64,
}

/// The quota of revocation checks.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<f64>,
    pub waiting: u64,
    pub ttl_seconds: f64,
    pub stale_for_seconds: f64,
}

/// Failed requests to another service, of the last 15 minutes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpstreamError {
    pub upstream: &'static str,
    pub operation: &'static str,
    pub code: &'static str,
    pub count: u64,
    pub last: String,
}

/// What the last scan found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scanned: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    pub containers: Counts,
    pub images: Vec<RunningImage>,
}

/// An image that runs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunningImage {
    #[serde(flatten)]
    pub image: Image,
    pub containers: u64,
    pub place: String,
}

/// The last decisions, the latest first.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decisions {
    pub stopped: Vec<Decision>,
    pub let_through: Vec<Decision>,
    pub admitted: Vec<Decision>,
}

/// A decision.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    pub time: String,
    pub adapter: &'static str,
    pub decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    pub dry_run: bool,
    pub milliseconds: f64,
    pub images: Vec<Image>,
    pub more_images: usize,
}

/// What was decided about an image.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    pub reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    pub outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The check that failed, and why, in the words of `verify`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    pub cached: bool,
    pub stale: bool,
}

impl View {
    pub(super) fn of(status: &Status, now: Now, time: SystemTime) -> Self {
        let Status { started, file, metrics, kept, loaded, scan } = status;
        // Copied, so that no lock is held while the page is written.
        let loaded = loaded.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let scan = scan.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let [stopped, let_through, admitted] = kept.latest().map(|entries| entries.iter().map(Decision::of).collect());
        let requests = metrics.request_figures();
        let soon = time + Duration::from_secs(14 * 24 * 60 * 60);
        Self {
            schema_version: 1,
            time: moment(time),
            version: metrics.version().to_owned(),
            started: moment(*started),
            is_ready: now.missing.is_none(),
            missing: now.missing.map(|missing| reason(&missing)),
            configuration: Configuration {
                file: shown(file),
                loaded: moment(loaded.at),
                adapters: loaded.adapters.clone(),
                failure: loaded.failure.as_ref().map(Failure::of),
            },
            certificate_expires: now.certificate.map(moment),
            is_certificate_old: now.certificate.is_some_and(|expires| expires < soon),
            requests: Requests { in_work: requests.in_flight, shed: requests.shed, stale: requests.stale },
            replicas: Replicas {
                expected: loaded.replicas,
                rate: loaded.rate,
                rate_of_this: f64::from(loaded.rate) / f64::from(loaded.replicas),
                shared_cache: match (loaded.is_shared, metrics.redis_connected()) {
                    (false, _) => "none",
                    (true, Some(true)) => "connected",
                    (true, _) => "not connected",
                },
                rejected_entries: metrics.redis_suspicious(),
            },
            rules: loaded.rules.iter().map(|rule| Rule::of(rule, metrics)).collect(),
            without_rule: Counts::of(metrics.decided_by(None)),
            caches: metrics.cache_figures().into_iter().filter_map(Cache::of).collect(),
            quota: Quota {
                tokens: metrics.quota_tokens(),
                waiting: metrics.quota_waiting(),
                ttl_seconds: loaded.revocation.as_secs_f64(),
                stale_for_seconds: loaded.stale_for.as_secs_f64(),
            },
            upstream_errors: metrics.upstream_errors().into_iter().map(UpstreamError::of).collect(),
            running: Running::of(&loaded, scan.unwrap_or_default()),
            decisions: Decisions { stopped, let_through, admitted },
        }
    }
}

impl Failure {
    fn of((at, why): &(SystemTime, String)) -> Self {
        Self { time: moment(*at), reason: reason(why) }
    }
}

impl Counts {
    /// In the order of [`Outcome`]'s declaration.
    fn of([exempt, verified, refused, undetermined]: [u64; 4]) -> Self {
        Self { exempt, verified, refused, undetermined }
    }
}

impl Rule {
    fn of(rule: &LoadedRule, metrics: &Metrics) -> Self {
        let all =
            |texts: &Option<Vec<String>>| texts.as_ref().map(|texts| texts.iter().map(|text| shown(text)).collect());
        let labels =
            |labels: &BTreeMap<String, String>| labels.iter().map(|(key, value)| (shown(key), shown(value))).collect();
        Self {
            name: shown(&rule.name),
            namespaces: all(&rule.namespaces),
            namespace_labels: rule.labels.as_ref().map(labels),
            images: all(&rule.images),
            action: rule.action,
            policy: rule.policy.as_deref().map(shown),
            decided: Counts::of(metrics.decided_by(Some(&rule.name))),
        }
    }
}

impl Cache {
    /// `None` for a cache that is not used.
    fn of(figures: CacheFigures) -> Option<Self> {
        let CacheFigures { name, hits, shared, misses, size } = figures;
        let is_used = size.is_some() || hits + shared + misses > 0;
        let size = size.unwrap_or_default();
        is_used.then_some(Self { name, entries: size.entries, bytes: size.bytes, hits, shared, misses })
    }
}

impl UpstreamError {
    fn of(errors: UpstreamErrors) -> Self {
        let UpstreamErrors { upstream, operation, code, count, last } = errors;
        Self { upstream, operation, code, count, last: moment(last) }
    }
}

impl Running {
    fn of(loaded: &Loaded, Scan { done, failure }: Scan) -> Self {
        let interval_seconds = loaded.scan.map(|interval| interval.as_secs_f64());
        let failure = failure.as_ref().map(Failure::of);
        let count = |outcome| done.as_ref().map_or(0, |done| done.list.count(outcome));
        let rows = done.iter().flat_map(|done| done.list.rows());
        let images = rows.map(|row| RunningImage {
            image: Image::of(&row.decision),
            containers: row.containers,
            place: shown(&row.place),
        });
        Self {
            interval_seconds,
            scanned: done.as_ref().map(|done| moment(done.at)),
            milliseconds: done.as_ref().map(|done| u64::try_from(done.took.as_millis()).unwrap_or(u64::MAX)),
            failure,
            containers: Counts::of(Outcome::ALL.map(count)),
            images: images.collect(),
        }
    }
}

impl Decision {
    fn of(entry: &Entry) -> Self {
        let Entry { at, took, record, more, .. } = entry;
        let text = |text: &Option<String>| text.as_deref().map(shown);
        Self {
            time: moment(*at),
            adapter: record.adapter,
            decision: record.verdict.as_str(),
            user: text(&record.user),
            namespace: text(&record.namespace),
            kind: text(&record.kind),
            name: text(&record.name),
            operation: text(&record.operation),
            dry_run: record.dry_run,
            milliseconds: (took.as_secs_f64() * 1e6).round() / 1e3,
            images: record.images.iter().map(|image| Image::of(image)).collect(),
            more_images: *more,
        }
    }
}

impl Image {
    fn of(image: &ImageDecision) -> Self {
        let message = image.why.as_ref().map(|why| match why.check {
            Some(check) => reason(&format!("{check}: {}", why.message)),
            None => reason(&why.message),
        });
        Self {
            reference: shown(&image.image),
            digest: image.digest.as_ref().map(ToString::to_string),
            outcome: image.outcome.as_str(),
            reason: image.why.as_ref().map(|why| why.code.as_str()),
            message,
            signer: image.signer.as_deref().map(shown),
            rule: image.rule.as_deref().map(shown),
            cached: image.is_cached,
            stale: image.is_stale,
        }
    }
}

/// A text of others: printable, and not longer than a reader wants.
fn shown(text: &str) -> String {
    within(text, TEXT)
}

/// As [`shown`], for sentences.
fn reason(text: &str) -> String {
    within(text, REASON)
}

fn within(text: &str, most: usize) -> String {
    let start = &text[..text.floor_char_boundary(most)];
    let mut shown = printable(start);
    if start.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn moment(time: SystemTime) -> String {
    rfc3339(time.into())
}
