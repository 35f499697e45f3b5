//! Credential helpers: docs.docker.com, "Credential helper protocol". The program reads the registry from standard
//! input and writes JSON to standard output.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use limits::ChildOutput;
use notary::json;
use notary::text::printable;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::{Credential, Secret};

const MAX_ANSWER: usize = 64 * 1024;
/// The most that is kept of what a helper writes to standard error, in bytes.
const MAX_MESSAGES: usize = 8 * 1024;
/// How much of a message is shown, in characters.
const SHOWN: usize = 300;
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
        let mut written = ChildOutput::new(MAX_ANSWER, MAX_MESSAGES);
        match tokio::time::timeout(self.time, run(&program, registry, &mut written)).await {
            Err(_) => Err(format!("gave no answer within {} s{}", self.time.as_secs_f32(), messages(&written))),
            Ok(Err(why)) if why.kind() == io::ErrorKind::NotFound => {
                Err("is not on the PATH; install it, or remove it from the file".to_owned())
            }
            Ok(Err(why)) => Err(format!("cannot be run: {why}{}", messages(&written))),
            Ok(Ok(status)) => read(status, &written),
        }
    }
}

/// What a helper wrote to standard error, as the end of a sentence.
fn messages(written: &ChildOutput) -> String {
    let messages = shown(&written.stderr);
    if messages.is_empty() { String::new() } else { format!(" (standard error: {messages})") }
}

/// Runs the helper until it ends.
async fn run(program: &Path, registry: &str, written: &mut ChildOutput) -> io::Result<ExitStatus> {
    let mut command = Command::new(program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A write error means that the helper exited early; its output has the reason.
        let _ = stdin.write_all(registry.as_bytes()).await;
    }
    written.read(&mut child).await
}

fn read(status: ExitStatus, written: &ChildOutput) -> Result<Option<Credential>, String> {
    if !status.success() {
        let message = shown(&written.stdout);
        if message.contains("credentials not found") {
            return Ok(None);
        }
        let messages = messages(written);
        return Err(match (message.is_empty(), messages.is_empty()) {
            (true, true) => format!("failed without a message ({status})"),
            (true, false) => format!("failed{messages}"),
            (false, _) => format!("failed: {message}{messages}"),
        });
    }
    let members = || {
        let mut object = json::parse_object("answer", &written.stdout)?;
        Ok((object.optional_string("Username")?.unwrap_or_default(), object.optional_string("Secret")?))
    };
    // The parser's message could quote the secret.
    let (username, secret) = members().map_err(|_: json::JsonError| {
        format!("did not write the JSON of the credential helper protocol{}", messages(written))
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
