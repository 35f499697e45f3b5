//! `notation-aws-signer` with a home folder of its own, and the local signer in place of AWS Signer.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::local_signer::{LocalSigner, REGION};
use crate::notation::Notation;
use crate::process::{Finished, command, run};
use crate::programs;
use crate::schemas::Schema;

const LIMIT: Duration = Duration::from_secs(120);

pub struct Cli {
    home: TempDir,
    credentials: PathBuf,
    endpoint: String,
    /// The folder with notation's configuration, if not in the home folder.
    config: Option<PathBuf>,
}

impl Cli {
    /// The tool with this signing service as endpoint and credentials for it.
    pub fn for_signer(signer: &LocalSigner) -> Cli {
        Cli {
            home: tempfile::tempdir().unwrap(),
            credentials: signer.credentials_file(),
            endpoint: signer.endpoint.clone(),
            config: None,
        }
    }

    /// The tool with the service at this URL in place of AWS Signer, in the region us-west-2. It need not check
    /// credentials.
    pub fn at(endpoint: impl Into<String>) -> Cli {
        let home = tempfile::tempdir().unwrap();
        let credentials = home.path().join("credentials");
        std::fs::write(&credentials, "[default]\naws_access_key_id = AKIATEST\naws_secret_access_key = secret\n")
            .unwrap();
        Cli { home, credentials, endpoint: endpoint.into(), config: None }.in_region(REGION)
    }

    /// Names the region in the AWS configuration.
    pub fn in_region(self, region: &str) -> Cli {
        let folder = self.home().join(".aws");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("config"), format!("[default]\nregion = {region}\n")).unwrap();
        self
    }

    /// Uses the trust policy and the trust stores of this notation.
    pub fn with_config_of(self, notation: &Notation) -> Cli {
        Cli { config: notation.config_folder().parent().map(Path::to_owned), ..self }
    }

    /// The home folder, which is the working directory too.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The command, for callers that add more than [`Cli::run`] takes.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut cli = command(programs::tool(), self.home.path());
        cli.env("AWS_SHARED_CREDENTIALS_FILE", &self.credentials).env("AWS_EC2_METADATA_DISABLED", "true");
        cli.env("AWS_ENDPOINT_URL_SIGNER", &self.endpoint).args(arguments);
        cli.envs(self.config.iter().map(|config| ("XDG_CONFIG_HOME", config)));
        cli
    }

    /// Runs the command to its end, whether it succeeds or fails.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Finished {
        run(&mut self.command(arguments), LIMIT)
    }

    /// Runs the command with `--output json`. Fails the test unless it exits with `code` and its results conform to the
    /// schema in docs/output, which is named after the command and its subcommand.
    #[track_caller]
    pub fn json(&self, schema: &str, arguments: &[&str], code: i32) -> Value {
        let finished = self.run(&[arguments, &["--output", "json"]].concat()).exits_with(code);
        let results: Value = serde_json::from_str(&finished.stdout).unwrap_or_else(|why| panic!("{why}: {finished}"));
        Schema::from_command(schema).accepts(&results);
        results
    }
}
