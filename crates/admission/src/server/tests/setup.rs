//! A server with an application whose answers the query of a request chooses.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::HeaderMap;
use limits::MemoryBudget;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::*;
use crate::config::{self, Adapter, Kubernetes, Limits, Pin, PinAs, PullSecrets, Tags, Updates};
use crate::decision::{Decision, Question};
use crate::frontends::{Answer, Decide, Incoming, Record, Route};
use crate::trace::RequestSpan;

/// Longer than anything in a test takes, on a slow machine.
pub const LONG: Duration = Duration::from_secs(30);

pub struct NoDecider;

impl Decide for NoDecider {
    async fn decide(&self, _question: Question) -> Decision {
        Decision { images: Vec::new() }
    }
}

/// Answers by the query: `wait` until [`Self::release`], `hang` for ever, `panic`, `big` with 4 MiB; without one with
/// the size of the body.
pub struct App {
    pub live: Live<NoDecider>,
    pub release: Semaphore,
    pub begun: Notify,
    pub seen: Mutex<Vec<String>>,
    pub calls: AtomicUsize,
}

impl Application for App {
    type Decider = NoDecider;

    fn current(&self) -> Arc<Snapshot<NoDecider>> {
        self.live.current()
    }

    async fn answer(&self, _snapshot: &Snapshot<NoDecider>, _route: Route, incoming: Incoming) -> Answer {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.seen.lock().unwrap().push(String::from_utf8_lossy(&incoming.body[..incoming.body.len().min(8)]).into());
        self.begun.notify_one();
        match incoming.query.as_deref() {
            Some("wait") => self.release.acquire().await.unwrap().forget(),
            Some("hang") => std::future::pending().await,
            Some("panic") => panic!("told to"),
            Some("big") => return Answer::text(200, "x".repeat(4 * 1024 * 1024)),
            _ => {}
        }
        Answer::text(200, incoming.body.len().to_string())
    }
}

#[derive(Default)]
pub struct Counts {
    pub answered: Mutex<Vec<(Option<Adapter>, u16)>>,
    pub shed: AtomicUsize,
    pub inflight: AtomicI64,
    pub connections: AtomicI64,
}

impl Observer for Counts {
    fn answered(&self, adapter: Option<Adapter>, answer: &Answer, _took: Duration) {
        self.answered.lock().unwrap().push((adapter, answer.status));
    }

    fn trace(&self, _headers: &HeaderMap) -> Option<RequestSpan> {
        None
    }

    fn decided(&self, _record: Record, _took: Duration) {}

    fn shed(&self) {
        self.shed.fetch_add(1, Ordering::SeqCst);
    }

    fn inflight(&self, change: i64) {
        self.inflight.fetch_add(change, Ordering::SeqCst);
    }

    fn connections(&self, change: i64) {
        self.connections.fetch_add(change, Ordering::SeqCst);
    }
}

pub struct Probes;

impl Operations for Probes {
    fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    fn metrics(&self) -> String {
        "a_total 1\n".to_owned()
    }

    fn status(&self, form: StatusForm) -> StatusPage {
        let content_security_policy = crate::status::content_security_policy();
        StatusPage { body: format!("{form:?}"), content_security_policy }
    }
}

pub struct Setup {
    pub adapters: BTreeSet<Adapter>,
    pub limits: Limits,
    pub times: Times,
    pub memory: usize,
    pub readers: usize,
    pub connections: usize,
    pub socket: Option<PathBuf>,
    pub tls: Option<Arc<Tls>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            adapters: [Adapter::Kubernetes].into(),
            limits: limits(),
            times: Times { grace: Duration::ZERO, ..Times::default() },
            memory: BODY_MEMORY,
            readers: BODY_READERS,
            connections: MAX_CONNECTIONS,
            socket: None,
            tls: None,
        }
    }
}

pub fn limits() -> Limits {
    Limits {
        body: 16 * 1024 * 1024,
        images: 512,
        concurrent: 256,
        queue: 1024,
        deadline: Duration::from_secs(20),
        margin: Duration::from_millis(500),
        connection_age: Duration::from_secs(300),
    }
}

pub fn snapshot(adapters: BTreeSet<Adapter>, limits: Limits) -> Snapshot<NoDecider> {
    let kubernetes = Kubernetes {
        pull_secrets: PullSecrets::None,
        pin: Pin::Pods,
        pin_as: PinAs::Digest,
        tags: Tags::Allow,
        updates: Updates::Changed,
        extra_templates: Vec::new(),
    };
    Snapshot::new(adapters, kubernetes, limits, NoDecider)
}

pub struct Server {
    pub adapters: SocketAddr,
    pub operations: SocketAddr,
    pub app: Arc<App>,
    pub counts: Arc<Counts>,
    pub stop: watch::Sender<bool>,
    pub task: JoinHandle<()>,
}

impl Setup {
    pub async fn start(self) -> Server {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = config::Server {
            listen: any,
            operations: any,
            socket: self.socket,
            tls: config::Tls::Plain,
            adapters: self.adapters.clone(),
            limits: self.limits,
        };
        let listeners = Listeners::bind(&server).await.unwrap();
        let Bound { adapters, operations } = listeners.bound().unwrap();
        let app = Arc::new(App {
            live: Live::new(snapshot(self.adapters, self.limits)),
            release: Semaphore::new(0),
            begun: Notify::new(),
            seen: Mutex::default(),
            calls: AtomicUsize::new(0),
        });
        let counts = Arc::new(Counts::default());
        let shared = Shared {
            application: Arc::clone(&app),
            observer: Arc::clone(&counts),
            memory: MemoryBudget::new(self.memory),
            readers: Semaphore::new(self.readers),
            times: self.times,
            table: Table::new(self.connections),
        };
        let transport = self.tls.map_or(Transport::Plain, Transport::Tls);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(serve_with(listeners, transport, Arc::new(shared), Arc::new(Probes), stopped));
        Server { adapters, operations, app, counts, stop, task }
    }
}

impl Server {
    /// Waits until `condition` holds: what servers do between two answers sends no signal.
    pub async fn eventually(&self, condition: impl Fn(&Self) -> bool) {
        let wait = async {
            while !condition(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LONG, wait).await.expect("it does not come to pass");
    }

    /// Nothing is left of earlier requests and connections.
    pub async fn is_at_rest(&self) {
        self.eventually(|server| {
            server.counts.inflight.load(Ordering::SeqCst) == 0 && server.counts.connections.load(Ordering::SeqCst) == 0
        })
        .await;
    }
}
