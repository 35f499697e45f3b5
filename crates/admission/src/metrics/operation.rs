//! What operators watch beside requests: reloads, the certificate, the version.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::info::Info;

use super::series::{Number, count_of, descriptor, gauge};

/// The metrics of the operation.
#[derive(Debug)]
pub struct Operations {
    pub version: String,
    succeeded: Number,
    failed: Number,
    /// Milliseconds since 1970; zero is unknown.
    last_success: AtomicU64,
    certificate_expiry: AtomicU64,
}

impl Operations {
    pub fn new(version: &str) -> Self {
        Self {
            version: version.to_owned(),
            succeeded: Number::default(),
            failed: Number::default(),
            last_success: AtomicU64::new(0),
            certificate_expiry: AtomicU64::new(0),
        }
    }

    pub fn reload(&self, is_success: bool, now: SystemTime) {
        if is_success {
            self.succeeded.add(1);
            self.last_success.store(milliseconds(now), Ordering::Relaxed);
        } else {
            self.failed.add(1);
        }
    }

    pub fn certificate_expires(&self, at: SystemTime) {
        self.certificate_expiry.store(milliseconds(at), Ordering::Relaxed);
    }

    pub fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Loads of the configuration, by result.";
        let mut family = descriptor(encoder, "notation_admission_config_reloads", help, MetricType::Counter)?;
        count_of(&mut family, &[("result", "success")], self.succeeded.get())?;
        count_of(&mut family, &[("result", "failure")], self.failed.get())?;
        let help = "When the configuration in force was loaded.";
        timestamp(
            encoder,
            "notation_admission_config_last_reload_success_timestamp_seconds",
            help,
            &self.last_success,
        )?;
        let help = "When the certificate of the server expires.";
        timestamp(encoder, "notation_admission_certificate_expiry_timestamp_seconds", help, &self.certificate_expiry)?;
        let info = Info::new([("version", self.version.as_str())]);
        let help = "The version of the service.";
        info.encode(descriptor(encoder, "notation_admission_build", help, MetricType::Info)?)
    }
}

/// Writes a point in time, if it is known.
fn timestamp(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, time: &AtomicU64) -> fmt::Result {
    match time.load(Ordering::Relaxed) {
        0 => Ok(()),
        #[allow(clippy::cast_precision_loss, reason = "exact for the next 280,000 years")]
        milliseconds => gauge(encoder, name, help, milliseconds as f64 / 1000.0),
    }
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
