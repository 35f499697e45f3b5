//! The service's own scan of running Pods.
//!
//! Pods are read page by page, in the order of their namespaces, so that the memory of a scan does not depend on the
//! size of the cluster. Each replica scans: the counts are the same, and so are the reports.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use limits::Deadline;
use tokio::sync::watch;

use super::policy_report::{Dialect, NAME, report};
use super::{Finding, judge};
use crate::cluster::ClusterError;
use crate::decision::Decider;
use crate::frontends::ScanSettings;
use crate::log::{Field, Log};
use crate::metrics::{Metrics, RunningImages};
use crate::server::{Application as _, Live};

/// How often it is looked whether a scan is due: a reload may have changed the interval.
const LOOK: Duration = Duration::from_secs(1);
/// The pause after a scan that failed, if the interval is longer.
const RETRY: Duration = Duration::from_secs(60);
/// The time for a page of Pods.
const PAGE_TIME: Duration = Duration::from_secs(30);
/// The most findings of a namespace that are kept for its report.
const MAX_FINDINGS: usize = 10_000;

/// Scans until the service stops.
pub(crate) async fn run(live: Arc<Live<Decider>>, metrics: Metrics, log: Log, mut stopped: watch::Receiver<bool>) {
    let scanning = async {
        // The end of the last scan, and whether it counted all.
        let mut last: Option<(Instant, bool)> = None;
        loop {
            // Replicas that start together do not ask at the same moment.
            tokio::time::sleep(LOOK + LOOK.mul_f64(fastrand::f64())).await;
            let snapshot = live.current();
            let Some(settings) = &snapshot.settings().services.scan else { continue };
            let pause = |is_whole| if is_whole { settings.interval } else { settings.interval.min(RETRY) };
            if last.is_some_and(|(end, is_whole)| end.elapsed() < pause(is_whole)) {
                continue;
            }
            let began = Instant::now();
            let scanned = scan(snapshot.decider(), settings, snapshot.limits().deadline).await;
            last = Some((Instant::now(), scanned.is_ok()));
            match scanned {
                Ok(counts) => {
                    let images = counts.total().to_string();
                    let took = began.elapsed().as_millis().to_string();
                    metrics.running_images(counts);
                    log.info("scanned running Pods", &[("images", Field::from(&*images)), ("ms", Field::from(&*took))]);
                }
                Err(why) => {
                    let why = why.to_string();
                    log.warn("running Pods were not scanned", &[("reason", Field::from(&*why))]);
                }
            }
        }
    };
    tokio::select! {
        () = scanning => {}
        // An error means that the service has ended.
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}

/// Scans all Pods once. Counts of a scan that fails on the way are not shown: they would be too small.
async fn scan(decider: &Decider, settings: &ScanSettings, time: Duration) -> Result<RunningImages, ClusterError> {
    let cluster = &settings.cluster;
    let dialect = match settings.reports {
        true => Some(cluster.dialect(Deadline::new(PAGE_TIME)).await?),
        false => None,
    };
    let mut counts = RunningImages::default();
    let mut namespace: Vec<Finding> = Vec::new();
    let mut reported = BTreeSet::new();
    let mut from: Option<String> = None;
    loop {
        let page = cluster.running_pods(None, from.as_deref(), Deadline::new(PAGE_TIME)).await?;
        for finding in judge(decider, page.pods, time).await {
            counts.add(&finding.namespace, finding.decision.outcome);
            let Some(dialect) = dialect else { continue };
            if namespace.first().is_some_and(|first| first.namespace != finding.namespace) {
                write(settings, dialect, &mut namespace, &mut reported).await?;
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
        write(settings, dialect, &mut namespace, &mut reported).await?;
        cluster.remove_reports(dialect, NAME, &reported, Deadline::new(PAGE_TIME)).await?;
    }
    Ok(counts)
}

/// Writes the report of a namespace.
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
    settings.cluster.write_report(dialect, &namespace, NAME, &report, Deadline::new(PAGE_TIME)).await?;
    reported.insert(namespace);
    Ok(())
}
