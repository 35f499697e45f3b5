//! Running a command of a plugin: `plugin-extensibility.md`, "Plugin contract". Its output is bounded. After a timeout,
//! its whole process group is killed.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use limits::Deadline;
use notary::json;
use notary::json::Object;
use notary::plugin::{Command, ErrorCode, ErrorResponse};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Child;
use tokio::time::sleep;

use super::error::PluginError;

/// The largest answer, in bytes. The protocol's limit of 64 MiB only protects the memory; real answers are short.
pub(super) const MAX_ANSWER: u64 = 1024 * 1024;
/// The most that is kept of standard error, in bytes.
const MAX_ERROR: u64 = 64 * 1024;

/// The output of a command.
struct Output {
    /// How the program ended.
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// The process group of a plugin. Dropping this kills it, unless it has ended.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // Fails if no process is left.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

/// Runs a command of the plugin with a request and parses its answer.
pub(crate) async fn ask(
    program: &Path,
    command: Command,
    request: &[u8],
    deadline: Deadline,
) -> Result<Object, PluginError> {
    let run = |why: io::Error| PluginError::Run { command, why: why.to_string() };
    let output = match deadline.run(run_to_end(program, command, request)).await {
        None => return Err(PluginError::Timeout { command, budget: deadline.budget() }),
        Some(output) => output.map_err(run)?,
    };
    if !output.status.success() {
        let (code, message) = error_of(&output.stderr);
        let message = if message.is_empty() { silent(output.status) } else { message };
        return Err(PluginError::Failed { command, code, message });
    }
    if output.stdout.len() as u64 > MAX_ANSWER {
        return Err(PluginError::TooLarge { command, most: MAX_ANSWER });
    }
    json::parse_object("answer", &output.stdout).map_err(|source| PluginError::Answer { command, source })
}

async fn run_to_end(program: &Path, command: Command, request: &[u8]) -> io::Result<Output> {
    let mut process = tokio::process::Command::new(program);
    process.arg(command.as_str()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    process.process_group(0).kill_on_drop(true);
    let mut child = loop {
        match process.spawn() {
            // The program was just installed, and a process that another thread is starting inherited the open file.
            Err(why) if why.kind() == io::ErrorKind::ExecutableFileBusy => sleep(Duration::from_millis(10)).await,
            spawned => break spawned?,
        }
    };
    let mut group = Group(child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)));
    let output = talk(&mut child, request).await;
    if output.as_ref().is_ok_and(|output| output.stdout.len() as u64 <= MAX_ANSWER) {
        // The processes have ended: the group's id may be in use by other processes already.
        group.0 = None;
    }
    output
}

async fn talk(child: &mut Child, request: &[u8]) -> io::Result<Output> {
    let mut stdin = child.stdin.take();
    let mut stdout = child.stdout.take();
    let mut stderr = child.stderr.take();
    let write = async {
        if let Some(mut stdin) = stdin.take() {
            // A write error means that the plugin exited early; its output has the reason.
            let _ = stdin.write_all(request).await;
        }
        Ok(())
    };
    // An answer that is too large stops everything.
    let answer = async {
        let answer = read(&mut stdout, MAX_ANSWER + 1).await?;
        if answer.len() as u64 > MAX_ANSWER { Err(Stop::TooLarge(answer)) } else { Ok(answer) }
    };
    let errors = async {
        let text = read(&mut stderr, MAX_ERROR).await?;
        if let Some(rest) = &mut stderr {
            tokio::io::copy(rest, &mut tokio::io::sink()).await?;
        }
        Ok(text)
    };
    match tokio::try_join!(write, answer, errors) {
        Ok(((), stdout, stderr)) => Ok(Output { status: child.wait().await?, stdout, stderr }),
        Err(Stop::TooLarge(stdout)) => Ok(Output { status: ExitStatus::default(), stdout, stderr: Vec::new() }),
        Err(Stop::Io(why)) => Err(why),
    }
}

/// Why reading from a plugin stopped.
enum Stop {
    TooLarge(Vec<u8>),
    Io(io::Error),
}

impl From<io::Error> for Stop {
    fn from(why: io::Error) -> Self {
        Self::Io(why)
    }
}

async fn read(stream: &mut Option<impl AsyncRead + Unpin>, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        stream.take(most).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// What is known of a command that failed without a message.
fn silent(status: ExitStatus) -> String {
    let ended = match (status.code(), status.signal()) {
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => format!("it was ended by the signal {signal}"),
        (None, None) => status.to_string(),
    };
    format!("{ended} and wrote no message")
}

/// The code and the message of the protocol's error, or otherwise the text of standard error.
fn error_of(stderr: &[u8]) -> (Option<ErrorCode>, String) {
    match ErrorResponse::parse(stderr) {
        Ok(error) => (Some(error.code), error.message),
        Err(_) => (None, String::from_utf8_lossy(stderr).trim().chars().take(1000).collect()),
    }
}
