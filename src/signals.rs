//! Signals that end a command which has something to clean up.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::output::exit::ExitStatus;

/// Waits for a signal that ends the command. A signal that the process was started to ignore, as `nohup` and the
/// background jobs of scripts do, stays ignored.
///
/// # Errors
/// Returns the system's error if a signal cannot be waited for.
pub async fn interrupted() -> io::Result<ExitStatus> {
    let ignored = std::fs::read_to_string("/proc/self/status").map_or(0, |status| ignored(&status));
    let listen = |kind: SignalKind| match ignored >> (kind.as_raw_value() - 1) & 1 {
        0 => signal(kind).map(Some),
        _ => Ok(None),
    };
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    let ended = tokio::select! {
        () = arrived(&mut interrupt) => SignalKind::interrupt(),
        () = arrived(&mut terminate) => SignalKind::terminate(),
        () = arrived(&mut hangup) => SignalKind::hangup(),
    };
    Ok(ExitStatus::ended_by(ended.as_raw_value()))
}

async fn arrived(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => _ = signal.recv().await,
        None => std::future::pending().await,
    }
}

/// The ignored signals of a process, from `/proc/PID/status`: bit 0 is signal 1.
fn ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_ignored_signals() {
        assert_eq!(ignored("Name:\ta\nSigBlk:\t0000000000000003\nSigIgn:\t0000000000001001\n"), 0x1001);
        assert_eq!(ignored(""), 0);
    }
}
