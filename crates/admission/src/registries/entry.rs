//! An entry of `registries` in force.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_names::RoleArn;
use notary::reference::RepositoryName;
use registry::{ClientOptions, Credentials, PlainHttp, RegistryClient};

use super::{Options, RegistriesError};
use crate::cache::{Key, Progress};
use crate::config::{HostPattern, RegistryCredentials, RegistrySettings};

/// The longest silence of a connection before a request is repeated: there is little time for an answer.
const SILENCE: Duration = Duration::from_secs(5);

/// An entry.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its place in the configuration, from 0.
    pub(super) number: usize,
    /// Which registries it is for.
    pub(super) pattern: HostPattern,
    pub(super) mirror: Option<Mirror>,
    /// What it says, without the content of files. Two entries with the same ask the same.
    pub(super) fingerprint: Key,
    /// Its client, with the credentials of the process.
    pub(super) client: RegistryClient,
    pub(super) credentials: Option<Configured>,
}

/// The credentials of an entry.
#[derive(Debug)]
pub(super) enum Configured {
    /// A client that has them.
    Client { client: RegistryClient },
    /// A Secret, which is read for each request.
    Secret { namespace: String, name: String },
}

/// `HOST[/PATH]` that is asked in the place of a registry.
#[derive(Debug)]
pub(super) struct Mirror(String);

impl Mirror {
    fn new(number: usize, text: &str) -> Result<Self, RegistriesError> {
        // Two components, which Docker Hub requires.
        match format!("{text}/a/a").parse::<RepositoryName>() {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(RegistriesError::Mirror { number, given: text.to_owned() }),
        }
    }

    /// The name that a repository of the registry has in the mirror.
    pub(super) fn name_of(&self, repository: &RepositoryName) -> Result<RepositoryName, RegistriesError> {
        let name = format!("{}/{}", self.0, repository.path());
        name.parse().map_err(|why| {
            let (repository, mirror) = (repository.to_string(), self.0.clone());
            RegistriesError::MirroredName { repository, mirror, why }
        })
    }
}

/// Makes entries, whose clients share connections where their options are equal, and tokens of Amazon ECR where their
/// roles are.
pub(super) struct Maker<'a> {
    options: &'a Options,
    clients: Vec<(Option<PathBuf>, bool, RegistryClient)>,
    ecr: Vec<(Option<RoleArn>, Credentials)>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(options: &'a Options) -> Self {
        Self { options, clients: Vec::new(), ecr: Vec::new() }
    }

    /// The client with these options, and with the credentials of the process.
    pub(super) fn client(&mut self, ca: Option<&Path>, plain_http: bool) -> RegistryClient {
        let known = self.clients.iter().find(|(known_ca, known, _)| known_ca.as_deref() == ca && *known == plain_http);
        if let Some((.., client)) = known {
            return client.clone();
        }
        let mut options = ClientOptions::default();
        options.plain_http = if plain_http { PlainHttp::Always } else { PlainHttp::Loopback };
        options.ca_files = ca.map(Path::to_owned).into_iter().collect();
        options.timeout = self.options.timeout;
        options.idle_timeout = SILENCE.min(self.options.timeout);
        options.memory = self.options.memory.clone();
        options.waits = Progress::waits();
        // The service reads, and has a configuration of its own.
        options.lock_folder = None;
        options.notation_config = None;
        let client = RegistryClient::new(options, self.options.process.clone());
        self.clients.push((ca.map(Path::to_owned), plain_http, client.clone()));
        client
    }

    fn ecr(&mut self, role: Option<RoleArn>) -> Credentials {
        if let Some((_, known)) = self.ecr.iter().find(|(known, _)| *known == role) {
            return known.clone();
        }
        let credentials = Credentials::ecr(role.clone());
        self.ecr.push((role, credentials.clone()));
        credentials
    }

    pub(super) fn entry(&mut self, number: usize, settings: &RegistrySettings) -> Result<Entry, RegistriesError> {
        let RegistrySettings { host, mirror, plain_http, ca, credentials } = settings;
        let client = self.client(ca.as_deref(), *plain_http);
        if ca.is_some() {
            client.prepare().map_err(|why| RegistriesError::Certificates { number, why: Box::new(why) })?;
        }
        let configured = match credentials {
            None => None,
            Some(RegistryCredentials::Aws { role }) => {
                let credentials = self.ecr(role.clone());
                Some(Configured::Client { client: client.with_credentials(credentials) })
            }
            Some(RegistryCredentials::File(path)) => {
                let credentials = Credentials::from_file(path);
                check(&credentials).map_err(|why| RegistriesError::Credentials { number, why })?;
                Some(Configured::Client { client: client.with_credentials(credentials) })
            }
            Some(RegistryCredentials::Secret { namespace, name }) => {
                Some(Configured::Secret { namespace: namespace.clone(), name: name.clone() })
            }
        };
        // `Debug` tells all members apart, and shows no secrets, since there are none in the configuration.
        let fingerprint = Key::of("registries[]").with(format!("{settings:?}")).key();
        let mirror = mirror.as_deref().map(|mirror| Mirror::new(number, mirror)).transpose()?;
        Ok(Entry { number, pattern: host.clone(), mirror, fingerprint, client, credentials: configured })
    }
}

/// Reads the file of these credentials, whatever repositories it is for.
fn check(credentials: &Credentials) -> Result<(), registry::CredentialError> {
    match "registry.invalid/a".parse() {
        Ok(any) => credentials.has_source_for(&any).map(drop),
        Err(_) => Ok(()),
    }
}
