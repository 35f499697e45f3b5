//! Copying a blob from one store to another without holding it in memory.

use notary::Descriptor;

use super::blob_stream::BlobStream;
use super::client::{Mount, Uploaded};
use super::error::{StoreError, is_temporary};
use super::store::Store;

/// The number of attempts of a transfer, and the wait before the second one.
const ATTEMPTS: u32 = 4;
const BACKOFF: std::time::Duration = std::time::Duration::from_millis(250);

/// How a blob got into the destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transferred {
    /// It was already present.
    WasThere,
    /// The registry mounted it from another of its repositories.
    Mounted,
    /// Its content was copied.
    Copied,
}

impl Store {
    /// Copies a blob of this store to `destination` unless it is already present. `passed` is called with the number of
    /// bytes of each piece, again for pieces that a retry copies again.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the blob cannot be read or written, or does not match its descriptor.
    pub async fn transfer(
        &self,
        destination: &Store,
        stored: &Descriptor,
        passed: impl Fn(u64),
    ) -> Result<Transferred, StoreError> {
        self.transfer_unless(false, destination, stored, passed).await
    }

    /// Copies a blob even if the destination says that it has it: some registries say so wrongly, which shows when they
    /// refuse the manifest.
    ///
    /// # Errors
    /// Returns [`StoreError`] as [`Self::transfer`] does.
    pub async fn transfer_anew(
        &self,
        destination: &Store,
        stored: &Descriptor,
        passed: impl Fn(u64),
    ) -> Result<Transferred, StoreError> {
        self.transfer_unless(true, destination, stored, passed).await
    }

    async fn transfer_unless(
        &self,
        anew: bool,
        destination: &Store,
        stored: &Descriptor,
        passed: impl Fn(u64),
    ) -> Result<Transferred, StoreError> {
        for attempt in 1.. {
            match self.transfer_once(anew, destination, stored, &passed).await {
                Err(why) if attempt < ATTEMPTS && is_temporary(why.code()) => {
                    tracing::debug!(%why, "retrying the transfer");
                    let wait = BACKOFF.mul_f64(f64::from(attempt) * (0.5 + fastrand::f64()));
                    // The error says which of the two failed.
                    if let (Self::Remote(repository), _) | (_, Self::Remote(repository)) = (self, destination) {
                        repository.begin_wait(&why, wait);
                    }
                    tokio::time::sleep(wait).await;
                }
                result => return result,
            }
        }
        Ok(Transferred::WasThere)
    }

    async fn transfer_once(
        &self,
        anew: bool,
        destination: &Store,
        stored: &Descriptor,
        passed: &impl Fn(u64),
    ) -> Result<Transferred, StoreError> {
        match destination {
            Store::Layout(layout) => {
                if layout.has(stored).await {
                    return Ok(Transferred::WasThere);
                }
                layout.write_stream(stored, self.open(stored).await?, passed).await?;
            }
            Store::Remote(repository) => {
                if !anew && repository.has_blob(&stored.digest).await {
                    return Ok(Transferred::WasThere);
                }
                let mut url = match self {
                    Store::Remote(source)
                        if !anew && source.is_beside(repository) && source.name() != repository.name() =>
                    {
                        match repository.mount(&stored.digest, source.name()).await {
                            Ok(Mount::Done) => return Ok(Transferred::Mounted),
                            Ok(Mount::Upload(url)) => url,
                            // Some registries reject mount requests. If the cause is a missing permission, the upload
                            // fails too.
                            Err(why) if !is_temporary(why.code()) => repository.begin_upload(&stored.digest).await?,
                            Err(why) => return Err(why.into()),
                        }
                    }
                    _ => repository.begin_upload(&stored.digest).await?,
                };
                let mut redirects = 0;
                while let Uploaded::Redirected(next) =
                    repository.upload_stream(url.clone(), stored, self.open(stored).await?, passed).await?
                {
                    repository.count_redirect(&mut redirects, &next)?;
                    url = next;
                }
            }
        }
        Ok(Transferred::Copied)
    }

    async fn open(&self, stored: &Descriptor) -> Result<BlobStream, StoreError> {
        match self {
            Store::Layout(layout) => layout.open_blob(stored).await,
            Store::Remote(repository) => Ok(repository.open_blob(stored).await?),
        }
    }
}
