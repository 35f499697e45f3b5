//! Child processes that cannot outlive or hang a test and do not inherit its environment.

use std::ffi::OsStr;
use std::fs::File;
use std::net::TcpListener;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(2);

/// A command whose environment has only a PATH, and `home` as every home folder variable.
pub fn command(program: impl AsRef<OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", home).current_dir(home);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()));
    for folder in ["CONFIG", "CACHE", "DATA", "STATE"] {
        command.env(format!("XDG_{folder}_HOME"), home.join(folder.to_lowercase()));
    }
    command.env("TMPDIR", home).stdin(Stdio::null());
    command
}

/// A process that exited by itself.
#[derive(Debug)]
pub struct Finished {
    what: String,
    status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    /// The peak memory in bytes as polled, without the last milliseconds.
    pub peak: u64,
}

impl Finished {
    /// Whether the process exited with 0.
    pub fn is_success(&self) -> bool {
        self.status.success()
    }

    /// Fails the test with the process's output unless it exited with 0.
    #[track_caller]
    pub fn succeeded(self) -> Finished {
        assert!(self.status.success(), "should have succeeded: {self}");
        self
    }

    /// Fails the test with the process's output unless it exited with a nonzero code.
    #[track_caller]
    pub fn failed(self) -> Finished {
        assert!(self.status.code().is_some_and(|code| code != 0), "should have failed: {self}");
        self
    }

    /// Fails the test with the process's output unless it exited with this code.
    #[track_caller]
    pub fn exits_with(self, code: i32) -> Finished {
        assert_eq!(self.status.code(), Some(code), "{self}");
        self
    }

    /// Fails the test unless standard output or standard error contains this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Finished {
        assert!(self.stdout.contains(text) || self.stderr.contains(text), "should say {text:?}: {self}");
        self
    }
}

impl std::fmt::Display for Finished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}\n--- stdout\n{}\n--- stderr\n{}", self.what, self.status, self.stdout, self.stderr)
    }
}

/// Runs the command to its end; fails the test if that takes longer than `limit`.
#[track_caller]
pub fn run(command: &mut Command, limit: Duration) -> Finished {
    Running::start(command).wait(Instant::now() + limit)
}

/// A background process, killed when dropped. Its output goes to files, so a full pipe cannot block it.
#[derive(Debug)]
pub struct Running {
    what: String,
    child: Child,
    stdout: File,
    stderr: File,
    /// The file name of the program.
    program: String,
    peak: u64,
}

impl Running {
    #[track_caller]
    pub fn start(command: &mut Command) -> Running {
        let stdout = tempfile::tempfile().unwrap();
        let stderr = tempfile::tempfile().unwrap();
        command.stdout(stdout.try_clone().unwrap()).stderr(stderr.try_clone().unwrap());
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?} did not start: {error}"));
        let program = Path::new(command.get_program()).file_name().unwrap().to_string_lossy().into_owned();
        Running { what: format!("{command:?}"), child, stdout, stderr, program, peak: 0 }
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the process; fails the test if it is still running at `deadline`.
    #[track_caller]
    pub fn wait(&mut self, deadline: Instant) -> Finished {
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "still running at the deadline: {}\n{}", self.what, self.output());
            self.peak = self.peak.max(high_water_mark(self.child.id(), &self.program));
            sleep(POLL);
        };
        let stdout = text(&self.stdout);
        let stderr = text(&self.stderr);
        Finished { what: self.what.clone(), status, stdout, stderr, peak: self.peak }
    }

    /// Polls `ready` with the output until it returns a value; fails the test after 20 seconds. Returns `None` if the
    /// process exited first.
    #[track_caller]
    pub fn wait_for<T>(&mut self, what: &str, ready: impl Fn(&str) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(found) = ready(&text(&self.stdout)) {
                return Some(found);
            }
            if self.child.try_wait().unwrap().is_some() {
                return None;
            }
            assert!(Instant::now() < deadline, "no {what} within 20 s\n{}", self.output());
            sleep(POLL);
        }
    }

    /// Whether the process has exited.
    pub fn has_exited(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Standard output and standard error so far.
    pub fn output(&self) -> String {
        format!("--- stdout\n{}\n--- stderr\n{}", text(&self.stdout), text(&self.stderr))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The peak memory of a process in bytes: proc(5), `VmHWM`. Returns 0 if it is unknown, such as for a process that has
/// exited.
fn high_water_mark(process: u32, program: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    // Before exec, a child has its parent's memory.
    let name = status.lines().find_map(|line| line.strip_prefix("Name:")).unwrap_or_default().trim();
    if name.is_empty() || !program.starts_with(name) {
        return 0;
    }
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// The file's text so far. Reads by offset, because seeking would move the position at which the child writes.
fn text(file: &File) -> String {
    let mut bytes = vec![0; file.metadata().unwrap().len() as usize];
    file.read_exact_at(&mut bytes, 0).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A currently unused port on the loopback address.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
