//! How a local signer is started, and why it may not start.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use aws_names::AccountId;

use crate::ca::CaError;
use crate::clock::Clock;
use crate::config::ConfigSource;
use crate::controls::ControlsError;
use crate::credentials::{Credentials, CredentialsError};
use crate::directory::DirectoryError;
use crate::principals::PrincipalsError;
use crate::store::StoreError;

/// Why a local signer could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The directory cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The access keys cannot be used.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The users and roles cannot be used.
    #[error(transparent)]
    Principals(#[from] PrincipalsError),
    /// The configuration cannot be put in force.
    #[error(transparent)]
    Controls(#[from] ControlsError),
    /// The certificate authority cannot be used.
    #[error(transparent)]
    Ca(#[from] CaError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Binding the address failed.
    #[error("cannot listen on {address}: {source}; pass another port with --listen, or port 0 for any free one")]
    Listen {
        /// The address to listen on.
        address: SocketAddr,
        /// The error of the system.
        source: io::Error,
    },
    /// The async runtime shut down during the start.
    #[error("the async runtime shut down during the start")]
    Runtime,
}

/// The options of a local signer.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory of its state; created if it does not exist.
    pub dir: PathBuf,
    /// The address to listen on; port 0 takes any free port.
    pub listen: SocketAddr,
    /// The account id of its profiles and jobs.
    pub account: AccountId,
    /// The signing clock.
    pub clock: Clock,
    /// The access keys of the account's root. `None` uses the profile `default` of `DIR/credentials`, generated at the
    /// first start.
    pub credentials: Option<Credentials>,
    /// How long a signing job may take.
    pub job_budget: Duration,
    /// The configuration; `config.yaml` in `dir`, if it exists, unless something else is given.
    pub config: ConfigSource,
}

impl Options {
    /// The defaults: state in `dir`, a free port on localhost, the real time and generated access keys.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            account: AccountId::EXAMPLE,
            clock: Clock::system(),
            credentials: None,
            job_budget: Duration::from_secs(300),
            config: ConfigSource::default(),
        }
    }
}
