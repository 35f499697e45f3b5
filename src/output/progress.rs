//! What a command shows while it waits: after a second a spinner, or a bar for several artifacts, on standard error.

use std::io;
use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use limits::{Wait, Waits};
use notary::text::printable;
use tokio::task::AbortHandle;

use super::{Output, WARN, paint};

/// A command that ends sooner shows no progress.
const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);

/// The progress that is shown now, if any: text must not be written across it.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown(Arc<Mutex<Option<ProgressBar>>>);

impl Shown {
    /// Writes with the progress out of the way.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &*self.lock() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<ProgressBar>> {
        // A panic cannot leave the value half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Output {
    /// The progress of `total` items, shown after a second if standard error is a terminal.
    #[must_use]
    pub fn progress(&self, total: usize, what: &str) -> Progress {
        match total {
            0 | 1 => self.waiting(what),
            _ => self.start(Some(total as u64), "{spinner} {msg} {pos}/{len} [{bar:30}] {elapsed}", what),
        }
    }

    /// The progress of an unknown number of bytes, shown after a second if standard error is a terminal.
    #[must_use]
    pub fn bytes(&self, what: &str) -> Progress {
        self.start(None, "{spinner} {msg} {bytes} {bytes_per_sec} {elapsed}", what)
    }

    /// The progress of work that is not counted, shown after a second if standard error is a terminal.
    #[must_use]
    pub fn waiting(&self, what: &str) -> Progress {
        self.start(None, "{spinner} {elapsed} {wide_msg}", what)
    }

    fn start(&self, total: Option<u64>, template: &str, what: &str) -> Progress {
        // The lines of a log would be written across it.
        let wanted = !self.quiet && !self.is_verbose() && io::stderr().is_terminal();
        Progress::start(&self.shown, wanted, total, template, printable(what))
    }

    /// Says on standard error what a request waits for before it is repeated.
    #[must_use]
    pub fn waits(&self) -> Waits {
        let output = self.clone();
        Waits::new(move |wait| {
            let Wait { host, why, time, is_throttled: _ } = wait;
            let again = match time {
                Some(time) if time.as_secs() >= 1 => format!("trying again in {:.0} s", time.as_secs_f64()),
                Some(time) => format!("trying again in {:.1} s", time.as_secs_f64()),
                None => "trying again".to_owned(),
            };
            // The reason is the same for the next waits. Many artifacts wait for the same server at the same time.
            let is_new_reason = output.said.is_new(&format!("{host} {why}"));
            let is_new_wait = output.said.is_new(&format!("{host} {why} {}", time.map_or(0, |time| time.as_secs())));
            let start = format!("{} {}", paint(WARN, "waiting:"), printable(host));
            if is_new_reason {
                output.note(format!("{start}: {}; {again}", printable(why)));
            } else if is_new_wait {
                output.note(format!("{start}: {again}"));
            }
        })
    }
}

/// The progress of a command, until it is dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    shown: Shown,
    appears: Option<AbortHandle>,
}

impl Progress {
    /// Shows the progress after a second, if it is `wanted`.
    pub(super) fn start(shown: &Shown, wanted: bool, total: Option<u64>, template: &str, what: String) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        let appears = wanted.then(|| {
            bar.set_message(what);
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            let (bar, shown) = (bar.clone(), shown.clone());
            let appear = async move {
                tokio::time::sleep(PATIENCE).await;
                let mut now = shown.lock();
                if bar.is_finished() {
                    return;
                }
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.enable_steady_tick(TICK);
                *now = Some(bar);
            };
            tokio::spawn(appear).abort_handle()
        });
        Self { bar, shown: shown.clone(), appears }
    }

    /// Counts what was done.
    pub fn add(&self, done: u64) {
        self.bar.inc(done);
    }

    /// The function that counts what was done, for others to call.
    pub fn counter(&self) -> impl Fn(u64) + Send + Sync + 'static {
        let bar = self.bar.clone();
        move |done| bar.inc(done)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(appears) = &self.appears {
            appears.abort();
        }
        let mut now = self.shown.lock();
        self.bar.finish_and_clear();
        *now = None;
    }
}
