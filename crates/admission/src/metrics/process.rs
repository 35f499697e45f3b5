//! The process, as the client libraries of Prometheus name it: prometheus.io/docs/instrumenting/writing_clientlibs,
//! "Process metrics". Read from `/proc` at each scrape; absent on systems without it.

use std::{fmt, fs};

use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::series::{descriptor, gauge};

/// The unit of times in `/proc`, which is the same on all architectures that Linux runs on here: proc(5), `USER_HZ`.
const TICKS_PER_SECOND: f64 = 100.0;

/// Writes what is known about the process.
pub fn encode(encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    if let Some(stat) = fs::read_to_string("/proc/self/stat").ok().and_then(|text| Stat::parse(&text)) {
        let help = "The time that the processors spent on the process.";
        descriptor(encoder, "process_cpu_seconds", help, MetricType::Counter)?
            .encode_counter::<NoLabelSet, f64, f64>(&stat.processor_seconds, None)?;
        if let Some(boot) = fs::read_to_string("/proc/stat").ok().and_then(|text| boot_time(&text)) {
            let help = "When the process was started.";
            gauge(encoder, "process_start_time_seconds", help, boot + stat.started_after_boot)?;
        }
    }
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        for (field, name, help) in [
            ("VmRSS:", "process_resident_memory_bytes", "The memory of the process that is not swapped out."),
            ("VmSize:", "process_virtual_memory_bytes", "The address space of the process."),
        ] {
            if let Some(bytes) = memory(&status, field) {
                gauge(encoder, name, help, bytes)?;
            }
        }
    }
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        // One of them is the folder itself.
        #[allow(clippy::cast_precision_loss, reason = "a process has less than 2^53 files")]
        let open = files.count().saturating_sub(1) as f64;
        gauge(encoder, "process_open_fds", "The files and connections that the process has open.", open)?;
    }
    if let Some(most) = fs::read_to_string("/proc/self/limits").ok().and_then(|text| most_files(&text)) {
        gauge(encoder, "process_max_fds", "The most files and connections that the process may have open.", most)?;
    }
    Ok(())
}

struct Stat {
    processor_seconds: f64,
    started_after_boot: f64,
}

impl Stat {
    /// Parses `/proc/self/stat`. The second field is the name of the program in parentheses, which may contain both.
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        // The first of these is the third of proc(5).
        let ticks = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        Some(Self {
            processor_seconds: (ticks(14)? + ticks(15)?) / TICKS_PER_SECOND,
            started_after_boot: ticks(22)? / TICKS_PER_SECOND,
        })
    }
}

/// The time of the start of the system, in seconds since 1970.
fn boot_time(text: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// A field of `/proc/self/status` in bytes.
fn memory(text: &str, field: &str) -> Option<f64> {
    let value = text.lines().find_map(|line| line.strip_prefix(field))?;
    let kibibytes: f64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

/// The limit that is in force. None if there is no limit.
fn most_files(text: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn reads_the_files_of_proc() {
        let text =
            "42 (a) b) (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 12345 1000 200 18446744073709551615";
        let stat = Stat::parse(text).unwrap();
        assert!((stat.processor_seconds - 3.0).abs() < 1e-9);
        assert!((stat.started_after_boot - 123.45).abs() < 1e-9);
        assert!(Stat::parse("42 (a) S 1").is_none());
        assert_eq!(boot_time("cpu 1 2\nbtime 1700000000\nprocesses 5\n"), Some(1_700_000_000.0));
        assert_eq!(memory("Name:\tx\nVmRSS:\t    2048 kB\n", "VmRSS:"), Some(2_097_152.0));
        let limits =
            "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096  files\n";
        assert_eq!(most_files(limits), Some(1024.0));
        assert_eq!(most_files("Max open files            unlimited            unlimited  files\n"), None);
    }
}
