//! The labels of all namespaces, kept up to date by a watch: kubernetes.io/docs, "Kubernetes API Concepts", "Efficient
//! detection of changes". Only metadata is transferred.
//!
//! The watch ends every 30 s and is begun again where it stood. That the server accepts it, or sends something, shows
//! that the labels are current. If neither happens for a minute, labels are unknown: what a rule selects is
//! undetermined then. The watcher of the kube library would not tell that a broken watch works again.

mod watch;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use limits::Deadline;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use self::watch::watch;
use super::Cluster;
use super::names::is_label;

/// The labels of a namespace.
pub type Labels = Arc<BTreeMap<String, String>>;

/// After so long without a sign of the server, labels are unknown.
const STALE: Duration = Duration::from_secs(60);
/// How long a namespace is waited for that a request names and the watch does not know yet.
const NEW: Duration = Duration::from_secs(1);
/// The labels of all namespaces. Dropping it ends the watch.
pub struct NamespaceLabels {
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    known: RwLock<Known>,
    changed: Notify,
}

#[derive(Default)]
struct Known {
    namespaces: HashMap<String, Labels>,
    /// The last sign of the server. None before the first complete list.
    current: Option<Instant>,
}

impl fmt::Debug for NamespaceLabels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamespaceLabels").field("is_synced", &self.is_synced()).finish_non_exhaustive()
    }
}

impl Drop for NamespaceLabels {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl NamespaceLabels {
    /// Starts to watch namespaces.
    #[must_use]
    pub fn start(cluster: &Cluster) -> Self {
        let state = Arc::<State>::default();
        let task = tokio::spawn(watch(cluster.clone(), Arc::clone(&state)));
        Self { state, task }
    }

    /// Whether labels are known and current.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        self.state.read(|known| known.is_current())
    }

    /// The labels of a namespace. None if they are unknown: there was no list yet, the server has not been heard for a
    /// minute, or there is no such namespace.
    #[must_use]
    pub fn labels(&self, namespace: &str) -> Option<Labels> {
        self.state.read(|known| known.namespaces.get(namespace).filter(|_| known.is_current()).cloned())
    }

    /// As [`Self::labels`], but waits up to a second for a namespace that is not known yet: its first Pod may be asked
    /// about before the watch tells of it.
    pub async fn labels_soon(&self, namespace: &str, deadline: Deadline) -> Option<Labels> {
        if let Some(labels) = self.labels(namespace) {
            return Some(labels);
        }
        if !is_label(namespace) {
            return None;
        }
        let wait = async {
            loop {
                let mut changed = std::pin::pin!(self.state.changed.notified());
                // Registered before the look, so that a change between both is not missed.
                changed.as_mut().enable();
                if let Some(labels) = self.labels(namespace) {
                    return labels;
                }
                changed.await;
            }
        };
        timeout(NEW.min(deadline.remaining()), wait).await.ok()
    }
}

impl Known {
    fn is_current(&self) -> bool {
        self.current.is_some_and(|at| at.elapsed() < STALE)
    }
}

impl State {
    fn read<T>(&self, look: impl FnOnce(&Known) -> T) -> T {
        look(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.known.write().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_waiters();
    }

    /// The server was heard.
    fn heard(&self) {
        self.write(|known| known.current = Some(Instant::now()));
    }
}
