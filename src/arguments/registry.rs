//! Registry options, and the registry client with these options.

use std::io;
use std::io::{ErrorKind, Read};
use std::path::PathBuf;
use std::time::Duration;

use files::FileError;
use notary::reference::RepositoryName;
use registry::{ClientOptions, Credential, Credentials, PlainHttp, RegistryClient, Secret};
use rustix::fs::Access;

use crate::arguments::artifact_reference::ArtifactReference;
use crate::output::Output;
use crate::output::exit::CliError;

/// The largest password or token that is read, in bytes.
const MAX_PASSWORD: u64 = 64 * 1024;

/// How to connect to registries.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Registry")]
pub struct RegistryArgs {
    /// The user name for the registry [default: the logins of docker and podman; for Amazon ECR also the AWS
    /// credentials]
    #[arg(long, value_name = "NAME", requires = "password_stdin")]
    username: Option<String>,

    /// Read the password for --username from standard input
    #[arg(long, requires = "username")]
    password_stdin: bool,

    /// Connect to registries without TLS (HTTP). Registries on this machine (localhost), and those in
    /// insecureRegistries of notation's configuration, need no option. Amazon ECR is always reached with TLS
    #[arg(long)]
    plain_http: bool,

    /// Also trust the certificates in this file for TLS (PEM or DER): of certificate authorities, or of the registry
    /// itself. Registries on this machine are then connected to with TLS, too
    #[arg(long = "ca-file", value_name = "FILE")]
    ca_files: Vec<PathBuf>,

    /// The time limit for one registry request including retries, in seconds [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    registry_timeout: Option<Duration>,
}

impl RegistryArgs {
    /// The registry client. It connects on the first request.
    ///
    /// # Errors
    /// Returns [`CliError`] if the password cannot be read.
    pub fn client(&self, output: &Output) -> Result<RegistryClient, CliError> {
        Ok(RegistryClient::new(self.options(output), self.credentials(output)?))
    }

    /// The registry client for all of these artifacts. A given password must not be sent to more than one registry.
    ///
    /// # Errors
    /// Returns [`CliError`] if the password cannot be read, or if a password is given and the artifacts are in several
    /// registries.
    pub fn client_for(&self, references: &[ArtifactReference], output: &Output) -> Result<RegistryClient, CliError> {
        let credentials = self.credentials(output)?;
        let mut registries = references.iter().filter_map(ArtifactReference::repository).map(RepositoryName::registry);
        if credentials.is_given()
            && let Some(first) = registries.next()
            && let Some(other) = registries.find(|registry| *registry != first)
        {
            let why = format!(
                "the given password (--username or NOTATION_PASSWORD) is for one registry, but {first} and {other} are two"
            );
            return Err(CliError::configuration(why)
                .with_advice("Run the command once for each registry, or log in with `docker login`."));
        }
        Ok(RegistryClient::new(self.options(output), credentials))
    }

    /// The registry client for the source of a copy. It never uses `--username` and its password, which are for the
    /// target. It uses the environment's password only if the target is in the same registry.
    #[must_use]
    pub fn client_of_source(&self, target_is_other: bool, output: &Output) -> RegistryClient {
        let credentials = if target_is_other { Credentials::from_files() } else { Credentials::from_environment() };
        RegistryClient::new(self.options(output), credentials)
    }

    /// Checks that the files of `--ca-file` can be read, without reading them: one may be a pipe.
    fn check_ca_files(&self) -> Result<(), CliError> {
        self.ca_files.iter().try_for_each(|file| {
            let why = match rustix::fs::access(file, Access::READ_OK) {
                Ok(()) if file.is_dir() => ErrorKind::IsADirectory.into(),
                Ok(()) => return Ok(()),
                Err(why) => io::Error::from(why),
            };
            Err(CliError::configuration(FileError::reading(file, why)).context("--ca-file"))
        })
    }

    fn credentials(&self, output: &Output) -> Result<Credentials, CliError> {
        self.check_ca_files()?;
        let Some(username) = &self.username else {
            let credentials = Credentials::from_environment();
            if credentials.is_half_given() {
                output.warning("NOTATION_USERNAME is ignored because NOTATION_PASSWORD is not set: set both");
            }
            return Ok(credentials);
        };
        let password = password(io::stdin().lock())?;
        Ok(Credentials::given(Credential::Password { username: username.clone(), password }))
    }

    fn options(&self, output: &Output) -> ClientOptions {
        let mut options = ClientOptions::default();
        options.waits = output.waits();
        if self.plain_http {
            options.plain_http = PlainHttp::Always;
        }
        options.ca_files.clone_from(&self.ca_files);
        options.timeout = self.registry_timeout.unwrap_or(options.timeout);
        options
    }
}

/// Reads the password, without the line end that `echo` adds.
fn password(input: impl Read) -> Result<Secret, CliError> {
    let mut text = String::new();
    input
        .take(MAX_PASSWORD + 1)
        .read_to_string(&mut text)
        .map_err(|why| CliError::file(format!("--password-stdin: {why}")))?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        let why = CliError::configuration("--password-stdin: standard input is empty");
        return Err(why.with_advice("Pipe the password to this command."));
    }
    if text.len() as u64 > MAX_PASSWORD {
        return Err(CliError::configuration(format!(
            "--password-stdin: the password is longer than {MAX_PASSWORD} bytes"
        )));
    }
    Ok(Secret::new(password))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.1..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "expected a number of seconds from 0.1 to 3600".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_one_line_end_from_the_password() {
        for (input, expected) in [("a b \n", "a b "), ("a\r\n", "a"), ("a", "a"), ("a\n\n", "a\n")] {
            assert_eq!(password(input.as_bytes()), Ok(Secret::new(expected)));
        }
        assert!(password("\n".as_bytes()).is_err());
        assert!(password(vec![b'a'; 100_000].as_slice()).is_err());
    }
}
