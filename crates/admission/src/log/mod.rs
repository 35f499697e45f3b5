//! The log: flat JSON objects, one a line, on standard error. A decision is one line at the level `info`; beside it
//! there are events: the start, a reload, an error.
//!
//! Who logs never waits for the reader of the log: lines go into a bounded queue, which one thread writes. When the
//! reader is too slow, lines are dropped, and a later line says how many.
//!
//! | Member | In | Meaning |
//! |---|---|---|
//! | `time`, `level` | all lines | RFC 3339 in UTC; `error`, `warn`, `info`, `debug` |
//! | `message` | events | what happened; other members are values |
//! | `adapter` … `ms` | decisions | see `decision` |
//!
//! Texts of others are cut at 512 bytes, and control characters and invisible ones are escaped.

mod decision;
mod json;
mod queue;
mod tracing;

use std::fmt::Arguments;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, SystemTime};

use self::json::Line;
use self::queue::{Closing, Queue};
pub use self::tracing::Events;
use crate::config::LogLevel;
use crate::frontends::Record;

/// A value of an event.
#[derive(Debug, Clone, Copy)]
pub enum Field<'a> {
    /// A text; at most 512 bytes of it are logged.
    Text(&'a str),
    /// A value that is written as text.
    Shown(Arguments<'a>),
    /// A whole number.
    Number(i64),
    /// A whole number that is not negative.
    Count(u64),
    /// Yes or no.
    Flag(bool),
}

impl<'a> From<&'a str> for Field<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Field<'_> {
    fn from(number: u64) -> Self {
        Self::Count(number)
    }
}

impl From<bool> for Field<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

/// The log. Clones write to the same one.
#[derive(Debug, Clone)]
pub struct Log(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    level: AtomicU8,
    queue: Closing,
}

impl Log {
    /// A log on standard error.
    ///
    /// # Errors
    /// Returns the error of the system if the thread that writes cannot be started.
    pub fn to_standard_error(level: LogLevel) -> io::Result<Self> {
        // Not locked and not buffered: a panic's message comes between two lines.
        Self::to(level, io::stderr())
    }

    /// A log to any writer.
    ///
    /// # Errors
    /// Returns the error of the system if the thread that writes cannot be started.
    pub fn to(level: LogLevel, writer: impl Write + Send + 'static) -> io::Result<Self> {
        let queue = Queue::start(writer)?;
        Ok(Self(Arc::new(Inner { level: AtomicU8::new(number(level)), queue: Closing(queue) })))
    }

    /// Whether lines of this level are written.
    #[must_use]
    pub fn is_enabled(&self, level: LogLevel) -> bool {
        number(level) <= self.0.level.load(Ordering::Relaxed)
    }

    /// Sets the least severe level that is written.
    pub fn set_level(&self, level: LogLevel) {
        if self.0.level.swap(number(level), Ordering::Relaxed) != number(level) {
            ::tracing::callsite::rebuild_interest_cache();
        }
    }

    /// Writes a decision: a line at the level `info`.
    pub fn decision(&self, record: &Record, took: Duration) {
        if self.is_enabled(LogLevel::Info) {
            json::with_line(|line| {
                begin(line, LogLevel::Info);
                decision::write(line, record, took);
                line.end();
                self.0.queue.0.push(line.as_bytes());
            });
        }
    }

    /// Writes an event. `time`, `level` and `message` are not names of fields.
    pub fn event(&self, level: LogLevel, message: &str, fields: &[(&str, Field<'_>)]) {
        if self.is_enabled(level) {
            json::with_line(|line| {
                begin(line, level);
                line.text("message", message);
                for (name, value) in fields {
                    line.field(name, *value);
                }
                line.end();
                self.0.queue.0.push(line.as_bytes());
            });
        }
    }

    /// Writes an event at the level `error`.
    pub fn error(&self, message: &str, fields: &[(&str, Field<'_>)]) {
        self.event(LogLevel::Error, message, fields);
    }

    /// Writes an event at the level `warn`.
    pub fn warn(&self, message: &str, fields: &[(&str, Field<'_>)]) {
        self.event(LogLevel::Warn, message, fields);
    }

    /// Writes an event at the level `info`.
    pub fn info(&self, message: &str, fields: &[(&str, Field<'_>)]) {
        self.event(LogLevel::Info, message, fields);
    }

    /// The number of lines that were dropped since the start.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.queue.0.dropped()
    }

    /// Writes what is queued and ends the log; later lines are lost. Returns whether all was written within the time.
    /// It blocks the thread.
    pub fn close(&self, limit: Duration) -> bool {
        self.0.queue.0.close(limit)
    }
}

/// Begins a line with the members that all lines have.
fn begin(line: &mut Line, level: LogLevel) {
    line.begin();
    line.time("time", SystemTime::now());
    line.literal("level", name(level));
}

fn name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    }
}

/// The level as a number that grows with the number of lines.
fn number(level: LogLevel) -> u8 {
    match level {
        LogLevel::Error => 0,
        LogLevel::Warn => 1,
        LogLevel::Info => 2,
        LogLevel::Debug => 3,
    }
}

#[cfg(test)]
mod tests;
