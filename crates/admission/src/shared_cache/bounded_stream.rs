//! A bound for what the server sends: the client keeps an answer whole, however long the server says that it is.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection that fails when it delivers more than `most` bytes before the counter is set back.
#[derive(Debug)]
pub struct BoundedStream<S> {
    stream: S,
    received: Arc<AtomicUsize>,
    most: usize,
}

impl<S> BoundedStream<S> {
    pub fn new(stream: S, received: Arc<AtomicUsize>, most: usize) -> Self {
        Self { stream, received, most }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for BoundedStream<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let more = buffer.filled().len() - before;
        let received = self.received.fetch_add(more, Ordering::Relaxed).saturating_add(more);
        if received > self.most {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the server sends more than was asked for",
            )));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for BoundedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn it_fails_when_more_comes_than_is_permitted() {
        let (mut server, client) = tokio::io::duplex(64);
        let received = Arc::new(AtomicUsize::new(0));
        let mut client = BoundedStream::new(client, Arc::clone(&received), 10);
        let mut bytes = [0; 8];
        for _ in 0..3 {
            server.write_all(&[1; 8]).await.unwrap();
            client.read_exact(&mut bytes).await.unwrap();
            received.store(0, Ordering::Relaxed);
        }
        server.write_all(&[1; 16]).await.unwrap();
        client.read_exact(&mut bytes).await.unwrap();
        assert_eq!(client.read_exact(&mut bytes).await.unwrap_err().kind(), io::ErrorKind::InvalidData);
        client.write_all(b"a").await.unwrap();
        client.flush().await.unwrap();
        client.shutdown().await.unwrap();
    }
}
