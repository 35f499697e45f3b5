//! A local signer for tests: in this process, on a free port, with a temporary folder.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use aws_names::AccountId;
use tempfile::TempDir;
use tokio::runtime::Handle;

use crate::clock::Clock;
use crate::config::{Config, ConfigSource};
use crate::credentials::Credentials;
use crate::faults::Rule;
use crate::principals::{NewPrincipal, Principals, PrincipalsError};
use crate::{LocalSigner, Options, StartError};

/// Why a [`TestSigner`] did not start.
#[derive(Debug, thiserror::Error)]
pub enum TestSignerError {
    /// The temporary folder could not be created.
    #[error("cannot create a temporary folder: {0}")]
    Folder(io::Error),
    /// The signer did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A user or role could not be added.
    #[error(transparent)]
    Principals(#[from] PrincipalsError),
}

/// A running local signer for one test. Dropping it stops it and removes its folder.
///
/// Each one has profiles, jobs, keys and a certificate authority of its own, so tests need not wait for each other.
#[derive(Debug)]
pub struct TestSigner {
    // Both are present until the signer is dropped.
    signer: Option<LocalSigner>,
    folder: Option<TempDir>,
    endpoint_url: String,
    credentials: Credentials,
    added: BTreeMap<String, Credentials>,
}

/// The settings of a [`TestSigner`].
#[derive(Debug, Clone)]
#[must_use]
pub struct TestSignerBuilder {
    account: AccountId,
    clock: Clock,
    principals: Vec<NewPrincipal>,
    config: Config,
}

impl TestSigner {
    /// Starts a signer with the default settings, in tasks of the current runtime.
    ///
    /// # Errors
    /// Returns [`TestSignerError`] if the temporary folder or a port cannot be used.
    pub async fn start() -> Result<Self, TestSignerError> {
        Self::builder().start().await
    }

    /// The default settings: the account [`AccountId::EXAMPLE`], the real time, no users but the root, no quotas and no
    /// faults.
    pub fn builder() -> TestSignerBuilder {
        TestSignerBuilder {
            account: AccountId::EXAMPLE,
            clock: Clock::system(),
            principals: Vec::new(),
            config: Config::default(),
        }
    }

    /// The endpoint URL for an AWS SDK. An SDK sends `GetRevocationStatus` to another host, `data-` and the name of
    /// this one, unless it is told not to; see "Develop against the local signer" in the documentation.
    #[must_use]
    pub fn endpoint_url(&self) -> &str {
        &self.endpoint_url
    }

    /// The access keys of the account's root user, who may do everything.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The access keys of a user or role that the builder added, by its name.
    #[must_use]
    pub fn credentials_of(&self, name: &str) -> Option<&Credentials> {
        self.added.get(name)
    }

    /// The users and roles that the signer accepts. More can be added while it runs.
    #[must_use]
    pub fn principals(&self) -> &Principals {
        self.running().principals()
    }

    /// Makes the calls from now on fail, wait or break by these rules. An empty list ends the faults.
    pub fn set_faults(&self, rules: Vec<Rule>) {
        self.running().controls().faults.set(rules);
    }

    /// The PEM file with the root certificate, for a notation trust store of the type `signingAuthority`.
    #[must_use]
    pub fn root_certificate(&self) -> &Path {
        self.running().root_certificate()
    }

    /// The environment variables that AWS's clients and SDKs in other processes need, with their values: endpoint,
    /// credentials file and region. The region may be any other. The calls are the root's; for a user or role, set
    /// `AWS_PROFILE` to its name, too.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let file = self.running().credentials_file().unwrap_or(Path::new(""));
        vec![
            ("AWS_ENDPOINT_URL_SIGNER", self.endpoint_url.clone()),
            ("AWS_ENDPOINT_URL_SIGNER_DATA", self.endpoint_url.clone()),
            ("AWS_SHARED_CREDENTIALS_FILE", file.to_string_lossy().into_owned()),
            ("AWS_REGION", "us-west-2".to_owned()),
            ("AWS_DEFAULT_REGION", "us-west-2".to_owned()),
        ]
    }

    /// Stops accepting requests, waits for the running ones, and removes the folder. A test that only drops the signer
    /// does not wait.
    ///
    /// # Errors
    /// Returns the error of the system if the folder cannot be removed.
    pub async fn shutdown(mut self) -> io::Result<()> {
        if let Some(signer) = self.signer.take() {
            signer.shutdown().await;
        }
        self.folder.take().map_or(Ok(()), TempDir::close)
    }

    fn running(&self) -> &LocalSigner {
        #[expect(clippy::expect_used, reason = "only `shutdown` and `drop` take the signer, and both end this value")]
        self.signer.as_ref().expect("a signer until the end")
    }
}

impl Drop for TestSigner {
    fn drop(&mut self) {
        let (signer, folder) = (self.signer.take(), self.folder.take());
        // The folder is removed after the last request. A runtime that ends drops the task, and with it the folder.
        if let (Some(signer), Ok(runtime)) = (signer, Handle::try_current()) {
            runtime.spawn(async move {
                signer.shutdown().await;
                drop(folder);
            });
        }
    }
}

impl TestSignerBuilder {
    /// Uses this account id in the ARNs of profiles and jobs.
    pub fn account(mut self, account: AccountId) -> Self {
        self.account = account;
        self
    }

    /// Signs by this clock, for example to make signatures that have expired.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Adds this user or role; [`TestSigner::credentials_of`] has its keys.
    pub fn principal(mut self, principal: NewPrincipal) -> Self {
        self.principals.push(principal);
        self
    }

    /// Makes calls fail, wait or break by this rule, after those that were given before.
    pub fn fault(mut self, rule: Rule) -> Self {
        self.config.faults.push(rule);
        self
    }

    /// Uses this configuration, with quotas, buckets, events and faults, in place of an earlier one.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Starts the signer, in tasks of the current runtime.
    ///
    /// # Errors
    /// Returns [`TestSignerError`] if the temporary folder or a port cannot be used, and for a name of a user or role
    /// that is given twice.
    pub async fn start(self) -> Result<TestSigner, TestSignerError> {
        let folder = temporary_folder().map_err(TestSignerError::Folder)?;
        let config = ConfigSource::Value(Box::new(self.config));
        let options = Options { account: self.account, clock: self.clock, config, ..Options::new(folder.path()) };
        let signer = LocalSigner::start(options).await?;
        let added = self.principals.into_iter().map(|principal| {
            let name = principal.name().to_string();
            Ok((name, signer.principals().add(principal)?))
        });
        let added = added.collect::<Result<_, PrincipalsError>>()?;
        let endpoint_url = signer.endpoint_url();
        let credentials = signer.credentials().clone();
        Ok(TestSigner { signer: Some(signer), folder: Some(folder), endpoint_url, credentials, added })
    }
}

/// A folder in memory where the system has one: a first start syncs two dozen files, and nothing of a test has to
/// survive a crash of the machine.
fn temporary_folder() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("test-signer-");
    builder.tempdir_in("/dev/shm").or_else(|_| builder.tempdir())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::net::TcpStream;
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;
    use crate::faults::{InjectedError, Outcome};

    fn folder_of(signer: &TestSigner) -> PathBuf {
        signer.folder.as_ref().unwrap().path().to_owned()
    }

    #[tokio::test]
    async fn shutdown_stops_the_signer_and_removes_its_folder() {
        let signer = TestSigner::start().await.unwrap();
        let (folder, address) = (folder_of(&signer), signer.running().address());
        assert!(folder.join("signer.db").exists() && signer.root_certificate().starts_with(&folder));
        drop(TcpStream::connect(address).unwrap());
        signer.shutdown().await.unwrap();
        assert!(!folder.exists());
        TcpStream::connect(address).unwrap_err();
    }

    #[test]
    fn the_end_of_the_runtime_removes_the_folder_of_a_dropped_signer() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let folder = runtime.block_on(async {
            let signer = TestSigner::start().await.unwrap();
            folder_of(&signer)
        });
        drop(runtime);
        assert!(!folder.exists());
    }

    #[tokio::test]
    async fn signers_share_nothing() {
        let (one, two) = (TestSigner::start().await.unwrap(), TestSigner::start().await.unwrap());
        assert_ne!(one.endpoint_url(), two.endpoint_url());
        assert_ne!(one.credentials(), two.credentials());
        let root = |signer: &TestSigner| std::fs::read(signer.root_certificate()).unwrap();
        assert_ne!(root(&one), root(&two));
    }

    #[tokio::test]
    async fn the_environment_names_the_endpoint_and_the_keys() {
        let signer = TestSigner::builder().account("444455556666".parse().unwrap()).start().await.unwrap();
        let environment = signer.environment();
        let value = |name: &str| &environment.iter().find(|(key, _)| *key == name).unwrap().1;
        assert_eq!(value("AWS_ENDPOINT_URL_SIGNER"), signer.endpoint_url());
        let keys = std::fs::read_to_string(value("AWS_SHARED_CREDENTIALS_FILE")).unwrap();
        assert!(keys.contains(signer.credentials().access_key_id()));
    }

    #[tokio::test]
    async fn users_have_keys_and_profiles_of_their_own() {
        let alice = NewPrincipal::user("alice".parse().unwrap());
        let signer = TestSigner::builder().principal(alice.clone()).start().await.unwrap();
        let keys = signer.credentials_of("alice").unwrap();
        assert_ne!(keys, signer.credentials());
        let file = signer.running().credentials_file().unwrap();
        assert!(std::fs::read_to_string(file).unwrap().contains(keys.access_key_id()));
        assert!(signer.principals().current().find(keys.access_key_id()).is_some());
        assert!(signer.credentials_of("bob").is_none());
        let twice = TestSigner::builder().principal(alice.clone()).principal(alice).start().await;
        assert!(matches!(twice, Err(TestSignerError::Principals(_))));
    }

    #[tokio::test]
    async fn faults_can_be_given_and_changed() {
        let error = InjectedError::of(None, "InternalServiceErrorException").unwrap();
        let fails = Rule {
            operation: None,
            rate: 1.0,
            seed: None,
            delay: Duration::ZERO,
            outcome: Some(Outcome::Error(error)),
        };
        let signer = TestSigner::builder().fault(fails).start().await.unwrap();
        let faults = &signer.running().controls().faults;
        assert_eq!(faults.next("SignPayload").unwrap().outcome, Some(Outcome::Error(error)));
        signer.set_faults(Vec::new());
        assert_eq!(faults.next("SignPayload"), None);
    }

    /// Prints how long a start takes, with the parts: `cargo test -p notation-aws-signer-local-signer start_time --
    /// --ignored --nocapture`.
    #[tokio::test]
    #[ignore = "measures only"]
    async fn start_time() {
        let mut times = Vec::new();
        for _ in 0..50 {
            let started = std::time::Instant::now();
            let signer = TestSigner::start().await.unwrap();
            times.push(started.elapsed());
            signer.shutdown().await.unwrap();
        }
        times.sort();
        println!("start of a TestSigner: {:?} median, {:?} at most", times[times.len() / 2], times.last().unwrap());
    }
}
