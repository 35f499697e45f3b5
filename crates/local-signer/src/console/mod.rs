//! The console: pages for people at `/console`, as the Developer Guide of AWS Signer describes them ("Using the AWS
//! Signer Console").
//!
//! The pages are HTML without scripts. They call the operations of the API, as clients do, and show their errors.
//!
//! | Module | What it has |
//! |---|---|
//! | `access`, `sessions`, `attempts` | Who may read and change: loopback addresses, the token, sessions |
//! | `serve`, `visit`, `fields` | A request, from the check of access to its page |
//! | `reply`, `html` | Answers with security headers, and the parts of pages |
//! | `profiles`, `jobs`, `platforms`, `certificates`, `calls`, `login` | The pages |
//! | [`recent`] | The last calls of the API |

mod access;
mod attempts;
mod calls;
mod certificates;
mod fields;
mod html;
mod jobs;
mod login;
mod platforms;
mod profiles;
pub mod recent;
mod reply;
mod serve;
mod sessions;
#[cfg(test)]
mod tests;
mod visit;

use std::net::IpAddr;
use std::sync::Arc;

use aws_names::AccountId;

use self::attempts::Attempts;
use self::recent::RecentCalls;
pub use self::serve::intercept;
use self::sessions::{Secret, Sessions};
use crate::ca::CaError;
use crate::operations::Service;

/// The state of the console.
#[derive(Debug)]
pub struct Console {
    service: Arc<Service>,
    account: AccountId,
    listens_on_loopback: bool,
    token: Secret,
    sessions: Sessions,
    attempts: Attempts,
    recent: RecentCalls,
}

impl Console {
    /// Creates the console of `account` for a service that listens on `listen`, with a new token. Only on a loopback
    /// address it can be read without signing in.
    ///
    /// # Errors
    /// Returns [`CaError::Random`] if the system has no random numbers.
    pub fn new(service: Arc<Service>, account: AccountId, listen: IpAddr) -> Result<Self, CaError> {
        Ok(Self {
            service,
            account,
            listens_on_loopback: listen.to_canonical().is_loopback(),
            token: Secret::random()?,
            sessions: Sessions::default(),
            attempts: Attempts::default(),
            recent: RecentCalls::default(),
        })
    }

    /// Whether the configuration in force enables it. A console that is not enabled leaves its paths to the API.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.service.controls.settings.current().console.enabled
    }

    /// The path that signs a browser in, with the token.
    #[must_use]
    pub fn sign_in_path(&self) -> String {
        format!("{}?token={}", login::PATH, self.token.text())
    }

    /// The last calls, which the pipeline adds.
    #[must_use]
    pub fn recent(&self) -> &RecentCalls {
        &self.recent
    }
}
