//! What the server is given: the application with its reloadable settings, and who is told what happens.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hyper::header::{HeaderMap, HeaderValue};

use super::gate::Gate;
use crate::config::{Adapter, Kubernetes, Limits};
use crate::frontends::{Answer, Decide, Incoming, Record, Route, Seldom, Services, Settings};
use crate::trace::RequestSpan;

/// The settings and the decider that a request uses from its start to its end.
#[derive(Debug)]
pub struct Snapshot<D> {
    adapters: BTreeSet<Adapter>,
    kubernetes: Kubernetes,
    limits: Limits,
    decider: D,
    unjudged: Seldom,
    services: Services,
    pub(super) gate: Gate,
}

impl<D> Snapshot<D> {
    /// Settings for new requests.
    #[must_use]
    pub fn new(adapters: BTreeSet<Adapter>, kubernetes: Kubernetes, limits: Limits, decider: D) -> Self {
        let gate = Gate::new(limits.concurrent, limits.queue);
        let (unjudged, services) = Default::default();
        Self { adapters, kubernetes, limits, decider, unjudged, services, gate }
    }

    /// With what some adapters ask before they can decide.
    #[must_use]
    pub fn with_services(self, services: Services) -> Self {
        Self { services, ..self }
    }

    /// Whether the adapter is switched on.
    #[must_use]
    pub fn has(&self, adapter: Adapter) -> bool {
        self.adapters.contains(&adapter)
    }

    /// The settings of adapters.
    #[must_use]
    pub fn settings(&self) -> Settings<'_> {
        Settings {
            kubernetes: &self.kubernetes,
            limits: &self.limits,
            unjudged: &self.unjudged,
            services: &self.services,
        }
    }

    /// The limits of requests.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Who decides.
    #[must_use]
    pub fn decider(&self) -> &D {
        &self.decider
    }
}

/// The application: it gives each request the settings of the moment.
pub trait Application: Send + Sync + 'static {
    /// Who decides.
    type Decider: Decide + Send + Sync + 'static;

    /// The settings for a new request.
    fn current(&self) -> Arc<Snapshot<Self::Decider>>;

    /// Answers a request that has its turn: by default, with its adapter.
    fn answer(
        &self,
        snapshot: &Snapshot<Self::Decider>,
        route: Route,
        incoming: Incoming,
    ) -> impl Future<Output = Answer> + Send {
        route.answer(snapshot.decider(), snapshot.settings(), incoming)
    }
}

/// An application whose settings are replaced as a whole. Requests that run keep theirs, and their places: for a moment
/// the requests of both settings run.
#[derive(Debug)]
pub struct Live<D>(RwLock<Arc<Snapshot<D>>>);

impl<D> Live<D> {
    /// Starts with these settings.
    #[must_use]
    pub fn new(snapshot: Snapshot<D>) -> Self {
        Self(RwLock::new(Arc::new(snapshot)))
    }

    /// Replaces the settings for new requests.
    pub fn replace(&self, snapshot: Snapshot<D>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
    }
}

impl<D: Decide + Send + Sync + 'static> Application for Live<D> {
    type Decider = D;

    fn current(&self) -> Arc<Snapshot<D>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Who is told what happens: metrics and the log.
pub trait Observer: Send + Sync + 'static {
    /// A request was answered. `adapter` is that of its path, and `None` for paths that are not served. `took` is the
    /// time since its head was read.
    fn answered(&self, adapter: Option<Adapter>, answer: &Answer, took: Duration);

    /// The span of a request with these headers, if it is traced.
    fn trace(&self, headers: &HeaderMap) -> Option<RequestSpan>;

    /// What was decided, after [`Self::answered`]: the answer does not need it any more.
    fn decided(&self, record: Record, took: Duration);

    /// A request was answered with 429, because too many run or wait. [`Self::answered`] is called, too.
    fn shed(&self);

    /// So many requests more, or less, are in work.
    fn inflight(&self, change: i64);

    /// So many connections more, or less, are open.
    fn connections(&self, change: i64) {
        let _ = change;
    }
}

/// What the second listener says about the service.
pub trait Operations: Send + Sync + 'static {
    /// Whether requests can be answered.
    ///
    /// # Errors
    /// Returns what is missing, in a sentence.
    fn ready(&self) -> Result<(), String>;

    /// All metrics, in the text format of OpenMetrics 1.0.
    fn metrics(&self) -> String;

    /// The status page with its security policy, in this form.
    fn status(&self, form: StatusForm) -> StatusPage;
}

/// The forms of the status page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusForm {
    /// For people.
    Html,
    /// For programs.
    Json,
}

/// The status page.
#[derive(Debug, Clone)]
pub struct StatusPage {
    /// The page.
    pub body: String,
    /// What the page may load, for browsers.
    pub content_security_policy: HeaderValue,
}
