//! Requests that run to their end, also if their connection is closed in the meantime.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

/// Runs a request to its end, also if this is dropped. Most requests wait for nothing and end at once; one that waits
/// goes on in a task of its own.
///
/// # Errors
/// Returns the reason if the request panicked.
pub(super) async fn to_its_end<T: Send + 'static>(
    request: impl Future<Output = T> + Send + 'static,
) -> Result<T, String> {
    let mut request = Box::pin(request);
    let begun = poll_fn(|context| {
        let begin = AssertUnwindSafe(|| request.as_mut().poll(context));
        Poll::Ready(catch_unwind(begin))
    });
    match begun.await {
        Ok(Poll::Ready(answer)) => Ok(answer),
        Ok(Poll::Pending) => tokio::spawn(request).await.map_err(|why| why.to_string()),
        Err(_) => Err("it panicked".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use tokio::sync::oneshot;
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn a_request_that_waits_goes_on_when_its_connection_is_closed() {
        let (release, released) = oneshot::channel();
        let (ended, end) = oneshot::channel();
        let mut request = Box::pin(to_its_end(async move {
            let text: &str = released.await.unwrap();
            ended.send(text).unwrap();
        }));
        assert!(poll_fn(|context| Poll::Ready(request.as_mut().poll(context))).await.is_pending());
        drop(request);
        release.send("released").unwrap();
        assert_eq!(end.await.unwrap(), "released");
    }

    #[tokio::test]
    async fn answers_with_and_without_waiting() {
        assert_eq!(to_its_end(async { 1 }).await.unwrap(), 1);
        let waits = async {
            yield_now().await;
            2
        };
        assert_eq!(to_its_end(waits).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_before_and_after_waiting() {
        let panics = async { assert_eq!(1, 2, "in a request") };
        assert_eq!(to_its_end(panics).await.unwrap_err(), "it panicked");
        let panics = async {
            yield_now().await;
            assert_eq!(1, 2, "in a request");
        };
        assert!(to_its_end(panics).await.unwrap_err().contains("panicked"));
    }
}
