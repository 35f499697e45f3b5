//! Reading the body of a request within limits of size and time.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use http_body_util::BodyExt as _;

use crate::error::ApiError;

const MAX_BODY: usize = 1024 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
const BODY_TOO_LARGE: ApiError = ApiError::TooLarge("the body is incomplete or longer than 1 MiB");

/// Reads the body of a request with this claim. That of a stranger is read to its end, so that the client reads the
/// answer, but it is not kept.
///
/// # Errors
/// Returns [`ApiError::TooLarge`] or [`ApiError::Timeout`] for a body that is too large or too slow, and
/// [`ApiError::Auth`] for a stranger.
pub(super) async fn read<C>(claim: Result<C, ApiError>, body: Body) -> Result<(C, Bytes), ApiError> {
    if let Err(error @ ApiError::TooLarge(_)) = claim {
        return Err(error);
    }
    let read = async {
        match claim {
            Ok(claim) => Ok((claim, to_bytes(body, MAX_BODY).await.map_err(|_| BODY_TOO_LARGE)?)),
            Err(error) => {
                discard(body).await?;
                Err(error)
            }
        }
    };
    tokio::time::timeout(BODY_TIMEOUT, read).await.map_err(|_| ApiError::Timeout)?
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
