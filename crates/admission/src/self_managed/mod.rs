//! `server.tls.selfManaged`: a certificate authority of the service's own, which all replicas share by a Secret.
//!
//! One replica, the holder of a Lease, creates and renews what the Secret has, and keeps the `caBundle` of the webhook
//! configurations up to date. The others read the Secret. Every write carries the version that it is based on, so that
//! two replicas that believe to hold the Lease cannot mix what they write.
//!
//! | File | What it has |
//! |---|---|
//! | `state` | the authorities and the certificate, and what is due at a time |
//! | `secret` | the Secret: read and written |
//! | `lease` | which replica writes |
//! | `webhooks` | the `caBundle` of the webhook configurations |
//!
//! A new authority is published in the `caBundle` beside the old one. It signs when the webhooks have it and the API
//! servers had time to notice; the old one stays in the `caBundle` for a day after that.

mod lease;
mod secret;
mod state;
#[cfg(test)]
mod tests;
mod webhooks;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use limits::Deadline;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::Instant;

use self::lease::Lease;
use self::secret::{Found, SecretPlace};
use self::state::State;
use self::webhooks::{Trust, Webhooks};
use crate::cache::Clock;
use crate::cluster::{Cluster, ClusterError, Written};
use crate::config::SelfManaged as Settings;
use crate::log::{Field, Log};
use crate::server::{SharedCertificate, Tls};

/// The pause between two looks.
const LOOK: Duration = Duration::from_secs(5);
/// The pause while something is awaited: the certificate, a webhook configuration, an API server.
const SHORT_LOOK: Duration = Duration::from_secs(1);
/// How long API servers have to notice a changed webhook configuration, which they watch.
const NOTICED: Duration = Duration::from_secs(30);
/// The time for one look.
const TIME: Duration = Duration::from_secs(10);
/// The time for giving the Lease up at the end.
const LAST: Duration = Duration::from_secs(2);

/// Why the certificate cannot be kept.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    #[error("cannot issue a certificate: {0}")]
    Issue(#[from] rcgen::Error),
    #[error("{0}")]
    Tls(#[from] crate::server::TlsError),
}

/// A replica's part in keeping the certificate.
#[derive(Debug)]
pub struct SelfManaged {
    secret: SecretPlace,
    webhooks: Webhooks,
    lease: Lease,
    names: BTreeSet<String>,
    clock: Clock,
    log: Log,
    /// What this replica knows, and the version of the Secret that it has; no version if it was not written.
    state: Option<State>,
    version: Option<String>,
    /// Whether the Secret ever had it.
    is_stored: bool,
    /// The next authority that all webhooks trust, and since when.
    trusted: Option<(String, Instant)>,
    noticed: Duration,
    is_leader: bool,
    /// Whether nothing is awaited.
    is_settled: bool,
    /// How many names had no webhook configuration.
    absent: usize,
    /// The problem that was logged last.
    said: Option<String>,
}

impl SelfManaged {
    /// The certificate of these settings. `names` are further names that it is for, `identity` tells replicas apart.
    #[must_use]
    pub fn new(
        cluster: Cluster,
        settings: &Settings,
        names: impl IntoIterator<Item = String>,
        identity: String,
        clock: Clock,
        log: Log,
    ) -> Self {
        let (name, namespace) = (settings.service_name(), settings.namespace());
        let service = format!("{name}.{namespace}.svc");
        let mut all: BTreeSet<String> = names.into_iter().map(|name| name.to_ascii_lowercase()).collect();
        all.extend([
            format!("{name}.{namespace}"),
            format!("{service}.cluster.local"),
            service,
            settings.service.clone(),
        ]);
        let place =
            SecretPlace { cluster: cluster.clone(), namespace: namespace.to_owned(), name: settings.secret.clone() };
        let webhooks = Webhooks {
            cluster: cluster.clone(),
            names: settings.webhooks.clone(),
            service: (namespace.to_owned(), name.to_owned()),
            hosts: all.clone(),
        };
        Self {
            secret: place,
            webhooks,
            lease: Lease::new(cluster, namespace, &settings.secret, identity, clock.clone()),
            names: all,
            clock,
            log,
            state: None,
            version: None,
            is_stored: false,
            trusted: None,
            noticed: NOTICED,
            is_leader: false,
            is_settled: false,
            absent: 0,
            said: None,
        }
    }

    /// Keeps the certificate of `tls` until `stop` is true or its sender is dropped.
    pub async fn run(mut self, tls: Arc<Tls>, mut stop: watch::Receiver<bool>) {
        loop {
            let work = async {
                self.look(&tls).await;
                let pause = if self.is_settled { LOOK } else { SHORT_LOOK };
                tokio::time::sleep(pause.mul_f64(0.9 + 0.2 * fastrand::f64())).await;
            };
            tokio::select! {
                () = work => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        if let Err(why) = self.lease.release(Deadline::new(LAST)).await {
            self.warn("the Lease of the certificate was not given up", Some(&why.to_string()));
        }
    }

    /// Looks once, and says what is wrong, once.
    async fn look(&mut self, tls: &Tls) {
        let problem = match self.step(tls).await {
            Ok(()) => None,
            Err(why) => {
                self.is_settled = false;
                Some(why.to_string())
            }
        };
        let now = self.clock.utc();
        match &problem {
            Some(problem) if self.said.as_ref() != Some(problem) => match tls.missing(now) {
                Some(_) => self.error("there is no certificate yet", problem),
                None => self.error("the certificate is not kept up to date", problem),
            },
            None if self.said.is_some() => self.info("the certificate is kept up to date again"),
            _ => {}
        }
        if tls.missing(now).is_some() {
            tls.lacks(match &problem {
                Some(problem) => problem.clone(),
                None => format!("the replica that holds the Lease {} has not created it", self.place()),
            });
        }
        self.said = problem;
    }

    fn place(&self) -> String {
        format!("{}/{}", self.secret.namespace, self.secret.name)
    }

    fn info(&self, message: &str) {
        self.log.info(message, &[("secret", Field::from(&*self.place()))]);
    }

    fn warn(&self, message: &str, reason: Option<&str>) {
        let place = self.place();
        let secret = ("secret", Field::from(&*place));
        match reason {
            Some(reason) => self.log.warn(message, &[secret, ("reason", Field::from(reason))]),
            None => self.log.warn(message, &[secret]),
        }
    }

    fn error(&self, message: &str, reason: &str) {
        self.log.error(message, &[("secret", Field::from(&*self.place())), ("reason", Field::from(reason))]);
    }

    async fn step(&mut self, tls: &Tls) -> Result<(), Problem> {
        let deadline = Deadline::new(TIME);
        // Without the Lease, a replica can still read the Secret of the others.
        let held = self.lease.hold(deadline).await;
        let was_leader = std::mem::replace(&mut self.is_leader, matches!(held, Ok(true)));
        if self.is_leader && !was_leader {
            self.info("this replica keeps the certificate");
        }
        let found = self.secret.read(deadline).await?;
        self.trust_again(found.as_ref(), deadline).await;
        let is_written = if self.is_leader { self.lead(found, deadline).await? } else { self.follow(found) };
        let now = self.clock.utc();
        if let Some(state) = self.state.as_ref().filter(|state| is_written && state.is_usable(now)) {
            let shared = SharedCertificate {
                certificate: &state.leaf.certificate,
                key: &state.leaf.key,
                ca_bundle: state.bundle(),
            };
            let (before, expires) = (tls.expires(), state.leaf.certificate.not_after());
            // The bundle alone may have changed.
            if tls.use_shared(shared)? && before != Some(expires) {
                self.info(&format!("new connections use a new certificate, which expires at {expires}"));
            }
        }
        self.is_settled = tls.missing(now).is_none();
        held?;
        if self.is_leader && is_written {
            self.publish(deadline).await?;
        }
        Ok(())
    }

    /// Looks whether the webhooks still trust the next authority before it signs: since the last look, another client
    /// may have written an older bundle. A replica that leads again forgets what it knew when it led before.
    async fn trust_again(&mut self, found: Option<&Found>, deadline: Deadline) {
        let is_known = found.is_some_and(|found| self.version.as_ref() == Some(&found.version));
        if !self.is_leader {
            self.trusted = None;
        } else if is_known && self.is_next_trusted() && self.publish(deadline).await.is_err() {
            // The webhooks are asked again at the end of this look, which says why.
            self.trusted = None;
        }
    }

    /// Takes what the Secret has. Returns whether it can be used.
    fn follow(&mut self, found: Option<Found>) -> bool {
        let Some(Found { version, state, .. }) = found else {
            self.version = None;
            return false;
        };
        if self.version.as_ref() != Some(&version) {
            let Ok(state) = state else { return false };
            self.take(state, version);
        }
        true
    }

    fn take(&mut self, state: State, version: String) {
        (self.state, self.version, self.is_stored) = (Some(state), Some(version), true);
    }

    /// Does what is due, and writes it. Returns whether the Secret has what this replica knows.
    async fn lead(&mut self, found: Option<Found>, deadline: Deadline) -> Result<bool, Problem> {
        let now = self.clock.utc();
        let (mut object, mut is_exact, mut is_new) = (None, false, false);
        match found {
            Some(found) => {
                (object, is_exact) = (Some(found.object), found.is_exact);
                match found.state {
                    _ if self.version.as_ref() == Some(&found.version) => {}
                    Ok(state) => self.take(state, found.version),
                    // Its owner could not get it back.
                    Err(_) if found.is_foreign => {
                        let SecretPlace { namespace, name, .. } = self.secret.clone();
                        return Err(ClusterError::Foreign { namespace, name }.into());
                    }
                    Err(why) => {
                        self.warn("the Secret cannot be used and is made anew", Some(&why.to_string()));
                        is_new = true;
                    }
                }
            }
            None => {
                if self.version.is_some() {
                    self.warn("the Secret was deleted and is made anew", None);
                }
                is_new = true;
            }
        }
        if is_new {
            self.version = None;
            self.state = self.state.take().filter(|_| self.is_stored);
            // What is served goes on until the webhooks trust the new authority.
            if let Some(state) = self.state.as_mut().filter(|state| state.next.is_none()) {
                state.publish_next(now)?;
            }
        }
        let is_next_trusted = self.is_next_trusted();
        let changes = State::renew(&mut self.state, &self.names, is_next_trusted, now)?;
        let Some(state) = &self.state else { return Ok(false) };
        // Others may have changed what is made of the rest, such as the bundle.
        if changes.is_empty() && !is_new && is_exact {
            return Ok(true);
        }
        self.version = None;
        match self.secret.write(object, state, deadline).await? {
            Written::Done(stored) => {
                self.version = stored["metadata"]["resourceVersion"].as_str().map(str::to_owned);
                self.is_stored = true;
                for change in changes {
                    self.info(&change.to_string());
                }
                Ok(true)
            }
            // Another replica was first: the next look takes what it wrote.
            Written::Conflict => Ok(false),
        }
    }

    /// Whether API servers trust the next authority.
    fn is_next_trusted(&self) -> bool {
        let next = self.state.as_ref().and_then(|state| state.next.as_ref());
        match (next, &self.trusted) {
            (Some(next), Some((trusted, since))) => next.pem == *trusted && since.elapsed() >= self.noticed,
            _ => false,
        }
    }

    /// Puts the authorities into the webhook configurations.
    async fn publish(&mut self, deadline: Deadline) -> Result<(), Problem> {
        let Some(state) = &self.state else { return Ok(()) };
        let next = state.next.as_ref().map(|next| next.pem.clone());
        match self.webhooks.ensure(&state.bundle(), deadline).await? {
            Trust::Current { changed, absent } => {
                if changed > 0 {
                    self.info(&format!("{changed} webhook configurations have a new caBundle"));
                }
                if absent > 0 && absent != self.absent {
                    let names = self.webhooks.names.join(", ");
                    self.info(&format!("webhook configurations are awaited: {absent} of {names} do not exist yet"));
                }
                self.absent = absent;
                self.is_settled &= absent == 0 && next.is_none();
                self.trusted = match (next, self.trusted.take()) {
                    (None, _) => None,
                    (Some(next), Some(trusted)) if trusted.0 == next && changed == 0 => Some(trusted),
                    (Some(next), _) => Some((next, Instant::now())),
                };
            }
            Trust::Changing => self.is_settled = false,
        }
        Ok(())
    }
}

/// What tells this replica from others: the name of its machine, which is that of its Pod, and a random number.
#[must_use]
pub fn identity() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name.trim().chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect();
    format!("{name}_{:016x}", fastrand::u64(..))
}

/// The authorities in a Secret that clients should trust now, in PEM; `None` if its certificate cannot be used.
pub(crate) async fn bundle_of(
    cluster: &Cluster,
    namespace: &str,
    secret: &str,
    now: OffsetDateTime,
    deadline: Deadline,
) -> Result<Option<String>, ClusterError> {
    let place = SecretPlace { cluster: cluster.clone(), namespace: namespace.to_owned(), name: secret.to_owned() };
    let found = place.read(deadline).await?;
    Ok(found.and_then(|found| found.state.ok()).filter(|state| state.is_usable(now)).map(|state| state.bundle()))
}
