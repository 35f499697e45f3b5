//! Streaming blobs that are too large for memory: distribution-spec, "Pulling blobs", "Pushing blobs" and "Mounting a
//! blob from another repository".

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use notary::reference::RepositoryName;
use notary::{Descriptor, Digest};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url};
use tokio::sync::mpsc;

use super::answer::Answer;
use super::blobs::{NOTHING, time_for, upload_url};
use super::call::Call;
use super::redirect::{MAX_REDIRECTS, is_redirect, is_same_origin, next_hop};
use super::{RegistryClient, RemoteRepository};
use crate::blob_stream::BlobStream;
use crate::error::{RegistryError, StoreError};

/// The number of pieces buffered between reader and writer.
const WAITING: usize = 4;

/// The answer to a request to mount a blob.
pub(crate) enum Mount {
    /// The blob is mounted.
    Done,
    /// The registry did not mount it, and gave a URL to upload it.
    Upload(Url),
}

/// The answer to an upload.
pub(crate) enum Uploaded {
    /// The registry has the blob.
    Done,
    /// The registry redirects the upload to this URL: send the content again.
    Redirected(Url),
}

impl RemoteRepository {
    /// Opens a blob for reading.
    pub(crate) async fn open_blob(&self, stored: &Descriptor) -> Result<BlobStream, RegistryError> {
        let mut call = self.call(Method::GET, &format!("blobs/{}", stored.digest), stored.size);
        call.stream = true;
        call.time += time_for(stored.size);
        let mut answer = self.send(&call).await?.with_status(&[200])?;
        let response = answer.rest.take().ok_or_else(|| answer.malformed("the answer has no content"))?;
        if let Some(length) = response.content_length().filter(|length| *length != stored.size) {
            return Err(answer.content(format!("expected {} bytes, got {length}", stored.size)));
        }
        Ok(BlobStream::from_answer(response, answer.request, (call.deadline(), call.time), stored))
    }

    /// Whether both are repositories of one registry, accessed by the same scheme and port.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        is_same_origin(&self.base(), &other.base())
    }

    /// Asks the registry to mount a blob from another of its repositories. If it does not support mounting, or the user
    /// may not pull from the other repository, it returns a URL to upload the blob instead.
    pub(crate) async fn mount(&self, digest: &Digest, from: &RepositoryName) -> Result<Mount, RegistryError> {
        let mut call = self.call(Method::POST, "blobs/uploads/", NOTHING);
        call.url.query_pairs_mut().append_pair("mount", digest.as_str()).append_pair("from", from.path());
        let answer = self.send(&call).await?.with_status(&[201, 202])?;
        if answer.status.as_u16() == 201 { Ok(Mount::Done) } else { Ok(Mount::Upload(upload_url(&answer, digest)?)) }
    }

    /// Starts the upload of the blob with this digest, and returns the URL to which its content is sent.
    pub(crate) async fn begin_upload(&self, digest: &Digest) -> Result<Url, RegistryError> {
        let begin = self.call(Method::POST, "blobs/uploads/", NOTHING);
        upload_url(&self.send(&begin).await?.with_status(&[202])?, digest)
    }

    /// Uploads a blob in one request while it is read. `passed` is called with the size of each piece.
    pub(crate) async fn upload_stream(
        &self,
        url: Url,
        stored: &Descriptor,
        mut content: BlobStream,
        passed: impl Fn(u64),
    ) -> Result<Uploaded, StoreError> {
        let mut call = Call { url, ..self.call(Method::PUT, "", NOTHING) };
        call.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        call.time += time_for(stored.size);
        let (sender, pieces) = mpsc::channel(WAITING);
        let feed = async move {
            loop {
                match content.next().await {
                    Ok(Some(piece)) => {
                        let length = piece.len() as u64;
                        if sender.send(Ok(piece)).await.is_err() {
                            return Ok(());
                        }
                        passed(length);
                    }
                    Ok(None) => return Ok(()),
                    Err(why) => {
                        let _ = sender.send(Err(std::io::Error::other("incomplete content"))).await;
                        return Err(why);
                    }
                }
            }
        };
        let put = self.put_stream(&call, Pieces { pieces, left: stored.size });
        let (fed, answer) = tokio::join!(feed, put);
        let answer = match answer {
            // The registry may have redirected without reading the content.
            Ok(answer) if is_redirect(answer.status) => {
                let next = next_hop(&call, &answer.url, answer.status, &answer.headers)?;
                return Ok(Uploaded::Redirected(next));
            }
            answer => {
                fed?;
                answer?.with_status(&[201, 204])?
            }
        };
        let of_one_kind = |other: &Digest| other.algorithm() == stored.digest.algorithm();
        match answer.content_digest()?.filter(of_one_kind) {
            Some(other) if other != stored.digest => {
                Err(answer.content(format!("the registry stored {other} instead of {}", stored.digest)).into())
            }
            _ => Ok(Uploaded::Done),
        }
    }

    /// Counts a redirect of an upload.
    pub(crate) fn count_redirect(&self, redirects: &mut usize, next: &Url) -> Result<(), RegistryError> {
        *redirects += 1;
        if *redirects > MAX_REDIRECTS {
            Err(self.call(Method::PUT, "", NOTHING).too_many_redirects(next))
        } else {
            Ok(())
        }
    }

    async fn put_stream(&self, call: &Call, body: Pieces) -> Result<Answer, RegistryError> {
        let RegistryClient { inner, authentication } = &self.client;
        let transport = &inner.transport;
        let authorization = authentication.known(&self.name, call.access);
        let body = reqwest::Body::wrap(body);
        let answer = Box::pin(transport.send_stream(call, &self.base(), authorization.as_ref(), body)).await?;
        if answer.status.as_u16() == 401 {
            authentication.forget(&self.name, call.access);
        }
        match answer.status.as_u16() {
            // The stream is consumed and cannot be sent again: the caller starts a new upload, with a new token.
            401 | 404 => {
                let why = format!("the registry dropped the upload: {}{}", answer.status, answer.error_answer());
                Err(RegistryError::Connection { request: answer.request, why })
            }
            _ => Ok(answer),
        }
    }
}

/// A body of known length whose pieces come through a channel.
struct Pieces {
    pieces: mpsc::Receiver<Result<Bytes, std::io::Error>>,
    left: u64,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let piece = std::task::ready!(self.pieces.poll_recv(context));
        if let Some(Ok(piece)) = &piece {
            self.left = self.left.saturating_sub(piece.len() as u64);
        }
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
