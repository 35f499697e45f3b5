//! Events of the libraries in the same log: warnings and errors, and all of them when the log's level is `debug`.

use std::fmt::{self, Debug};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

use super::json::{self, Line};
use super::{Log, begin};
use crate::config::LogLevel;

/// The crates of this workspace: others may log headers and tokens.
const OWN: [&str; 8] =
    ["admission", "aws_names", "aws_signer", "http_client", "limits", "notary", "notation", "registry"];

/// Passes events of [`tracing`] to the log.
#[derive(Debug)]
pub struct Events(Log);

impl Log {
    /// The events of the libraries, for a subscriber.
    #[must_use]
    pub fn events(&self) -> Events {
        Events(self.clone())
    }

    /// Passes the events of the libraries in this process to the log. If another subscriber is set already, it stays.
    pub fn collect_events(&self) {
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(self.events()));
    }
}

impl Events {
    fn most(&self) -> LevelFilter {
        if self.0.is_enabled(LogLevel::Debug) {
            LevelFilter::DEBUG
        } else if self.0.is_enabled(LogLevel::Warn) {
            LevelFilter::WARN
        } else {
            LevelFilter::ERROR
        }
    }
}

impl<S: Subscriber> Layer<S> for Events {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.is_event() && *metadata.level() <= self.most() && is_own(metadata.target())
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.most())
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = match *event.metadata().level() {
            Level::ERROR => LogLevel::Error,
            Level::WARN => LogLevel::Warn,
            Level::INFO => LogLevel::Info,
            _ => LogLevel::Debug,
        };
        json::with_line(|line| {
            begin(line, level);
            line.text("target", event.metadata().target());
            event.record(&mut Members(line));
            line.end();
            self.0.0.queue.0.push(line.as_bytes());
        });
    }
}

fn is_own(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    OWN.contains(&name)
}

/// Writes the fields of an event as members.
struct Members<'a>(&'a mut Line);

impl Visit for Members<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Values that are logged by `Display`, and the message, come this way as well.
        self.0.shown(name(field), format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.text(name(field), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.value(name(field), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.value(name(field), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.value(name(field), value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.0.shown(name(field), value as &dyn fmt::Display);
    }
}

/// The name of a member: those of every line are taken.
fn name(field: &Field) -> &'static str {
    match field.name() {
        "time" => "time_",
        "level" => "level_",
        "target" => "target_",
        name => name,
    }
}
