//! Credential helpers: docs.docker.com, "Credential helper protocol". The program reads the registry from standard
//! input and writes JSON to standard output.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use notary::json;
use notary::text::printable;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStderr, ChildStdout, Command};

use super::{Credential, Secret};

const MAX_ANSWER: usize = 64 * 1024;
/// The most that is kept of what a helper writes to standard error, in bytes.
const MAX_MESSAGES: usize = 8 * 1024;
/// How much of a message is shown, in characters.
const SHOWN: usize = 300;
/// How long a pipe must be empty, after the helper has ended, to count as read.
const DRAINED: Duration = Duration::from_millis(100);
/// The user name that marks the secret as an identity token.
const TOKEN: &str = "<token>";

/// Options for running helpers.
#[derive(Debug, Clone)]
pub(super) struct Helpers {
    /// The folder of the programs; `None` searches the PATH.
    pub(super) folder: Option<PathBuf>,
    /// The time limit.
    pub(super) time: Duration,
}

impl Default for Helpers {
    fn default() -> Self {
        // A helper may have to call a remote service.
        Self { folder: None, time: Duration::from_secs(30) }
    }
}

impl Helpers {
    /// Runs the helper of this name; `None` if it has no credentials for the registry. The error continues a sentence
    /// about the helper.
    pub(super) async fn get(&self, name: &str, registry: &str) -> Result<Option<Credential>, String> {
        let valid = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
        if !valid {
            return Err("is not a valid program name".to_owned());
        }
        let program = format!("docker-credential-{name}");
        let program = self.folder.as_ref().map_or_else(|| PathBuf::from(&program), |folder| folder.join(&program));
        let mut written = Written::default();
        match tokio::time::timeout(self.time, run(&program, registry, &mut written)).await {
            Err(_) => Err(format!("gave no answer within {} s{}", self.time.as_secs_f32(), written.messages())),
            Ok(Err(why)) if why.kind() == io::ErrorKind::NotFound => {
                Err("is not on the PATH; install it, or remove it from the file".to_owned())
            }
            Ok(Err(why)) => Err(format!("cannot be run: {why}{}", written.messages())),
            Ok(Ok(status)) => read(status, &written),
        }
    }
}

/// What a helper has written so far.
#[derive(Default)]
struct Written {
    answer: Vec<u8>,
    messages: Vec<u8>,
}

impl Written {
    /// What it wrote to standard error, as the end of a sentence.
    fn messages(&self) -> String {
        let messages = shown(&self.messages);
        if messages.is_empty() { String::new() } else { format!(" (standard error: {messages})") }
    }
}

/// Runs the helper until it ends. A child that it leaves behind, such as an agent, may keep its pipes open for ever.
async fn run(program: &Path, registry: &str, written: &mut Written) -> io::Result<ExitStatus> {
    let mut command = Command::new(program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let mut pipes = Pipes { stdout: child.stdout.take(), stderr: child.stderr.take() };
    if let Some(mut stdin) = child.stdin.take() {
        // A write error means that the helper exited early; its output has the reason.
        let _ = stdin.write_all(registry.as_bytes()).await;
    }
    loop {
        tokio::select! {
            status = child.wait() => {
                // What it wrote is in the pipes by now.
                while let Ok(more) = tokio::time::timeout(DRAINED, pipes.read(written)).await {
                    if !more? {
                        break;
                    }
                }
                return status;
            }
            more = pipes.read(written) => {
                if !more? {
                    return child.wait().await;
                }
            }
        }
    }
}

/// The pipes that a helper writes to, each until its end.
struct Pipes {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
}

impl Pipes {
    /// Waits for more from either pipe. `false` means that both have ended.
    async fn read(&mut self, written: &mut Written) -> io::Result<bool> {
        let (mut answer, mut messages) = ([0; 4096], [0; 4096]);
        tokio::select! {
            size = next(&mut self.stdout, &mut answer), if self.stdout.is_some() => {
                written.answer.extend_from_slice(&answer[..size?]);
                if written.answer.len() > MAX_ANSWER {
                    let why = format!("it wrote more than {MAX_ANSWER} bytes");
                    return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
                }
            }
            size = next(&mut self.stderr, &mut messages), if self.stderr.is_some() => {
                let room = MAX_MESSAGES - written.messages.len();
                written.messages.extend_from_slice(&messages[..size?.min(room)]);
            }
            else => return Ok(false),
        }
        Ok(true)
    }
}

/// Reads from the pipe, and removes it at its end.
async fn next(pipe: &mut Option<impl AsyncRead + Unpin>, buffer: &mut [u8]) -> io::Result<usize> {
    let Some(open) = pipe else { return Ok(0) };
    let size = open.read(buffer).await?;
    if size == 0 {
        *pipe = None;
    }
    Ok(size)
}

fn read(status: ExitStatus, written: &Written) -> Result<Option<Credential>, String> {
    if !status.success() {
        let message = shown(&written.answer);
        if message.contains("credentials not found") {
            return Ok(None);
        }
        let messages = written.messages();
        return Err(match (message.is_empty(), messages.is_empty()) {
            (true, true) => format!("failed without a message ({status})"),
            (true, false) => format!("failed{messages}"),
            (false, _) => format!("failed: {message}{messages}"),
        });
    }
    let members = || {
        let mut object = json::parse_object("answer", &written.answer)?;
        Ok((object.optional_string("Username")?.unwrap_or_default(), object.optional_string("Secret")?))
    };
    // The parser's message could quote the secret.
    let (username, secret) = members().map_err(|_: json::JsonError| {
        format!("did not write the JSON of the credential helper protocol{}", written.messages())
    })?;
    Ok(secret.filter(|secret| !secret.is_empty()).map(Secret::new).map(|secret| match username.as_str() {
        TOKEN => Credential::IdentityToken(secret),
        _ => Credential::Password { username, password: secret },
    }))
}

/// The start of a message, in one line.
fn shown(message: &[u8]) -> String {
    let message = printable(String::from_utf8_lossy(message).trim());
    message.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect()
}
