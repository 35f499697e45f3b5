//! Credential helpers: docs.docker.com, "Credential helper protocol". The program reads the registry from standard
//! input and writes JSON to standard output.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use notary::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::{Credential, Secret};

const MAX_ANSWER: u64 = 64 * 1024;
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
        match tokio::time::timeout(self.time, run(&program, registry)).await {
            Err(_) => Err(format!("gave no answer within {} s", self.time.as_secs_f32())),
            Ok(Err(why)) if why.kind() == io::ErrorKind::NotFound => {
                Err("is not on the PATH; install it, or remove it from the file".to_owned())
            }
            Ok(Err(why)) => Err(format!("cannot be run: {why}")),
            Ok(Ok((success, answer))) => read(success, &answer),
        }
    }
}

async fn run(program: &Path, registry: &str) -> io::Result<(bool, Vec<u8>)> {
    let mut command = Command::new(program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A write error means that the helper exited early; its output has the reason.
        let _ = stdin.write_all(registry.as_bytes()).await;
    }
    let mut answer = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(MAX_ANSWER + 1).read_to_end(&mut answer).await?;
    }
    if answer.len() as u64 > MAX_ANSWER {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it wrote more than {MAX_ANSWER} bytes")));
    }
    Ok((child.wait().await?.success(), answer))
}

fn read(success: bool, answer: &[u8]) -> Result<Option<Credential>, String> {
    if !success {
        let message = String::from_utf8_lossy(answer);
        let message = message.trim();
        if message.contains("credentials not found") {
            return Ok(None);
        }
        let message: String = message.chars().filter(|c| !c.is_control()).take(300).collect();
        return Err(format!("failed: {}", if message.is_empty() { "no message" } else { &message }));
    }
    let members = || {
        let mut object = json::parse_object("answer", answer)?;
        Ok((object.optional_string("Username")?.unwrap_or_default(), object.optional_string("Secret")?))
    };
    // The parser's message could quote the secret.
    let (username, secret) = members()
        .map_err(|_: json::JsonError| "did not write the JSON of the credential helper protocol".to_owned())?;
    Ok(secret.filter(|secret| !secret.is_empty()).map(Secret::new).map(|secret| match username.as_str() {
        TOKEN => Credential::IdentityToken(secret),
        _ => Credential::Password { username, password: secret },
    }))
}
