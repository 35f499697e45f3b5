//! Where signing jobs read and write: folders that play buckets, and S3. An object is read into a temporary file, and
//! a signed object is written under its final key, as a whole, once.

mod error;
mod folder;
pub mod name;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Seek as _;
use std::path::{Path, PathBuf};

use aws_names::Region;
use code_signing::SignedContent;
use limits::Deadline;
use notary::ReasonCode;
use s3::{Bucket, Object, S3, S3Error, Written};
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;

pub use self::error::BucketError;
use crate::config::Settings;
use crate::store::{ObjectLocation, SourceObject};

/// The buckets that signing jobs can use.
#[derive(Debug)]
pub struct Buckets {
    /// Names the folders that play buckets.
    settings: Settings,
    s3: S3,
    /// Where temporary files are.
    temporary: PathBuf,
}

impl Buckets {
    /// Creates the buckets; the configuration names the folders. `temporary` is a folder for temporary files; what
    /// earlier processes left there is removed.
    ///
    /// # Errors
    /// Returns the system's error if the folder cannot be created or emptied.
    pub fn new(settings: Settings, s3: S3, temporary: PathBuf) -> std::io::Result<Self> {
        files::create_folders(&temporary, 0o700)?;
        for entry in temporary.read_dir()? {
            std::fs::remove_file(entry?.path())?;
        }
        Ok(Self { settings, s3, temporary })
    }

    /// The folder that plays a bucket.
    fn folder(&self, bucket: &str) -> Option<PathBuf> {
        self.settings.current().buckets.get(bucket).cloned()
    }

    /// Reads a version of an object into a temporary file, which goes with the value.
    ///
    /// # Errors
    /// Returns [`BucketError`] if the object does not exist, has more than `most` bytes, or the bucket does not answer
    /// in time.
    pub async fn read(
        &self,
        region: &Region,
        source: &SourceObject,
        most: u64,
        deadline: Deadline,
    ) -> Result<File, BucketError> {
        let temporary = NamedTempFile::new_in(&self.temporary).map_err(BucketError::Temporary)?;
        let mut file = if let Some(folder) = self.folder(&source.bucket_name) {
            let source = source.clone();
            blocking(move || {
                let mut file = temporary.into_file();
                folder::read(&folder, &source, most, &mut file)?;
                Ok(file)
            })
            .await?
        } else {
            let bucket = Bucket { name: &source.bucket_name, region };
            self.check(bucket, deadline).await?;
            let object = Object { bucket, key: &source.key, version: &source.version };
            let mut file = tokio::fs::File::from_std(temporary.into_file());
            self.s3.read_version(object, most, &mut file, deadline).await?;
            file.into_std().await
        };
        file.rewind().map_err(BucketError::Temporary)?;
        Ok(file)
    }

    /// Writes a signed object. An object that has the key is not replaced: then an earlier run of the job wrote it.
    ///
    /// # Errors
    /// Returns [`BucketError`] if the bucket does not exist or does not answer in time.
    pub async fn write(
        &self,
        region: &Region,
        destination: &ObjectLocation,
        content: SignedContent,
        source: File,
        deadline: Deadline,
    ) -> Result<Written, BucketError> {
        let key = destination.key.clone();
        if let Some(folder) = self.folder(&destination.bucket_name) {
            let name = destination.bucket_name.clone();
            return blocking(move || folder::write(&folder, &name, &key, &content, &source)).await;
        }
        let bucket = Bucket { name: &destination.bucket_name, region };
        self.check(bucket, deadline).await?;
        let temporary = self.temporary.clone();
        let signed = blocking(move || spooled(&temporary, &content, &source)).await?;
        Ok(self.s3.write(bucket, &key, signed.path(), deadline).await?)
    }

    async fn check(&self, bucket: Bucket<'_>, deadline: Deadline) -> Result<(), BucketError> {
        self.s3.check(bucket, deadline).await.map_err(|why| without_credentials(bucket.name, why))
    }
}

/// What S3 says without credentials is of the machine of the local signer, and not for its callers.
fn without_credentials(bucket: &str, why: S3Error) -> BucketError {
    match why.code() {
        ReasonCode::Credentials => {
            tracing::warn!(bucket, %why, "there is no folder for a bucket, and S3 cannot be asked");
            BucketError::NoCredentials(bucket.to_owned())
        }
        _ => why.into(),
    }
}

fn spooled(temporary: &Path, content: &SignedContent, source: &File) -> Result<NamedTempFile, BucketError> {
    let mut signed = NamedTempFile::new_in(temporary).map_err(BucketError::Temporary)?;
    let mut writer = std::io::BufWriter::new(signed.as_file_mut());
    content.write(source, &mut writer).map_err(BucketError::Temporary)?;
    writer.into_inner().map_err(|why| BucketError::Temporary(why.into_error()))?;
    Ok(signed)
}

/// Runs work with files on a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BucketError> + Send + 'static,
) -> Result<T, BucketError> {
    spawn_blocking(work).await.unwrap_or(Err(BucketError::Stopped))
}
