//! Signing jobs in the background: the code of one bucket is signed into another.
//!
//! The store is the queue. A job is stored as `InProgress` before `StartSigningJob` answers, and is run by a bounded
//! number of workers, oldest first. After a crash, the unfinished jobs run again; the signed object has one key for
//! each job and is never replaced, so that a job that had written it already does not show twice.

mod failure;
mod run;
mod sign;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use limits::Deadline;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;

pub use self::failure::JobFailure;
pub use self::sign::encryption_of;
use crate::operations::Service;
use crate::store::{Job, JobOutcome, UnfinishedJob};

/// How many jobs run at a time. Each has up to three files open, and one piece of its code in memory.
const WORKERS: usize = 4;
/// How many unfinished jobs are read at a time.
const BATCH: usize = 64;
/// How long running jobs may take when the service stops. The others run again at the next start.
const GRACE: Duration = Duration::from_secs(8);
/// How long the queue waits after the database failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Tells the workers of new jobs.
#[derive(Debug, Clone, Default)]
pub struct JobQueue(Arc<Notify>);

impl JobQueue {
    /// There is a new job in the store.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}

/// Runs the jobs of the store until `stopped`, each at most `budget` long.
pub async fn serve(service: Arc<Service>, budget: Duration, mut stopped: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(WORKERS));
    let mut running = JoinSet::new();
    tokio::select! {
        () = dispatch(&service, budget, &places, &mut running) => {}
        // An error means that the service is gone.
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    let _ = tokio::time::timeout(GRACE, async { while running.join_next().await.is_some() {} }).await;
    running.shutdown().await;
}

/// Gives each unfinished job to a worker, once.
async fn dispatch(service: &Arc<Service>, budget: Duration, places: &Arc<Semaphore>, running: &mut JoinSet<()>) {
    let mut last = 0;
    loop {
        let batch = match service.store.unfinished_jobs(last, BATCH) {
            Ok(batch) => batch,
            Err(why) => {
                tracing::error!("the unfinished signing jobs cannot be read: {why}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        if batch.is_empty() {
            service.jobs.0.notified().await;
            continue;
        }
        for job in batch {
            // The semaphore is never closed.
            let Ok(place) = Arc::clone(places).acquire_owned().await else { return };
            last = job.number;
            let service = Arc::clone(service);
            running.spawn(async move {
                work(&service, job, budget).await;
                drop(place);
            });
            // What has ended is forgotten.
            while running.try_join_next().is_some() {}
        }
    }
}

/// Runs one job and stores what came of it.
async fn work(service: &Service, unfinished: UnfinishedJob, budget: Duration) {
    let job = unfinished.job;
    let arn = job.arn.clone();
    let deadline = Deadline::new(budget);
    let outcome = tokio::time::timeout(budget, run::run(service, &job, deadline)).await;
    let outcome = match outcome.unwrap_or(Err(JobFailure::Late(budget))) {
        Ok(signed_object) => JobOutcome::Succeeded(signed_object),
        Err(JobFailure::Stopped) => return,
        Err(why) => {
            if let JobFailure::Internal(cause) = &why {
                tracing::error!(job = %arn, "internal error: {cause}");
            }
            JobOutcome::Failed(why.to_string())
        }
    };
    let (status, reason) = (outcome.status().name(), outcome.reason().to_owned());
    let completed_at = service.clock.now();
    loop {
        match service.store.finish_job(arn.clone(), outcome.clone(), completed_at).await {
            Ok(_) => break,
            Err(crate::store::StoreError::Stopped) => return,
            Err(why) => {
                // Without it, the job would stay in progress until the next start.
                tracing::error!(job = %arn, "the outcome of a signing job cannot be stored: {why}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    tracing::info!(job = %arn, status, reason, "finished a signing job");
    let signed_object = match &outcome {
        JobOutcome::Succeeded(object) => Some(object.clone()),
        JobOutcome::Failed(_) => None,
    };
    let (status, status_reason) = (outcome.status(), Some(reason));
    let job = Job { status, status_reason, signed_object, completed_at: Some(completed_at), ..job };
    service.controls.events.publish(&job, completed_at);
}
