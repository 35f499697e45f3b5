//! Events by POST to a URL: in order, one request an event, repeated after pauses when it fails.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_client::{HttpClients, Reach, Silence};
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// The number of events that wait. At 1 KiB an event, they take 4 MiB.
const QUEUE: usize = 4096;
const ATTEMPTS: u32 = 5;
/// The pause after the first failure; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(250);
/// How long an attempt takes at most.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What the task does next.
pub enum Post {
    /// Delivers an event.
    Event(String),
    /// Delivers the following events here.
    Url(Option<Url>),
    /// Ends.
    Stop,
}

/// What became of the events.
#[derive(Debug, Default)]
pub struct WebhookCounters {
    waiting: AtomicUsize,
    delivered: AtomicU64,
    failed: AtomicU64,
}

impl WebhookCounters {
    /// The number of events that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// The number of events that were delivered.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// The number of events that were lost, as the queue was full or every attempt failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    fn fail(&self, why: &str) {
        let failed = self.failed.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::warn!("webhook: an event was not delivered ({failed} so far): {why}");
    }
}

/// The sender of events to a webhook.
#[derive(Debug)]
pub struct Webhook {
    queue: mpsc::UnboundedSender<Post>,
    counters: Arc<WebhookCounters>,
    task: Mutex<Option<JoinHandle<()>>>,
    hurry: watch::Sender<bool>,
}

impl Webhook {
    /// Starts the task.
    pub fn start(url: Option<Url>) -> Self {
        // The number of events in it is bounded by `post`; a change of the URL must not be lost.
        let (queue, posts) = mpsc::unbounded_channel();
        let (hurry, hurried) = watch::channel(false);
        let counters = Arc::new(WebhookCounters::default());
        let sender = Sender { url, clients: None, counters: Arc::clone(&counters), hurried };
        Self { queue, counters, task: Mutex::new(Some(tokio::spawn(sender.run(posts)))), hurry }
    }

    /// Adds to the queue; an event that does not fit in it is lost.
    pub fn post(&self, post: Post) {
        if matches!(post, Post::Event(_)) && self.counters.waiting.fetch_add(1, Ordering::Relaxed) >= QUEUE {
            self.counters.waiting.fetch_sub(1, Ordering::Relaxed);
            let failed = self.counters.failed.fetch_add(1, Ordering::Relaxed) + 1;
            // Each power of two, so that a webhook that is down does not fill the log.
            if failed.is_power_of_two() {
                tracing::warn!("webhook: the queue is full, {failed} events were not delivered so far");
            }
            return;
        }
        // It fails only after the end.
        let _ = self.queue.send(post);
    }

    pub fn counters(&self) -> &WebhookCounters {
        &self.counters
    }

    /// Delivers the events that wait, for at most `longest`, each with one more attempt.
    pub async fn stop(&self, longest: Duration) {
        let Some(mut task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        self.post(Post::Stop);
        self.hurry.send_replace(true);
        if tokio::time::timeout(longest, &mut task).await.is_err() {
            task.abort();
            tracing::warn!("webhook: {} events were not delivered before the end", self.counters.waiting());
        }
    }
}

struct Sender {
    url: Option<Url>,
    /// Made for the first event: reading the system's certificates takes time.
    clients: Option<HttpClients>,
    counters: Arc<WebhookCounters>,
    hurried: watch::Receiver<bool>,
}

impl Sender {
    async fn run(mut self, mut posts: mpsc::UnboundedReceiver<Post>) {
        while let Some(post) = posts.recv().await {
            match post {
                Post::Url(url) => self.url = url,
                Post::Stop => return,
                Post::Event(document) => {
                    if self.url.is_some() {
                        self.deliver(document).await;
                    }
                    self.counters.waiting.fetch_sub(1, Ordering::Relaxed);
                }
            }
        }
    }

    async fn deliver(&mut self, document: String) {
        let mut pause = PAUSE;
        for attempt in 1..=ATTEMPTS {
            let why = match self.attempt(&document).await {
                Ok(()) => {
                    self.counters.delivered.fetch_add(1, Ordering::Relaxed);
                    return;
                }
                Err(why) => why,
            };
            if attempt == ATTEMPTS || *self.hurried.borrow() {
                self.counters.fail(&why);
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = self.hurried.changed() => {}
            }
            pause *= 2;
        }
    }

    /// One attempt. The reason of a failure names no more of the URL than its host, as it may contain a secret.
    async fn attempt(&mut self, document: &str) -> Result<(), String> {
        let Some(url) = &self.url else { return Ok(()) };
        let clients = self.clients.get_or_insert_with(|| HttpClients::new(Vec::new(), TIMEOUT));
        let client = clients.client_for(url, Reach::Anywhere, Silence::Bounded).map_err(|why| why.to_string())?;
        let request = client.post(url.clone()).header(CONTENT_TYPE, "application/json").timeout(TIMEOUT);
        let host = url.host_str().unwrap_or_default();
        let response = request.body(document.to_owned()).send().await;
        let response = response.map_err(|why| format!("{host}: {}", clients.explain(&why.without_url())))?;
        let status = response.status();
        if status.is_success() { Ok(()) } else { Err(format!("{host} answered {status}")) }
    }
}
