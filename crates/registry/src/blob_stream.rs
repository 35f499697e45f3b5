//! Streams of blobs too large for memory, checked against their descriptor while they are read: image-spec,
//! `descriptor.md`.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use http_client::causes;
use notary::{Descriptor, Hasher};
use reqwest::Response;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio::time::{Instant, timeout_at};

use super::error::{LayoutError, RegistryError, RequestLine, StoreError};

const PIECE: usize = 64 * 1024;

/// The content of a blob as a stream. The last piece is returned only after the whole content matched the descriptor,
/// so that a writer downstream never completes wrong content.
pub(crate) struct BlobStream {
    source: Source,
    stored: Descriptor,
    hasher: Option<Hasher>,
    seen: u64,
    held: Option<Bytes>,
}

enum Source {
    File { file: File, path: PathBuf },
    Registry { response: Response, request: RequestLine, deadline: Instant, within: std::time::Duration },
}

impl BlobStream {
    /// The content of a file.
    pub(crate) async fn from_file(path: &Path, stored: &Descriptor) -> Result<Self, StoreError> {
        let failed = |source| LayoutError::Io { path: path.to_owned(), source };
        // Check before opening: opening a pipe blocks until a writer opens it, possibly for ever.
        if !tokio::fs::metadata(path).await.map_err(failed)?.is_file() {
            return Err(failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, "not a regular file")).into());
        }
        let file = File::open(path).await.map_err(failed)?;
        Ok(Self::new(Source::File { file, path: path.to_owned() }, stored))
    }

    /// The content of an answer.
    pub(crate) fn from_answer(
        response: Response,
        request: RequestLine,
        (deadline, within): (Instant, std::time::Duration),
        stored: &Descriptor,
    ) -> Self {
        Self::new(Source::Registry { response, request, deadline, within }, stored)
    }

    fn new(source: Source, stored: &Descriptor) -> Self {
        let hasher = stored.digest.algorithm().hasher();
        Self { source, stored: stored.clone(), hasher: Some(hasher), seen: 0, held: None }
    }

    /// The next piece; `None` after all content was returned and matched the descriptor.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        while let Some(hasher) = &mut self.hasher {
            match self.source.read().await? {
                Some(piece) => {
                    self.seen += piece.len() as u64;
                    if self.seen > self.stored.size {
                        return Err(self.wrong("it is larger than its descriptor says"));
                    }
                    hasher.update(&piece);
                    if let Some(previous) = self.held.replace(piece) {
                        return Ok(Some(previous));
                    }
                }
                None if self.seen < self.stored.size => {
                    return Err(self.wrong("it is smaller than its descriptor says"));
                }
                None => {
                    let digest = self.hasher.take().map(Hasher::finish);
                    if digest.is_none_or(|digest| digest != self.stored.digest) {
                        return Err(self.wrong("its digest differs"));
                    }
                }
            }
        }
        Ok(self.held.take())
    }

    fn wrong(&self, why: &'static str) -> StoreError {
        let digest = self.stored.digest.clone();
        match &self.source {
            Source::File { .. } => LayoutError::Content { digest, why }.into(),
            Source::Registry { request, .. } => {
                RegistryError::Content { request: request.clone(), why: why.to_owned() }.into()
            }
        }
    }
}

impl Source {
    async fn read(&mut self) -> Result<Option<Bytes>, StoreError> {
        match self {
            Self::File { file, path } => {
                let mut piece = Vec::with_capacity(PIECE);
                let read = file.take(PIECE as u64).read_to_end(&mut piece).await;
                let read = read.map_err(|source| LayoutError::Io { path: path.clone(), source })?;
                Ok((read > 0).then(|| piece.into()))
            }
            Self::Registry { response, request, deadline, within } => {
                let request = request.clone();
                let Ok(piece) = timeout_at(*deadline, response.chunk()).await else {
                    return Err(RegistryError::Timeout { request, within: *within, last: None }.into());
                };
                Ok(piece.map_err(|why| RegistryError::Connection { request, why: causes(&why) })?)
            }
        }
    }
}
