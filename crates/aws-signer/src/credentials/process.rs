//! `credential_process`: AWS SDKs and Tools Reference Guide, "Process credential provider".

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use notary::text::printable;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use super::error::CredentialsFailure;

/// The maximum size of the output in bytes.
const MAX_OUTPUT: usize = 1024 * 1024;
/// How much of the error output is kept, in bytes.
const MAX_ERRORS: usize = 8 * 1024;
/// How much of the error output is shown.
const MAX_SHOWN: usize = 500;
/// How long a pipe must be empty, after the command has ended, to count as read.
const DRAINED: Duration = Duration::from_millis(100);

/// The output. Other members are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    version: u32,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<String>,
}

/// Runs the command with the shell, as the other SDKs do. The command ends with the caller's deadline.
pub(super) async fn run(profile: &str, command: &str) -> Result<Credentials, CredentialsFailure> {
    let failed = |why: String| CredentialsFailure::Process { profile: profile.to_owned(), why };
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|why| failed(format!("could not be started: {why}")))?;
    let mut written = Written::default();
    let status = ended(&mut child, &mut written).await.map_err(|why| failed(format!("gave no output: {why}")))?;
    if !status.success() {
        let errors = String::from_utf8_lossy(&written.errors).into_owned();
        let errors: String = printable(errors.trim()).chars().take(MAX_SHOWN).collect();
        let said = if errors.is_empty() { "it wrote no error".to_owned() } else { format!("it wrote {errors:?}") };
        return Err(failed(format!("failed with {status}: {said}")));
    }
    // The error may quote the secrets.
    let output: Output = serde_json::from_slice(&written.output)
        .map_err(|_| failed("did not print credentials in the form that AWS defines".to_owned()))?;
    if output.version != 1 {
        return Err(failed(format!("printed credentials of version {}; only version 1 is supported", output.version)));
    }
    let expiry = match output.expiration.filter(|time| !time.is_empty()) {
        None => None,
        Some(time) => {
            let parsed = OffsetDateTime::parse(&time, &Rfc3339);
            let invalid = |_| failed(format!("printed an invalid Expiration: {:?}", printable(&time)));
            Some(SystemTime::from(parsed.map_err(invalid)?))
        }
    };
    let token = output.session_token;
    Ok(Credentials::new(output.access_key_id, output.secret_access_key, token, expiry, "credential_process"))
}

/// What the command has written so far.
#[derive(Default)]
struct Written {
    output: Vec<u8>,
    errors: Vec<u8>,
}

/// Reads until the command ends. A child that it leaves behind, such as an agent, may keep its pipes open for ever.
async fn ended(child: &mut Child, written: &mut Written) -> io::Result<ExitStatus> {
    let mut pipes = Pipes { output: child.stdout.take(), errors: child.stderr.take() };
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

/// The pipes of the command, each until its end.
struct Pipes {
    output: Option<ChildStdout>,
    errors: Option<ChildStderr>,
}

impl Pipes {
    /// Waits for more from either pipe. `false` means that both have ended.
    async fn read(&mut self, written: &mut Written) -> io::Result<bool> {
        let (mut output, mut errors) = ([0; 4096], [0; 4096]);
        tokio::select! {
            size = next(&mut self.output, &mut output), if self.output.is_some() => {
                written.output.extend_from_slice(&output[..size?]);
                if written.output.len() > MAX_OUTPUT {
                    return Err(io::Error::other(format!("it has more than {MAX_OUTPUT} bytes")));
                }
            }
            size = next(&mut self.errors, &mut errors), if self.errors.is_some() => {
                let room = MAX_ERRORS - written.errors.len();
                written.errors.extend_from_slice(&errors[..size?.min(room)]);
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
