//! `/health` and `/metrics`, for programs that watch the service. They need no signature, so they answer clients on
//! this machine only, unless the configuration says otherwise; for all others, the paths are like any other.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use tokio::task::spawn_blocking;

use crate::operations::Service;
use crate::server::Peer;
use crate::store::StoreError;

/// How long the numbers of jobs are kept: counting a million of them takes time.
const KEPT: Duration = Duration::from_secs(10);

type Counts = Vec<(&'static str, u64)>;

/// What the pages remember between two requests.
#[derive(Debug, Clone, Default)]
pub struct Monitoring(Arc<Mutex<Option<(Instant, Counts)>>>);

impl Monitoring {
    /// The answer to a request from `peer`, if it is for one of the pages and may have it.
    pub async fn answer(&self, service: &Arc<Service>, peer: &Peer, method: &Method, path: &str) -> Option<Response> {
        if !matches!(path, "/health" | "/metrics") || !matches!(*method, Method::GET | Method::HEAD) {
            return None;
        }
        if !peer.is_local() && !service.controls.settings.current().monitoring.remote {
            return None;
        }
        let (status, content_type, body) = if path == "/health" {
            let is_ok = readable(service).await;
            let status = if is_ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            let body = if is_ok { r#"{"status":"ok"}"# } else { r#"{"status":"failing"}"# };
            (status, "application/json", body.to_owned())
        } else {
            let text = service.controls.metrics_text(self.jobs(service).await);
            (StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text)
        };
        Some((status, [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-store")], body).into_response())
    }

    /// The numbers of jobs, at most ten seconds old; none if the database fails.
    async fn jobs(&self, service: &Arc<Service>) -> Counts {
        let (kept, service) = (Arc::clone(&self.0), Arc::clone(service));
        let counted = spawn_blocking(move || {
            // Further requests wait for the first one instead of counting, too.
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, counts)) = kept.as_ref().filter(|(at, _)| at.elapsed() < KEPT) {
                return Ok(counts.clone());
            }
            let counts: Counts =
                service.store.job_counts()?.into_iter().map(|(status, count)| (status.name(), count)).collect();
            *kept = Some((Instant::now(), counts.clone()));
            Ok::<_, StoreError>(counts)
        });
        match counted.await {
            Ok(Ok(counts)) => counts,
            Ok(Err(error)) => {
                tracing::error!("metrics: {error}");
                Counts::new()
            }
            Err(error) => {
                tracing::error!("metrics: {error}");
                Counts::new()
            }
        }
    }
}

async fn readable(service: &Arc<Service>) -> bool {
    let service = Arc::clone(service);
    match spawn_blocking(move || service.store.check()).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::error!("health: {error}");
            false
        }
        Err(error) => {
            tracing::error!("health: {error}");
            false
        }
    }
}
