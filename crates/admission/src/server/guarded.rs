//! The bytes of a connection: a client that sends the head of a request too slowly, or does not take its answers, is
//! cut. hyper has one timeout for slow heads and for idle connections, and none for writing.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::open::Activity;

/// A stream with these limits.
pub(super) struct Guarded<S> {
    stream: S,
    activity: Arc<Activity>,
    head: Duration,
    write: Duration,
    /// The number of requests that had begun when the client began to send another, and the timer of that. The first is
    /// awaited from the start.
    awaited: Option<(u64, Option<Pin<Box<Sleep>>>)>,
    /// Whether each further request is timed, too. HTTP/2's pings find clients that stall in the middle of a frame.
    each: bool,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Guarded<S> {
    /// Times the heads of all requests.
    pub(super) fn http1(stream: S, activity: Arc<Activity>, head: Duration, write: Duration) -> Self {
        Self { stream, activity, head, write, awaited: Some((0, None)), each: true, stalled: None }
    }

    /// Times the first request.
    pub(super) fn http2(stream: S, activity: Arc<Activity>, head: Duration, write: Duration) -> Self {
        Self { each: false, ..Self::http1(stream, activity, head, write) }
    }

    /// The client does not send: is it too late?
    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let Some((started, timer)) = &mut self.awaited else { return Poll::Pending };
        if self.activity.started() != *started {
            self.awaited = None;
            return Poll::Pending;
        }
        let head = self.head;
        ready!(timer.get_or_insert_with(|| Box::pin(sleep(head))).as_mut().poll(context));
        Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, "the head of a request came too slowly"))
    }

    /// Passes on the result of a write: an error if the client has taken nothing for too long.
    fn progress<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let write = self.write;
        ready!(self.stalled.get_or_insert_with(|| Box::pin(sleep(write))).as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not take its answers")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(read) => {
                if self.each && self.awaited.is_none() && buffer.filled().len() > before && self.activity.is_idle() {
                    self.awaited = Some((self.activity.started(), None));
                }
                Poll::Ready(read)
            }
            Poll::Pending => self.poll_head(context).map(Err),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.progress(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.progress(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.progress(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = Pin::new(&mut self.stream).poll_shutdown(context);
        self.progress(context, ended)
    }
}
