//! Reading the body of a request within limits of size, time and memory.

use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body_util::BodyExt as _;
use limits::MemoryBudget;

use crate::error::ApiError;

/// What all bodies together may hold beyond the first 64 KiB of each. No valid request is larger than that, and a
/// stranger who knows an access key id can send large ones until the signature is checked.
pub const MEMORY: usize = 8 * 1024 * 1024;

const MAX_BODY: usize = 1024 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
const BODY_TOO_LARGE: ApiError = ApiError::TooLarge("the body is incomplete or longer than 1 MiB");

/// Reads the body of a request with this claim. That of a stranger is read to its end, so that the client reads the
/// answer, but it is not kept.
///
/// # Errors
/// Returns [`ApiError::TooLarge`] or [`ApiError::Timeout`] for a body that is too large or too slow, and
/// [`ApiError::Auth`] for a stranger.
pub(super) async fn read<C>(
    claim: Result<C, ApiError>,
    body: Body,
    memory: &MemoryBudget,
) -> Result<(C, Bytes), ApiError> {
    if let Err(error @ ApiError::TooLarge(_)) = claim {
        return Err(error);
    }
    let read = async {
        match claim {
            Ok(claim) => Ok((claim, keep(body, memory).await?)),
            Err(error) => {
                discard(body).await?;
                Err(error)
            }
        }
    };
    tokio::time::timeout(BODY_TIMEOUT, read).await.map_err(|_| ApiError::Timeout)?
}

async fn keep(mut body: Body, memory: &MemoryBudget) -> Result<Bytes, ApiError> {
    let mut kept = Vec::new();
    // Returned when the body is complete: then its signature is checked at once, before another one is awaited.
    let mut reservation = memory.reservation();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BODY_TOO_LARGE)?;
        let Some(data) = frame.data_ref() else { continue };
        if kept.len() + data.len() > MAX_BODY {
            return Err(BODY_TOO_LARGE);
        }
        reservation.grow(data.len()).await;
        kept.extend_from_slice(data);
    }
    Ok(kept.into())
}

async fn discard(mut body: Body) -> Result<(), ApiError> {
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        size += frame.map_err(|_| BODY_TOO_LARGE)?.data_ref().map_or(0, Bytes::len);
        if size > MAX_BODY {
            return Err(BODY_TOO_LARGE);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use axum::body::HttpBody;
    use hyper::body::Frame;

    use super::*;

    /// A body of so many KiB that does not end.
    struct Unfinished(usize);

    impl HttpBody for Unfinished {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if self.0 == 0 {
                return Poll::Pending;
            }
            self.0 -= 1;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1024])))))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn strangers_hold_no_more_than_the_budget_and_small_bodies_never_wait() {
        let memory = MemoryBudget::new(1024 * 1024);
        let held: Vec<_> = (0..100)
            .map(|_| {
                let memory = memory.clone();
                tokio::spawn(async move { read(Ok(()), Body::new(Unfinished(512)), &memory).await })
            })
            .collect();
        tokio::task::yield_now().await;
        let (_, body) = read(Ok(()), Body::from("{}"), &memory).await.unwrap();
        assert_eq!(&*body, b"{}");
        for one in held {
            assert!(matches!(one.await.unwrap(), Err(ApiError::Timeout)));
        }
        // What they held is free again.
        let whole = vec![b'x'; MAX_BODY];
        assert_eq!(read(Ok(()), Body::from(whole), &memory).await.unwrap().1.len(), MAX_BODY);
        let more = vec![b'x'; MAX_BODY + 1];
        assert!(matches!(read(Ok(()), Body::from(more), &memory).await, Err(ApiError::TooLarge(_))));
    }
}
