//! The referrers index that clients maintain if the registry has no Referrers API: distribution-spec, "Referrers Tag
//! Schema".
//!
//! Clients read, merge and write the index; of two writers who read the same version, the last one wins. These measures
//! keep entries from being lost:
//! - Writers on one host hold a lock from reading to writing.
//! - The write has `If-Match` if the registry sent an `ETag`. Not every registry honours it.
//! - A writer whose read is older than half of the settle time reads again before it writes.
//! - After the settle time (longer if the registry is slow) it reads the index once more: by then every writer who read
//!   before our write should have written. If our entry is gone, it waits and starts over.
//!
//! One race remains: a writer on another host that does not follow these rules (another tool, or a write that takes
//! much longer than ours) can remove an entry after we saw it. Only a registry with conditional writes or with the
//! Referrers API rules that out.

use notary::manifest::ManifestError;
use notary::media_type::IMAGE_INDEX_MEDIA_TYPE;
use notary::reference::{Tag, Target};
use notary::{Descriptor, json};
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::List;
use super::lock::HostLock;
use crate::client::{FetchedManifest, RemoteRepository};
use crate::error::{RegistryError, RequestLine, is_temporary};

/// The most reads before a write. After these the index is written even if the last read is no longer fresh.
const ATTEMPTS: u32 = 3;

impl RemoteRepository {
    /// Reads the index of this tag into the list. A missing index is an empty list; any other failure is an error.
    pub(super) async fn list_tag_index(&self, tag: &Tag, list: &mut List<'_>) -> Result<(), RegistryError> {
        let Some(index) = self.tag_index(tag).await? else { return Ok(()) };
        list.add(&index.bytes).map_err(|why| List::error(self.tag_request(tag), why))
    }

    /// Adds an entry to the index of this tag, and repeats that until the entry stays there.
    pub(super) async fn add_to_tag_index(&self, tag: &Tag, entry: &Descriptor) -> Result<(), RegistryError> {
        let options = self.options();
        let start = Instant::now();
        let time = options.timeout;
        let name = format!("{}:{tag}", self.name());
        for round in 0_u32.. {
            let lock = HostLock::acquire(options.lock_folder.as_deref(), &name, time / 3).await;
            let began = Instant::now();
            let merged = self.merge(tag, entry).await?;
            let took = began.elapsed();
            drop(lock);
            if merged == Merged::WasThere && round == 0 {
                // The writer that added it ensures that it stays.
                return Ok(());
            }
            // Our own time for reading and writing is the estimate of the time that other writers need.
            let settle = options.settle_time.max(took * 4).min(time / 8);
            sleep(settle).await;
            if self.is_in_tag_index(tag, entry).await? {
                return Ok(());
            }
            tracing::debug!(%name, round, "another writer of the index removed the entry");
            // A random wait, so that the writers do not collide again.
            sleep(settle.mul_f64(fastrand::f64() * f64::from(1 + round.min(3)))).await;
            if start.elapsed() >= time {
                break;
            }
        }
        Err(RegistryError::IndexContention {
            repository: self.name().to_string(),
            tag: tag.to_string(),
            digest: entry.digest.to_string(),
            within: time,
        })
    }

    /// Reads the index, adds the entry and writes the index.
    async fn merge(&self, tag: &Tag, entry: &Descriptor) -> Result<Merged, RegistryError> {
        let mut attempt = 1;
        let (index, current) = loop {
            let read_at = Instant::now();
            let stored = self.tag_index(tag).await?;
            let current = stored.as_ref().and_then(|stored| stored.etag.clone());
            let index = merged(stored.as_ref(), entry);
            let index = index.map_err(|source| RegistryError::Manifest { request: self.tag_request(tag), source })?;
            let Some(index) = index else { return Ok(Merged::WasThere) };
            if read_at.elapsed() <= self.options().settle_time / 2 || attempt >= ATTEMPTS {
                break (index, current);
            }
            attempt += 1;
        };
        match self.write(tag, &index, current.as_ref()).await {
            Ok(()) => Ok(Merged::Written),
            // 409 and 412: another writer was faster. If the registry was unavailable, it may have stored the index
            // nevertheless; the next round finds out.
            Err(RegistryError::Status { status, .. }) if matches!(status.as_u16(), 409 | 412) => Ok(Merged::Refused),
            Err(why) if is_temporary(why.code()) => {
                tracing::debug!(%why, "writing the index failed");
                Ok(Merged::Refused)
            }
            Err(why) => Err(why),
        }
    }

    async fn write(&self, tag: &Tag, index: &[u8], current: Option<&HeaderValue>) -> Result<(), RegistryError> {
        let target = Target::Tag(tag.clone());
        // No retry: by then the index may have changed.
        self.put_manifest(IMAGE_INDEX_MEDIA_TYPE, index, Some(&target), current, false).await.map(|_| ())
    }

    async fn is_in_tag_index(&self, tag: &Tag, entry: &Descriptor) -> Result<bool, RegistryError> {
        let stored = self.tag_index(tag).await?;
        let index = merged(stored.as_ref(), entry);
        Ok(index.map_err(|source| RegistryError::Manifest { request: self.tag_request(tag), source })?.is_none())
    }

    /// The index of this tag. Only status 404 means that it does not exist: an unreadable index must not be
    /// overwritten.
    async fn tag_index(&self, tag: &Tag) -> Result<Option<FetchedManifest>, RegistryError> {
        match self.fetch_manifest(&Target::Tag(tag.clone())).await {
            Ok(stored) if stored.descriptor.media_type == IMAGE_INDEX_MEDIA_TYPE => Ok(Some(stored)),
            Ok(stored) => {
                let why =
                    format!("{} under the tag of the referrers index, expected an index", stored.descriptor.media_type);
                Err(RegistryError::Manifest { request: self.tag_request(tag), source: ManifestError::Kind(why) })
            }
            Err(why) if why.is_not_found() => Ok(None),
            Err(why) => Err(why),
        }
    }

    fn tag_request(&self, tag: &Tag) -> RequestLine {
        self.call(reqwest::Method::GET, &format!("manifests/{tag}"), 0).request()
    }
}

/// The result of adding an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Merged {
    WasThere,
    Written,
    Refused,
}

/// The index with the entry added; `None` if it has the entry already. Unknown members are kept.
fn merged(stored: Option<&FetchedManifest>, entry: &Descriptor) -> Result<Option<Vec<u8>>, ManifestError> {
    let mut index = match stored {
        Some(stored) => Value::Object(json::parse_object("index", &stored.bytes)?.into_members()),
        None => json!({"schemaVersion": 2, "mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": []}),
    };
    let entries = index.get_mut("manifests").and_then(Value::as_array_mut);
    let entries = entries.ok_or_else(|| ManifestError::Kind("the index has no list of manifests".to_owned()))?;
    if entries.iter().any(|known| known["digest"] == entry.digest.as_str()) {
        return Ok(None);
    }
    entries.push(json!(entry));
    Ok(Some(index.to_string().into_bytes()))
}
