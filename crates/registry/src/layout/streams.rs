//! Blobs of a layout that are too large for memory.

use std::path::Path;

use notary::Descriptor;
use tokio::io::AsyncWriteExt as _;

use super::{Layout, temporary};
use crate::blob_stream::BlobStream;
use crate::error::{LayoutError, StoreError, io_error};

impl Layout {
    /// Opens a blob for reading.
    pub(crate) async fn open_blob(&self, stored: &Descriptor) -> Result<BlobStream, StoreError> {
        BlobStream::from_file(&self.blob_path(&stored.digest), stored).await
    }

    /// Whether the content is present and matches its descriptor.
    pub(crate) async fn has(&self, stored: &Descriptor) -> bool {
        let Ok(mut content) = self.open_blob(stored).await else { return false };
        loop {
            match content.next().await {
                Ok(Some(_)) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }

    /// Writes a stream to a temporary file and renames it when it is complete, also across a power failure.
    pub(crate) async fn write_stream(
        &self,
        stored: &Descriptor,
        mut content: BlobStream,
        passed: &impl Fn(u64),
    ) -> Result<(), StoreError> {
        let path = self.place_for(&stored.digest)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let failed = |source| LayoutError::Io { path: path.clone(), source };
        self.sweep();
        let temporary = temporary::create(folder).map_err(io_error(folder))?;
        let mut file = tokio::fs::File::from_std(temporary.reopen().map_err(failed)?);
        while let Some(piece) = content.next().await? {
            file.write_all(&piece).await.map_err(failed)?;
            passed(piece.len() as u64);
        }
        file.flush().await.map_err(failed)?;
        file.sync_all().await.map_err(failed)?;
        temporary.persist(&path).map_err(|why| failed(why.error))?;
        Ok(files::sync_folder(folder).map_err(failed)?)
    }
}
