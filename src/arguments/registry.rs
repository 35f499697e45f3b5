//! Options of the commands that speak with registries, and the client that they make.

use std::io;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use notary::reference::RepositoryName;
use registry::{ClientOptions, Credential, Credentials, PlainHttp, RegistryClient, Secret};

use crate::arguments::artifact_reference::Place;
use crate::output::exit::CliError;
use crate::output::{Output, WARN, paint};

/// The largest password, or token in its place, that is read.
const MAX_PASSWORD: u64 = 64 * 1024;

/// How to speak with registries.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Registry")]
pub struct RegistryArgs {
    /// The user name for the registry; by default Docker's and podman's files are used, and AWS's credentials for ECR
    #[arg(long, value_name = "NAME", requires = "password_stdin")]
    username: Option<String>,

    /// Read the password from standard input
    #[arg(long, requires = "username")]
    password_stdin: bool,

    /// Speak with registries without TLS; registries on this machine are spoken to so anyway
    #[arg(long)]
    plain_http: bool,

    /// Trust these certificate authorities beside the system's when speaking with registries (PEM); registries on this machine
    /// are then spoken to with TLS, too
    #[arg(long = "ca-file", value_name = "FILE")]
    ca_files: Vec<PathBuf>,

    /// How many seconds one request to a registry may take with its repetitions [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    registry_timeout: Option<Duration>,
}

impl RegistryArgs {
    /// The client. Nothing is connected to before the first request.
    ///
    /// # Errors
    /// When the password cannot be read.
    pub fn client(&self, output: &Output) -> Result<RegistryClient, CliError> {
        Ok(RegistryClient::new(self.options(), self.credentials(output)?))
    }

    /// The client for all of these artifacts. One password is for one registry, and no other is shown it.
    ///
    /// # Errors
    /// When the password cannot be read, or there is one and the artifacts are in several registries.
    pub fn client_for(&self, places: &[Place], output: &Output) -> Result<RegistryClient, CliError> {
        let credentials = self.credentials(output)?;
        let mut registries = places.iter().filter_map(Place::repository).map(RepositoryName::registry);
        if credentials.is_given()
            && let Some(first) = registries.next()
            && let Some(other) = registries.find(|registry| *registry != first)
        {
            return Err(CliError::usage(format!(
                "one user name and password are given (--username or NOTATION_PASSWORD), and {first} and {other} are two registries: \
                 run the command for each, or log in to them (docker login)"
            )));
        }
        Ok(RegistryClient::new(self.options(), credentials))
    }

    /// The client for the source of a copy, which a user name and a password on the command line are not for. Those of the
    /// environment are not either, where the target is in another registry.
    #[must_use]
    pub fn client_of_source(&self, target_is_other: bool) -> RegistryClient {
        let credentials = if target_is_other { Credentials::of_files() } else { Credentials::from_environment() };
        RegistryClient::new(self.options(), credentials)
    }

    fn credentials(&self, output: &Output) -> Result<Credentials, CliError> {
        let Some(username) = &self.username else {
            let credentials = Credentials::from_environment();
            if credentials.is_half_given() {
                let warning = paint(WARN, "warning:");
                output.note(format!(
                    "{warning} NOTATION_USERNAME counts for nothing without NOTATION_PASSWORD; set both"
                ));
            }
            return Ok(credentials);
        };
        let password = password(io::stdin().lock())?;
        Ok(Credentials::given(Credential::Password { username: username.clone(), password }))
    }

    fn options(&self) -> ClientOptions {
        let mut options = ClientOptions::default();
        if self.plain_http {
            options.plain_http = PlainHttp::Always;
        }
        options.ca_files.clone_from(&self.ca_files);
        options.timeout = self.registry_timeout.unwrap_or(options.timeout);
        options
    }
}

/// The password on standard input, without the line end that `echo` adds.
fn password(input: impl Read) -> Result<Secret, CliError> {
    let mut text = String::new();
    input
        .take(MAX_PASSWORD + 1)
        .read_to_string(&mut text)
        .map_err(|why| CliError::usage(format!("--password-stdin: {why}")))?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        return Err(CliError::usage("--password-stdin: standard input is empty: pipe the password in"));
    }
    if text.len() as u64 > MAX_PASSWORD {
        return Err(CliError::usage(format!("--password-stdin: more than {MAX_PASSWORD} bytes are no password")));
    }
    Ok(Secret::new(password))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.1..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "expected seconds, from 0.1 to 3600".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_loses_its_line_end_and_nothing_else() {
        for (input, expected) in [("a b \n", "a b "), ("a\r\n", "a"), ("a", "a"), ("a\n\n", "a\n")] {
            assert_eq!(password(input.as_bytes()), Ok(Secret::new(expected)));
        }
        assert!(password("\n".as_bytes()).is_err());
        assert!(password(vec![b'a'; 100_000].as_slice()).is_err());
    }
}
