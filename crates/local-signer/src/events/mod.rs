//! Events about signing jobs: "Signer Job Status Change" in "Monitoring AWS Signer" of the Developer Guide, as JSON in
//! a file, one a line, and by POST to a webhook.
//!
//! The code that changes a job publishes the event; publishing never waits. If the profile and the job belong to
//! different accounts, each gets the event, as at AWS.

mod webhook;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_names::AccountId;
use notary::text::rfc3339;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

pub use self::webhook::WebhookCounters;
use self::webhook::{Post, Webhook};
use crate::config::EventTargets;
use crate::lines::{Lines, Target};
use crate::store::{Job, ObjectLocation, SourceObject};

/// Why the targets of events cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// The file cannot be opened, or no thread can be started to write it.
    #[error("events: {path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
}

/// The event for each account that takes part: the owner of the job first, then its invoker.
fn documents(job: &Job, at: OffsetDateTime) -> Vec<String> {
    let mut accounts: Vec<&AccountId> = Vec::new();
    for account in [job.arn.location().account(), &job.invoker, job.profile.location().account()] {
        if !accounts.contains(&account) {
            accounts.push(account);
        }
    }
    accounts.into_iter().map(|account| document(job, at, account).to_string()).collect()
}

fn document(job: &Job, at: OffsetDateTime, account: &AccountId) -> Value {
    let mut detail = Map::new();
    if let Some(certificate) = &job.signing_material {
        detail.insert("certificate_arn".to_owned(), json!(certificate));
    }
    detail.insert("job_id".to_owned(), json!(job.arn.id()));
    // The prefix of the destination until the signed object has a name.
    if let Some(ObjectLocation { bucket_name, key }) = job.signed_object.as_ref().or(job.destination.as_ref()) {
        detail.insert("destination".to_owned(), json!({ "bucketName": bucket_name, "key": key }));
    }
    if let Some(SourceObject { bucket_name, key, version }) = &job.source {
        detail.insert("source".to_owned(), json!({ "bucketName": bucket_name, "key": key, "version": version }));
    }
    detail.insert("platform".to_owned(), json!(job.platform_id));
    detail.insert("status".to_owned(), json!(job.status.name()));
    json!({
        "version": "0",
        "id": uuid::Uuid::new_v4().to_string(),
        "detail-type": "Signer Job Status Change",
        "source": "aws.signer",
        "account": account.as_str(),
        "time": rfc3339(at.replace_nanosecond(0).unwrap_or(at)),
        "region": job.arn.location().region().as_str(),
        "resources": [job.arn.to_string()],
        "detail": detail,
    })
}

/// The targets that were opened for a configuration.
#[derive(Debug)]
pub struct OpenTargets {
    file: Option<Target>,
    webhook: Option<reqwest::Url>,
}

impl OpenTargets {
    /// Opens the file of `targets`, so that a mistake shows before the configuration is in force.
    ///
    /// # Errors
    /// Returns [`EventsError::File`] if the file cannot be opened.
    pub fn open(targets: &EventTargets) -> Result<Self, EventsError> {
        let open =
            |path: &PathBuf| Target::open(path).map_err(|source| EventsError::File { path: path.clone(), source });
        Ok(Self { file: targets.file.as_ref().map(open).transpose()?, webhook: targets.webhook.clone() })
    }
}

/// Publishes events to the configured targets.
#[derive(Debug)]
pub struct Events {
    file: Lines,
    webhook: Webhook,
    /// Whether events have a target; without one, none is made.
    active: AtomicBool,
}

impl Events {
    /// Starts publishing, in a thread and a task of the current runtime.
    ///
    /// # Errors
    /// Returns [`EventsError::File`] if no thread can be started.
    pub fn start(targets: OpenTargets) -> Result<Self, EventsError> {
        let active = targets.file.is_some() || targets.webhook.is_some();
        let file = Lines::start("events", targets.file)
            .map_err(|source| EventsError::File { path: PathBuf::new(), source })?;
        Ok(Self { file, webhook: Webhook::start(targets.webhook), active: active.into() })
    }

    /// Publishes that `job` has its status since `at`. It does not wait: an event that does not fit in a queue is lost,
    /// which the log and the metrics say.
    pub fn publish(&self, job: &Job, at: OffsetDateTime) {
        if !self.active.load(Ordering::Relaxed) {
            return;
        }
        for document in documents(job, at) {
            self.webhook.post(Post::Event(document.clone()));
            self.file.push_now(document);
        }
    }

    /// Continues with other targets, after the events that were already published.
    pub fn set_targets(&self, targets: OpenTargets) {
        let active = targets.file.is_some() || targets.webhook.is_some();
        self.file.set_target(targets.file);
        self.webhook.post(Post::Url(targets.webhook));
        self.active.store(active, Ordering::Relaxed);
    }

    /// The writer of the file, for its counters.
    #[must_use]
    pub fn file(&self) -> &Lines {
        &self.file
    }

    /// The counters of the webhook.
    #[must_use]
    pub fn webhook(&self) -> &WebhookCounters {
        self.webhook.counters()
    }

    /// Delivers the published events, for at most `longest`, and stops.
    pub async fn stop(&self, longest: Duration) {
        tokio::join!(self.file.stop(longest), self.webhook.stop(longest));
    }
}

#[cfg(test)]
mod tests;
