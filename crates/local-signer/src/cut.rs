//! Connections that are closed on purpose, so that clients can test what they do then.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use hyper::body::Frame;

/// Closes the connection. A response with this extension is not sent as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Nothing is answered.
    Request,
    /// Half of the answer is sent.
    Answer,
}

/// The response with the first half of its body, after which the connection breaks.
///
/// # Errors
/// Returns an error, which closes the connection without an answer, if the body is empty.
pub async fn half_of(response: Response) -> io::Result<Response> {
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(io::Error::other)?;
    if body.is_empty() {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    let half = body.slice(..body.len() / 2);
    Ok(Response::from_parts(parts, Body::new(Broken::Half(half))))
}

/// A body that breaks after its first part.
enum Broken {
    Half(Bytes),
    /// One pause, in which the first part is sent instead of being dropped with the connection.
    Sending,
    End,
}

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match std::mem::replace(&mut *self, Self::End) {
            Self::Half(half) => {
                *self = Self::Sending;
                Poll::Ready(Some(Ok(Frame::data(half))))
            }
            Self::Sending => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Self::End => Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into()))),
        }
    }
}
