//! `notation-aws-signer local-signer serve` as a process, administered with the AWS SDK.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use aws_sdk_signer::Client;
use aws_sdk_signer::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_signer::types::{SignatureValidityPeriod, ValidityType};
use tempfile::TempDir;

use crate::process::{Running, command};
use crate::programs;

pub const REGION: &str = "us-west-2";
/// The service's state folder, relative to its home folder.
const DIR: &str = "signer";

/// A running local signer. Stops when dropped.
pub struct LocalSigner {
    pub endpoint: String,
    home: TempDir,
    dir: &'static str,
    process: Option<Running>,
}

/// A signing profile and its current version.
pub struct Profile {
    pub name: String,
    pub arn: String,
    pub version: String,
}

impl LocalSigner {
    pub fn start() -> LocalSigner {
        LocalSigner::start_with(&[])
    }

    /// As [`LocalSigner::start`], with the clock set to `time` (RFC 3339).
    pub fn start_at(time: &str) -> LocalSigner {
        LocalSigner::start_with(&["--clock", time])
    }

    fn start_with(options: &[&str]) -> LocalSigner {
        LocalSigner::serve_with(tempfile::tempdir().unwrap(), DIR, options)
    }

    /// Serves existing state from the folder `dir` of `home`.
    pub fn serve(home: TempDir, dir: &'static str) -> LocalSigner {
        LocalSigner::serve_with(home, dir, &[])
    }

    fn serve_with(home: TempDir, dir: &'static str, options: &[&str]) -> LocalSigner {
        let mut serve = command(programs::tool(), home.path());
        serve.args(["local-signer", "serve", "--listen", "127.0.0.1:0", "--dir", dir]).args(options);
        let mut process = Running::start(&mut serve);
        let endpoint = process.wait_for("line with the endpoint's address", endpoint_in);
        let endpoint = endpoint.unwrap_or_else(|| panic!("the local signer exited\n{}", process.output()));
        LocalSigner { endpoint, home, dir, process: Some(process) }
    }

    /// Stops the service; its address then refuses connections.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// The shared credentials file that the service accepts.
    pub fn credentials_file(&self) -> PathBuf {
        self.home.path().join(self.dir).join("credentials")
    }

    /// The root certificate of the service's signatures, PEM.
    pub fn root_certificate(&self) -> PathBuf {
        self.home.path().join(self.dir).join("ca/root.pem")
    }

    /// Creates a signing profile with the default signature validity.
    pub fn put_profile(&self, name: &str) -> Profile {
        self.put_profile_valid_for(name, None)
    }

    /// Creates a signing profile whose signatures expire after this many days.
    pub fn put_profile_valid_for(&self, name: &str, days: Option<i32>) -> Profile {
        let validity =
            days.map(|days| SignatureValidityPeriod::builder().r#type(ValidityType::Days).value(days).build());
        let put = self.client().put_signing_profile().profile_name(name).platform_id("Notation-OCI-SHA384-ECDSA");
        let put = block_on(put.set_signature_validity_period(validity).send()).unwrap();
        Profile {
            name: name.to_owned(),
            arn: put.arn().unwrap().to_owned(),
            version: put.profile_version().unwrap().to_owned(),
        }
    }

    /// Revokes the signature of the signing job with this ARN.
    pub fn revoke_signature(&self, job: &str) {
        let id = job.rsplit('/').next().unwrap();
        block_on(self.client().revoke_signature().job_id(id).reason("key leaked").send()).unwrap();
    }

    /// Revokes the profile for signatures made from `effective` on.
    pub fn revoke_profile(&self, profile: &Profile, effective: SystemTime) {
        let revoke = self.client().revoke_signing_profile().profile_name(&profile.name);
        let revoke = revoke.profile_version(&profile.version).effective_time(effective.into()).reason("key leaked");
        block_on(revoke.send()).unwrap();
    }

    fn client(&self) -> Client {
        let config = aws_sdk_signer::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(&self.endpoint)
            .credentials_provider(credentials_in(&self.credentials_file()))
            .http_client(aws_smithy_http_client::Builder::new().build_http());
        Client::from_conf(config.build())
    }
}

/// The first `http://127.0.0.1:PORT` in a complete line.
fn endpoint_in(output: &str) -> Option<String> {
    let (finished, _) = output.rsplit_once('\n')?;
    let (_, rest) = finished.split_once("http://127.0.0.1:")?;
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some(format!("http://127.0.0.1:{port}"))
}

/// The first key pair of a shared credentials file.
fn credentials_in(file: &Path) -> Credentials {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let value = |key: &str| {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let found = pairs.map(|(name, value)| (name.trim(), value.trim())).find(|(name, _)| *name == key);
        found.unwrap_or_else(|| panic!("no {key} in {}", file.display())).1.to_owned()
    };
    Credentials::new(value("aws_access_key_id"), value("aws_secret_access_key"), None, None, "local signer")
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
