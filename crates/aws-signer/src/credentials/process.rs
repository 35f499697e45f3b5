//! `credential_process`: AWS SDKs and Tools Reference Guide, "Process credential provider".

use std::process::Stdio;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use limits::ChildOutput;
use notary::text::printable;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::process::Command;

use super::error::CredentialsFailure;

/// The maximum size of the output in bytes.
const MAX_OUTPUT: usize = 1024 * 1024;
/// How much of the error output is kept, in bytes.
const MAX_ERRORS: usize = 8 * 1024;
/// How much of the error output is shown.
const MAX_SHOWN: usize = 500;

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
    let mut written = ChildOutput::new(MAX_OUTPUT, MAX_ERRORS);
    let status = written.read(&mut child).await.map_err(|why| failed(format!("gave no output: {why}")))?;
    if !status.success() {
        let errors = String::from_utf8_lossy(&written.stderr).into_owned();
        let errors: String = printable(errors.trim()).chars().take(MAX_SHOWN).collect();
        let said = if errors.is_empty() { "it wrote no error".to_owned() } else { format!("it wrote {errors:?}") };
        return Err(failed(format!("failed with {status}: {said}")));
    }
    // The error may quote the secrets.
    let output: Output = serde_json::from_slice(&written.stdout)
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
