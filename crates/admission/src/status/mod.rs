//! What the page `/status` shows: the state of the service, and what it decided last.
//!
//! The page only reads. It has no script and loads nothing, and every text of others is cut, made printable and
//! escaped: users who may create Pods choose the names of Pods and images. Its memory is bounded, whatever is asked.
//!
//! | File | What it has |
//! |---|---|
//! | `kept` | the last decisions: refusals apart, so that admissions do not push them out |
//! | `running` | what the last scan of running Pods found |
//! | `loaded` | what the configuration in force says, and how its last reload ended |
//! | `view` | all of it at one moment: the members of the JSON form, for `docs/admission-status.schema.json` |
//! | `page`, `parts` | the same as HTML |

mod kept;
mod loaded;
mod page;
mod parts;
mod running;
#[cfg(test)]
mod tests;
mod view;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use self::kept::Kept;
use self::loaded::Loaded;
pub use self::page::content_security_policy;
pub use self::running::{RunningList, Scan};
use self::view::View;
use crate::config::Config;
use crate::frontends::Record;
use crate::metrics::Metrics;
use crate::server::StatusForm;

/// The JSON Schema of the page's JSON form.
pub const SCHEMA: &str = include_str!("../../../../docs/admission-status.schema.json");

/// What is known for the page. It is told what happens, and asked when someone looks.
#[derive(Debug)]
pub struct Status {
    started: SystemTime,
    file: String,
    metrics: Metrics,
    kept: Kept,
    loaded: Mutex<Loaded>,
    scan: Mutex<Option<Scan>>,
}

/// What only the moment of looking knows.
#[derive(Debug)]
pub struct Now {
    /// What keeps the service from deciding, if something does.
    pub missing: Option<String>,
    /// When the certificate expires; `None` without TLS.
    pub certificate: Option<SystemTime>,
}

impl Status {
    /// The status of a service that starts now with the configuration of this file.
    #[must_use]
    pub fn new(file: &Path, config: &Config, metrics: Metrics) -> Self {
        let started = SystemTime::now();
        let loaded = Mutex::new(Loaded::new(config, started));
        let (kept, scan) = Default::default();
        Self { started, file: file.display().to_string(), metrics, kept, loaded, scan }
    }

    /// Keeps a decision for some time.
    pub fn decided(&self, record: Record, took: Duration) {
        self.kept.add(record, took);
    }

    /// The configuration was loaded again: with success it is in force, and otherwise the one before still is.
    pub fn loaded(&self, result: Result<&Config, &str>) {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(config) => *loaded = Loaded::new(config, SystemTime::now()),
            Err(why) => loaded.fail(why, SystemTime::now()),
        }
    }

    /// A scan of running Pods ended.
    pub fn scanned(&self, scan: Scan) {
        *self.scan.lock().unwrap_or_else(PoisonError::into_inner) = Some(scan);
    }

    /// A scan failed before it had seen all Pods: what the last one found stays.
    pub fn scan_failed(&self, why: &str) {
        let mut scan = self.scan.lock().unwrap_or_else(PoisonError::into_inner);
        scan.get_or_insert_default().fail(why, SystemTime::now());
    }

    /// The page at this moment.
    #[must_use]
    pub fn page(&self, form: StatusForm, now: Now) -> String {
        let view = View::of(self, now, SystemTime::now());
        match form {
            StatusForm::Html => page::html(&view),
            // Maps and texts can always be written.
            StatusForm::Json => serde_json::to_string(&view).unwrap_or_default(),
        }
    }
}
