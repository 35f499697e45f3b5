//! Reading the body of an answer whole, within limits.

use limits::Reservation;
use reqwest::Response;

use crate::error::causes;

/// The largest buffer that is allocated before the bytes arrive.
const MAX_CAPACITY: u64 = 16 * 1024 * 1024;

/// What happens to the part of a body beyond the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// A larger body is an error. If the server announces one, nothing is read.
    Error,
    /// The body is read up to about the limit, and the rest is not.
    Discard,
}

/// Why a body cannot be read whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is larger than the limit.
    #[error("the answer has more than {limit} bytes, the limit")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The connection ended before the body did.
    #[error("{0}")]
    Incomplete(String),
}

/// Reads a body of at most `limit` bytes. The reservation grows with the bytes that arrive, whatever the server
/// announces; `None` counts against no memory budget.
///
/// # Errors
/// Returns [`BodyError::TooLarge`] for a larger body, unless the excess is discarded, and [`BodyError::Incomplete`] if
/// the connection fails.
pub async fn read_body(
    mut response: Response,
    limit: u64,
    excess: Excess,
    mut reservation: Option<&mut Reservation>,
) -> Result<Vec<u8>, BodyError> {
    let is_error = excess == Excess::Error;
    let announced = response.content_length().unwrap_or_default();
    if is_error && announced > limit {
        return Err(BodyError::TooLarge { limit });
    }
    // The system provides memory when it is written to, so an announcement alone costs address space only. Growing
    // instead would copy, and hold the old and the new buffer together.
    let mut body = Vec::with_capacity(usize::try_from(announced.min(limit).min(MAX_CAPACITY)).unwrap_or_default());
    while let Some(chunk) = response.chunk().await.map_err(|why| BodyError::Incomplete(causes(&why)))? {
        if body.len() as u64 + chunk.len() as u64 > limit {
            if is_error {
                return Err(BodyError::TooLarge { limit });
            }
            break;
        }
        if let Some(reservation) = &mut reservation {
            reservation.grow(chunk.len()).await;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
