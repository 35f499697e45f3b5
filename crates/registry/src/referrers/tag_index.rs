//! The index of referrers that clients keep where the registry has no Referrers API: distribution-spec, "Referrers Tag Schema".
//!
//! Writing it is read, merge, write, and the last of two writers who have read the same wins. So that no entry is lost:
//! - writers on one host hold a lock from reading to writing;
//! - the write has `If-Match` where the registry gives an `ETag`; it helps where the registry heeds it;
//! - a writer whose read is older than half of the settle time when it would write reads again, and reads the index once more
//!   when the settle time is over (longer where the registry is slow): by then every writer who had read before our write should
//!   have written. If our entry is gone, it begins anew after a wait.
//!
//! What remains: a writer on another host that keeps no such time (another tool, or a write that is under way much longer than
//! ours was) can take out an entry after it was seen there. Only a registry that compares before it writes, or
//! has the Referrers API, rules that out.

use notary::manifest::ManifestError;
use notary::media_type::IMAGE_INDEX_MEDIA_TYPE;
use notary::reference::{Tag, Target};
use notary::{Descriptor, json};
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::List;
use super::lock::HostLock;
use crate::client::{Failure, FetchedManifest, RegistryError, RemoteRepository, RequestLine};

/// How often the index is read again before it is written although the reading is no longer fresh.
const READINGS: u32 = 3;

impl RemoteRepository {
    /// Reads the index of this tag into the list. That there is none is no failure, anything else is.
    pub(super) async fn list_tag_index(&self, tag: &Tag, list: &mut List<'_>) -> Result<(), RegistryError> {
        let Some(index) = self.tag_index(tag).await? else { return Ok(()) };
        list.add(&index.bytes).map_err(|why| List::error(self.tag_request(tag), why))
    }

    /// Puts an entry into the index of this tag, and does not rest before it stays there.
    pub(super) async fn add_to_tag_index(&self, tag: &Tag, entry: &Descriptor) -> Result<(), RegistryError> {
        let options = self.options();
        let (start, time) = (Instant::now(), options.timeout);
        let name = format!("{}:{tag}", self.name());
        for round in 0_u32.. {
            let lock = HostLock::acquire(options.lock_folder.as_deref(), &name, time / 3).await;
            let began = Instant::now();
            let merged = self.merge(tag, entry).await?;
            let took = began.elapsed();
            drop(lock);
            if merged == Merged::WasThere && round == 0 {
                // Whoever put it there sees to it that it stays.
                return Ok(());
            }
            // What this writer needed for reading and writing tells what the others need.
            let settle = options.settle_time.max(took * 4).min(time / 8);
            sleep(settle).await;
            if self.is_in_tag_index(tag, entry).await? {
                return Ok(());
            }
            tracing::debug!(%name, round, "another writer of the index was quicker");
            // The writers must not come all at once again.
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

    /// Reads the index, adds the entry, writes it.
    async fn merge(&self, tag: &Tag, entry: &Descriptor) -> Result<Merged, RegistryError> {
        let mut reading = 1;
        let (index, current) = loop {
            let read_at = Instant::now();
            let stored = self.tag_index(tag).await?;
            let current = stored.as_ref().and_then(|stored| stored.etag.clone());
            let index = merged(stored.as_ref(), entry);
            let index = index.map_err(|source| RegistryError::Manifest { request: self.tag_request(tag), source })?;
            let Some(index) = index else { return Ok(Merged::WasThere) };
            if read_at.elapsed() <= self.options().settle_time / 2 || reading >= READINGS {
                break (index, current);
            }
            reading += 1;
        };
        match self.write(tag, &index, current.as_ref()).await {
            Ok(()) => Ok(Merged::Written),
            // 409 and 412: somebody was quicker. What is unavailable may have been written; the next round sees.
            Err(RegistryError::Status { status, .. }) if matches!(status.as_u16(), 409 | 412) => Ok(Merged::Refused),
            Err(why) if why.failure() == Failure::Unavailable => {
                tracing::debug!(%why, "writing the index failed");
                Ok(Merged::Refused)
            }
            Err(why) => Err(why),
        }
    }

    async fn write(&self, tag: &Tag, index: &[u8], current: Option<&HeaderValue>) -> Result<(), RegistryError> {
        let target = Target::Tag(tag.clone());
        // Not repeated as it is: by then the index may be another one.
        self.put_manifest(IMAGE_INDEX_MEDIA_TYPE, index, Some(&target), current, false).await.map(|_| ())
    }

    async fn is_in_tag_index(&self, tag: &Tag, entry: &Descriptor) -> Result<bool, RegistryError> {
        let stored = self.tag_index(tag).await?;
        let index = merged(stored.as_ref(), entry);
        Ok(index.map_err(|source| RegistryError::Manifest { request: self.tag_request(tag), source })?.is_none())
    }

    /// The index of this tag. Only status 404 means that there is none: what cannot be read must not be overwritten.
    async fn tag_index(&self, tag: &Tag) -> Result<Option<FetchedManifest>, RegistryError> {
        match self.fetch_manifest(&Target::Tag(tag.clone())).await {
            Ok(stored) if stored.descriptor.media_type == IMAGE_INDEX_MEDIA_TYPE => Ok(Some(stored)),
            Ok(stored) => {
                let why =
                    format!("the tag of the referrers' index names {}, not an index", stored.descriptor.media_type);
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

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Merged {
    WasThere,
    Written,
    Refused,
}

/// The index with the entry; `None` when it has it. What is not known in an index stays as it is.
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
