//! Blobs: distribution-spec, "Pulling blobs" and "Pushing blobs" (monolithic upload).

use std::time::Duration;

use bytes::Bytes;
use limits::MemoryBudget;
use notary::{Descriptor, Digest};
use reqwest::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::{Method, Url};

use super::redirect::may_follow;
use super::{Answer, Call, RemoteRepository};
use crate::content::Content;
use crate::error::{RegistryError, is_temporary};

/// The size limit of answers whose content is not used. No memory budget counts as much, so that a caller who holds
/// content never waits for such an answer.
pub(super) const NOTHING: u64 = MemoryBudget::FREE as u64;
/// The slowest accepted transfer, in bytes per second.
const SLOWEST: u64 = 256 * 1024;
const UPLOADS: u32 = 3;

impl RemoteRepository {
    /// Reads a blob of at most `limit` bytes into memory and checks it against its descriptor.
    ///
    /// # Errors
    /// Returns [`RegistryError::TooLarge`] if the blob is larger than `limit`, [`RegistryError::Content`] if it does
    /// not match the descriptor, and other variants if it cannot be read.
    pub async fn blob(&self, stored: &Descriptor, limit: u64) -> Result<Content, RegistryError> {
        let mut call = self.call(Method::GET, &format!("blobs/{}", stored.digest), stored.size.min(limit));
        if stored.size > limit {
            return Err(RegistryError::TooLarge { request: call.request(), limit });
        }
        call.time += time_for(stored.size);
        let answer = match self.send(&call).await {
            Err(RegistryError::TooLarge { request, limit }) => {
                let why = format!("expected {limit} bytes, got more");
                return Err(RegistryError::Content { request, why });
            }
            answer => answer?.with_status(&[200])?,
        };
        if answer.body.len() as u64 != stored.size {
            return Err(answer.content(format!("expected {} bytes, got {}", stored.size, answer.body.len())));
        }
        if !stored.digest.matches(&answer.body) {
            return Err(answer.content(format!("its digest is not {}", stored.digest)));
        }
        Ok(answer.body)
    }

    /// Whether the registry says that the repository has the blob. This saves work, and nothing else depends on it:
    /// some registries and proxies do not answer HEAD, or answer it wrongly. Any failure counts as no.
    pub async fn has_blob(&self, digest: &Digest) -> bool {
        let mut call = self.call(Method::HEAD, &format!("blobs/{digest}"), NOTHING);
        call.repeat = false;
        call.time /= 4;
        match self.send(&call).await {
            Ok(answer) => answer.status.as_u16() == 200,
            Err(why) => {
                tracing::debug!(%why, "could not find out whether the blob is there");
                false
            }
        }
    }

    /// Pushes a blob, unless the repository has it already.
    ///
    /// # Errors
    /// Returns [`RegistryError`] if the registry cannot be reached or rejects the blob.
    pub async fn push_blob(&self, media_type: &str, content: &[u8]) -> Result<Descriptor, RegistryError> {
        let descriptor = Descriptor::from_content(media_type, content);
        if self.has_blob(&descriptor.digest).await {
            return Ok(descriptor);
        }
        self.upload_blob(media_type, content).await
    }

    /// Pushes a blob, whether the repository says that it has it or not.
    ///
    /// # Errors
    /// Returns [`RegistryError`] if the registry cannot be reached or rejects the blob.
    pub(crate) async fn upload_blob(&self, media_type: &str, content: &[u8]) -> Result<Descriptor, RegistryError> {
        let descriptor = Descriptor::from_content(media_type, content);
        self.upload_as(&descriptor.digest, content).await?;
        Ok(descriptor)
    }

    /// Pushes a blob under this digest, which matches it.
    pub(crate) async fn upload_as(&self, digest: &Digest, content: &[u8]) -> Result<(), RegistryError> {
        let content = Bytes::copy_from_slice(content);
        for upload in 1.. {
            match self.upload(digest, &content).await {
                // A monolithic upload cannot be resumed: start a new one.
                Err(why) if upload < UPLOADS && (is_temporary(why.code()) || why.is_not_found()) => {
                    tracing::debug!(%why, "retrying the upload");
                    let wait = self.options().backoff.mul_f64(f64::from(upload) * (0.5 + fastrand::f64()));
                    self.begin_wait(&why, wait);
                    tokio::time::sleep(wait).await;
                }
                other => return other,
            }
        }
        Ok(())
    }

    async fn upload(&self, digest: &Digest, content: &Bytes) -> Result<(), RegistryError> {
        let begin = self.call(Method::POST, "blobs/uploads/", NOTHING);
        let begun = self.send(&begin).await?.with_status(&[202])?;
        let url = upload_url(&begun, digest)?;
        let mut call = Call { url, ..self.call(Method::PUT, "", NOTHING) };
        call.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        call.body = content.clone();
        call.repeat = false;
        call.time += time_for(content.len() as u64);
        let answer = self.send(&call).await?.with_status(&[201, 204])?;
        match answer.content_digest()? {
            Some(stored) if stored != *digest && !stored.matches(content) => {
                Err(answer.content(format!("the registry stored {stored} instead of {digest}")))
            }
            _ => Ok(()),
        }
    }
}

pub(super) fn time_for(bytes: u64) -> Duration {
    Duration::from_secs(bytes / SLOWEST)
}

/// The URL to which the content with this digest is uploaded.
pub(super) fn upload_url(begun: &Answer, digest: &Digest) -> Result<Url, RegistryError> {
    let location = begun.header(LOCATION).and_then(|location| begun.url.join(location).ok());
    let mut url = location.ok_or_else(|| begun.malformed("the answer has no upload URL (Location)"))?;
    may_follow(&begun.url, &url).map_err(|why| RegistryError::Redirect { request: begun.request.clone(), why })?;
    url.query_pairs_mut().append_pair("digest", digest.as_str());
    Ok(url)
}
