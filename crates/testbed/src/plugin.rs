//! The plugin as notation runs it: one process per command, with the request on standard input and an isolated
//! environment.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::{process, programs};

/// The credentials in the plugin's environment, distinctive so that leaks can be found in its output.
pub const ACCESS_KEY: &str = "AKIAFROMENVIRONMENT0";
pub const SECRET_KEY: &str = "secret-key-that-must-not-leak";
pub const SESSION_TOKEN: &str = "session-token-that-must-not-leak";

/// A plugin command to run.
pub struct Plugin {
    command: Command,
    home: TempDir,
}

/// The result of a command.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
    /// Peak memory in KiB.
    pub peak_memory: u64,
    /// The content of its log file.
    pub log: String,
}

impl Plugin {
    pub fn new<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = process::command(programs::plugin(), home.path());
        command
            .args(arguments)
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("AWS_SESSION_TOKEN", SESSION_TOKEN)
            // No credentials from this machine or its network.
            .env("AWS_EC2_METADATA_DISABLED", "true");
        Self { command, home }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn without_credentials(mut self) -> Self {
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            self.command.env_remove(name);
        }
        self
    }

    /// The shared AWS configuration, `~/.aws/config`.
    pub fn aws_config(self, text: &str) -> Self {
        let folder = self.home.path().join(".aws");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config"), text).unwrap();
        self
    }

    /// Logs at the most detailed level.
    pub fn logging(self) -> Self {
        let file = self.log_file();
        self.env("NOTATION_AWS_SIGNER_LOG", "trace").env("NOTATION_AWS_SIGNER_LOG_FILE", file)
    }

    fn log_file(&self) -> PathBuf {
        self.home.path().join("plugin.log")
    }

    /// Runs it with a request on standard input.
    #[track_caller]
    pub fn run(self, request: impl AsRef<[u8]>) -> Outcome {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(request.as_ref()).unwrap();
        file.rewind().unwrap();
        self.run_with(file.into())
    }

    /// Runs it with this standard input.
    #[track_caller]
    pub fn run_with(self, stdin: Stdio) -> Outcome {
        let stdout = tempfile::tempfile().unwrap();
        let outcome = self.run_into(stdin, stdout.try_clone().unwrap().into());
        Outcome { stdout: text(stdout), ..outcome }
    }

    /// Runs it with this standard input and output.
    #[track_caller]
    pub fn run_into(mut self, stdin: Stdio, stdout: Stdio) -> Outcome {
        let stderr = tempfile::tempfile().unwrap();
        self.command.stdin(stdin).stdout(stdout).stderr(stderr.try_clone().unwrap());
        let started = Instant::now();
        let (code, peak_memory) = wait(self.command.spawn().unwrap());
        let took = started.elapsed();
        let log = std::fs::read_to_string(self.log_file()).unwrap_or_default();
        Outcome { code, stdout: String::new(), stderr: text(stderr), took, peak_memory, log }
    }
}

impl Outcome {
    /// The answer of a command that succeeded.
    #[track_caller]
    pub fn answer(&self) -> Value {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// The error of a command that failed.
    #[track_caller]
    pub fn error(&self) -> Value {
        assert_eq!((self.code, self.stdout.as_str()), (Some(1), ""), "{self:?}");
        serde_json::from_str(&self.stderr).unwrap()
    }
}

/// Waits for the process. Returns its exit code and the last peak of resident memory seen before it exited.
fn wait(mut child: Child) -> (Option<i32>, u64) {
    let status = format!("/proc/{}/status", child.id());
    let started = Instant::now();
    let mut peak = 0;
    loop {
        if let Some(memory) = std::fs::read_to_string(&status).ok().as_deref().and_then(high_water_mark) {
            peak = memory;
        }
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code(), peak);
        }
        if started.elapsed() > Duration::from_secs(60) {
            let _ = child.kill();
            panic!("the plugin did not exit in time");
        }
        sleep(Duration::from_millis(2));
    }
}

fn high_water_mark(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

fn text(mut file: File) -> String {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}
