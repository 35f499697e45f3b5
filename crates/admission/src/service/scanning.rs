//! The service's own scan of running Pods.
//!
//! Pods are read page by page, in the order of their namespaces, so that the memory of a scan does not depend on the
//! size of the cluster. Each replica scans: the counts are the same, and so are the reports.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use limits::Deadline;
use tokio::sync::watch;

use crate::cluster::{Cluster, ClusterError, Dialect};
use crate::decision::Decider;
use crate::frontends::Decide;
use crate::log::{Field, Log};
use crate::metrics::{Metrics, RunningImages};
use crate::scan::{Finding, NAME, judge, report};
use crate::server::{Application as _, Live};
use crate::status::{RunningList, Scan, Status};

/// How often it is looked whether a scan is due: a reload may have changed the interval.
const LOOK: Duration = Duration::from_secs(1);
/// The pause after a scan that failed, if the interval is longer.
const RETRY: Duration = Duration::from_secs(60);
/// The time for a page of Pods.
const PAGE_TIME: Duration = Duration::from_secs(30);
/// The most findings of a namespace that are kept for its report.
const MAX_FINDINGS: usize = 10_000;

/// How running Pods are scanned.
#[derive(Debug, Clone)]
pub struct ScanSettings {
    /// The cluster.
    pub cluster: Cluster,
    /// The time between scans.
    pub interval: Duration,
    /// Whether reports are written.
    pub reports: bool,
}

/// The settings of the configuration in force; none if nothing is scanned.
#[derive(Debug, Clone, Default)]
pub struct Scanning(Arc<RwLock<Option<ScanSettings>>>);

impl Scanning {
    /// Replaces the settings.
    pub fn set(&self, settings: Option<ScanSettings>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }

    fn get(&self) -> Option<ScanSettings> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Who is told what a scan found.
#[derive(Debug)]
pub struct Telling {
    /// The metrics.
    pub metrics: Metrics,
    /// The log.
    pub log: Log,
    /// The status page.
    pub status: Arc<Status>,
}

/// Scans until the service stops.
pub async fn run(
    scanning: Scanning,
    live: Arc<Live<Decider>>,
    Telling { metrics, log, status }: Telling,
    mut stopped: watch::Receiver<bool>,
) {
    let work = async {
        // The end of the last scan, and whether it counted all.
        let mut last: Option<(Instant, bool)> = None;
        loop {
            // Replicas that start together do not ask at the same moment.
            tokio::time::sleep(LOOK + LOOK.mul_f64(fastrand::f64())).await;
            let Some(settings) = scanning.get() else { continue };
            let pause = |is_whole| if is_whole { settings.interval } else { settings.interval.min(RETRY) };
            if last.is_some_and(|(end, is_whole)| end.elapsed() < pause(is_whole)) {
                continue;
            }
            let began = Instant::now();
            let snapshot = live.current();
            let scanned = scan(snapshot.decider(), &settings, snapshot.limits().deadline).await;
            last = Some((Instant::now(), matches!(&scanned, Ok(Scanned { unwritten: None, .. }))));
            match scanned {
                Ok(Scanned { counts, list, unwritten }) => {
                    let images = counts.total().to_string();
                    status.scanned(Scan::done(list, began.elapsed()));
                    let took = began.elapsed().as_millis().to_string();
                    metrics.running_images(counts);
                    log.info("scanned running Pods", &[("images", Field::from(&*images)), ("ms", Field::from(&*took))]);
                    if let Some(why) = unwritten {
                        let why = why.to_string();
                        log.warn("reports about running Pods were not written", &[("reason", Field::from(&*why))]);
                    }
                }
                Err(why) => {
                    let why = why.to_string();
                    status.scan_failed(&why);
                    log.warn("running Pods were not scanned", &[("reason", Field::from(&*why))]);
                }
            }
        }
    };
    tokio::select! {
        () = work => {}
        // An error means that the service has ended.
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}

/// What a scan has found.
#[derive(Debug)]
struct Scanned {
    counts: RunningImages,
    list: RunningList,
    /// Why a report was not written, if one was not. It says nothing about the counts.
    unwritten: Option<ClusterError>,
}

/// Scans all Pods once. Counts of a scan that fails on the way are not shown: they would be too small.
async fn scan<D>(decider: &D, settings: &ScanSettings, time: Duration) -> Result<Scanned, ClusterError>
where
    D: Decide + Clone + Send + Sync + 'static,
{
    let cluster = &settings.cluster;
    let mut unwritten = None;
    let dialect = match settings.reports {
        true => cluster.dialect(Deadline::new(PAGE_TIME)).await.map_err(|why| unwritten = Some(why)).ok(),
        false => None,
    };
    let (mut counts, mut list) = (RunningImages::default(), RunningList::default());
    let mut namespace: Vec<Finding> = Vec::new();
    let mut reported = BTreeSet::new();
    let mut from: Option<String> = None;
    loop {
        let page = cluster.running_pods(None, from.as_deref(), Deadline::new(PAGE_TIME)).await?;
        for finding in judge(decider, page.pods, time).await {
            counts.add(&finding.namespace, finding.decision.outcome);
            list.add(&finding);
            let Some(dialect) = dialect else { continue };
            if namespace.first().is_some_and(|first| first.namespace != finding.namespace) {
                let written = write(settings, dialect, &mut namespace, &mut reported).await;
                unwritten = unwritten.or(written.err());
            }
            if namespace.len() < MAX_FINDINGS {
                namespace.push(finding);
            }
        }
        from = page.more;
        if from.is_none() {
            break;
        }
    }
    if let Some(dialect) = dialect {
        let written = write(settings, dialect, &mut namespace, &mut reported).await;
        let removed = cluster.remove_reports(dialect, NAME, &reported, Deadline::new(PAGE_TIME)).await;
        unwritten = unwritten.or(written.err()).or(removed.err());
    }
    Ok(Scanned { counts, list, unwritten })
}

/// Writes the report of a namespace. If that fails, an earlier one stays.
async fn write(
    settings: &ScanSettings,
    dialect: Dialect,
    findings: &mut Vec<Finding>,
    reported: &mut BTreeSet<String>,
) -> Result<(), ClusterError> {
    let Some(first) = findings.first() else { return Ok(()) };
    let namespace = first.namespace.clone();
    let report = report(findings, dialect, SystemTime::now());
    findings.clear();
    reported.insert(namespace.clone());
    settings.cluster.write_report(dialect, &namespace, NAME, &report, Deadline::new(PAGE_TIME)).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use serde_json::json;

    use super::*;
    use crate::cluster::Cluster;
    use crate::cluster::tests::server::{ApiServer, Reply};
    use crate::frontends::scripted::Scripted;

    const DIGEST: &str = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

    /// Pods of the namespaces `a` and `b`.
    fn pods() -> String {
        let pod = |namespace: &str| {
            json!({
                "metadata": {"namespace": namespace, "name": "web", "uid": "u"},
                "spec": {"containers": [{"name": "app", "image": "verified"}]},
                "status": {"phase": "Running", "containerStatuses": [
                    {"name": "app", "imageID": format!("docker.io/library/verified@{DIGEST}"), "state": {"running": {}}},
                ]},
            })
        };
        json!({"metadata": {}, "items": [pod("a"), pod("b")]}).to_string()
    }

    async fn scanned(server: &ApiServer) -> Scanned {
        let cluster = Cluster::with_client(server.client.clone(), None);
        let settings = ScanSettings { cluster, interval: Duration::from_secs(60), reports: true };
        scan(&Scripted::by_name(), &settings, Duration::from_secs(1)).await.unwrap()
    }

    #[tokio::test]
    async fn a_report_that_cannot_be_written_does_not_stop_the_scan() {
        let old = json!({"items": [{"metadata": {"namespace": "a", "name": NAME}}]}).to_string();
        let server = ApiServer::start(move |request| match request {
            path if path.starts_with("/api/v1/pods?") => Reply::Body(200, pods()),
            path if path.contains("labelSelector") => Reply::Body(200, old.clone()),
            path if path.contains("/namespaces/a/") => Reply::Body(413, "{}".to_owned()),
            _ => Reply::Body(200, "{}".to_owned()),
        })
        .await;
        let Scanned { counts, unwritten, .. } = scanned(&server).await;
        assert_eq!(counts.total(), 2);
        assert!(unwritten.unwrap().to_string().contains("HTTP 413"));
        let requests = server.requests();
        assert!(requests.iter().any(|request| request.contains("/namespaces/b/")), "{requests:?}");
        // The report of the last scan stays.
        assert!(!requests.iter().any(|request| request.starts_with("DELETE")), "{requests:?}");

        let down = ApiServer::start(|request| match request {
            path if path.starts_with("/api/v1/pods?") => Reply::Body(200, pods()),
            _ => Reply::Body(500, "{}".to_owned()),
        })
        .await;
        let Scanned { counts, unwritten, .. } = scanned(&down).await;
        assert!(counts.total() == 2 && unwritten.is_some());
    }
}
