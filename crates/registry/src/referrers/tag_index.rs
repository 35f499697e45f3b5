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

use std::time::Duration;

use notary::manifest::ManifestError;
use notary::media_type::{IMAGE_INDEX_MEDIA_TYPE, canonical};
use notary::reference::{Tag, Target};
use notary::{Descriptor, Digest, json};
use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::list::List;
use super::lock::HostLock;
use crate::client::{Answer, FetchedManifest, RemoteRepository, typed};
use crate::error::{RegistryError, RequestLine, is_temporary};

/// The most reads before a write. After these the index is written even if the last read is no longer fresh.
const ATTEMPTS: u32 = 3;
/// How often an index that is not found is looked for before a new one is written, and the wait in between. A registry
/// may not find it for the moment in which another client writes it.
const LOOKS: u32 = 3;
const LOOK_AGAIN: Duration = Duration::from_millis(15);
/// How often the registry may refuse to replace the same version of the index. More would not help.
const REFUSALS: u32 = 2;

/// The tag of an index, and the subject whose referrers it lists.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    tag: &'a Tag,
    subject: &'a Digest,
}

impl RemoteRepository {
    /// Reads the index of this subject's referrers into the list. A missing index is an empty list, as is anything else
    /// under its tag that is no index; any other failure is an error.
    pub(super) async fn list_tag_index(&self, subject: &Digest, list: &mut List<'_>) -> Result<(), RegistryError> {
        let tag = Tag::from_subject(subject);
        match self.tagged(Place { tag: &tag, subject }).await? {
            Tagged::Index(index) => list.add(&index.bytes).map_err(|why| why.into_error(self.tag_request(&tag))),
            Tagged::Nothing | Tagged::Other(_) => Ok(()),
        }
    }

    /// Adds an entry to the index of this subject's referrers, and repeats that until the entry stays there.
    pub(super) async fn add_to_tag_index(&self, subject: &Digest, entry: &Descriptor) -> Result<(), RegistryError> {
        self.change_tag_index(subject, Change::Add(entry)).await
    }

    /// Removes an entry from the index of this subject's referrers, if there is an index with it, and repeats that
    /// until the entry stays away.
    pub(super) async fn remove_from_tag_index(&self, subject: &Digest, entry: &Digest) -> Result<(), RegistryError> {
        self.change_tag_index(subject, Change::Remove(entry)).await
    }

    async fn change_tag_index(&self, subject: &Digest, change: Change<'_>) -> Result<(), RegistryError> {
        let options = self.options();
        let tag = Tag::from_subject(subject);
        let place = Place { tag: &tag, subject };
        let start = Instant::now();
        let time = options.timeout;
        let name = format!("{}:{tag}", self.name());
        let mut refusals = Refusals::default();
        for round in 0_u32.. {
            let lock = HostLock::acquire(options.lock_folder.as_deref(), &name, time / 3).await;
            let began = Instant::now();
            let merged = self.merge(place, change, &mut refusals).await?;
            let took = began.elapsed();
            drop(lock);
            if merged == Merged::WasThere && round == 0 {
                // The writer that made the change ensures that it stays.
                return Ok(());
            }
            // Our own time for reading and writing is the estimate of the time that other writers need.
            let settle = options.settle_time.max(took * 4).min(time / 8);
            sleep(settle).await;
            if self.is_made(place, change).await? {
                return Ok(());
            }
            tracing::debug!(%name, round, "another writer of the index undid the change");
            // A random wait, so that the writers do not collide again.
            sleep(settle.mul_f64(fastrand::f64() * f64::from(1 + round.min(3)))).await;
            if start.elapsed() >= time {
                break;
            }
        }
        Err(RegistryError::IndexContention {
            repository: self.name().to_string(),
            tag: tag.to_string(),
            digest: change.digest().to_string(),
            within: time,
        })
    }

    /// Reads the index, changes the entry and writes the index.
    async fn merge(
        &self,
        place: Place<'_>,
        change: Change<'_>,
        refusals: &mut Refusals,
    ) -> Result<Merged, RegistryError> {
        let mut attempt = 1;
        let (index, current, replaced) = loop {
            let read_at = Instant::now();
            let stored = self.tag_index(place).await?;
            let current = stored.as_ref().and_then(|stored| stored.etag.clone());
            let index = merged(stored.as_ref(), change);
            let index =
                index.map_err(|source| RegistryError::Manifest { request: self.tag_request(place.tag), source })?;
            let Some(index) = index else { return Ok(Merged::WasThere) };
            if read_at.elapsed() <= self.options().settle_time / 2 || attempt >= ATTEMPTS {
                break (index, current, stored.map(|stored| stored.descriptor.digest));
            }
            attempt += 1;
        };
        match self.write(place.tag, &index, current.as_ref()).await {
            Ok(()) => Ok(Merged::Written),
            // Another writer was faster, unless the registry refuses the same again.
            Err(RegistryError::Status { request, status, answer })
                if matches!(status, StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED) =>
            {
                match refusals.count(replaced) {
                    true => Err(RegistryError::IndexRefused { request, status, answer }),
                    false => Ok(Merged::Refused),
                }
            }
            // An entry, or the index itself, was written at the same time.
            Err(why) if why.lacks_parts() => match refusals.count(replaced) {
                true => Err(why),
                false => Ok(Merged::Refused),
            },
            Err(RegistryError::Status { request, status, answer })
                if matches!(status.as_u16(), 400 | 405 | 422 | 423) =>
            {
                Err(RegistryError::IndexRefused { request, status, answer })
            }
            // If the registry was unavailable, it may have stored the index nevertheless; the next round finds out.
            Err(why) if is_temporary(why.code()) => {
                tracing::debug!(%why, "writing the index failed");
                Ok(Merged::Refused)
            }
            Err(why) => Err(why),
        }
    }

    async fn write(&self, tag: &Tag, index: &[u8], current: Option<&HeaderValue>) -> Result<(), RegistryError> {
        let target = Target::Tag(tag.clone());
        // A weak ETag never matches: RFC 9110, section 13.1.1.
        let current = current.filter(|etag| !etag.as_bytes().starts_with(b"W/"));
        // No retry: by then the index may have changed.
        self.put_manifest(IMAGE_INDEX_MEDIA_TYPE, index, Some(&target), current, false).await.map(|_| ())
    }

    async fn is_made(&self, place: Place<'_>, change: Change<'_>) -> Result<bool, RegistryError> {
        let stored = self.tag_index(place).await?;
        let index = merged(stored.as_ref(), change);
        Ok(index.map_err(|source| RegistryError::Manifest { request: self.tag_request(place.tag), source })?.is_none())
    }

    /// The index to which an entry is added. It does not exist only if the registry says so several times: an
    /// unreadable index must not be overwritten.
    async fn tag_index(&self, place: Place<'_>) -> Result<Option<FetchedManifest>, RegistryError> {
        for look in 1..=LOOKS {
            match self.tagged(place).await? {
                Tagged::Index(index) => return Ok(Some(*index)),
                Tagged::Other(other) => {
                    let why = format!("expected an index under the tag of the referrers index, got {other}");
                    let request = self.tag_request(place.tag);
                    return Err(RegistryError::Manifest { request, source: ManifestError::Kind(why) });
                }
                Tagged::Nothing if look < LOOKS => sleep(LOOK_AGAIN.mul_f64(0.5 + fastrand::f64())).await,
                Tagged::Nothing => {}
            }
        }
        Ok(None)
    }

    /// What the registry has under the tag. Only status 404 means nothing; and so does the subject itself, with which
    /// GitLab answers for the tag, because it reads the tag as the subject's digest. Web pages, documents of other
    /// services and refusals of such a tag are no index. Failures for the moment, missing permissions and a damaged
    /// index are errors.
    async fn tagged(&self, Place { tag, subject }: Place<'_>) -> Result<Tagged, RegistryError> {
        let (answer, digest) = match self.fetch(&Target::Tag(tag.clone())).await {
            Ok(fetched) => fetched,
            Err(why) if why.is_not_found() => return Ok(Tagged::Nothing),
            Err(why @ RegistryError::Status { status, .. }) if is_no_index(status) => {
                return Ok(Tagged::Other(why.to_string()));
            }
            Err(why) => return Err(why),
        };
        if digest == *subject || subject.matches(&answer.body) {
            return Ok(Tagged::Nothing);
        }
        let could_be_index = could_be_index(&answer);
        match typed(answer, digest, &Target::Tag(tag.clone())) {
            Ok(stored) if stored.descriptor.media_type == IMAGE_INDEX_MEDIA_TYPE => Ok(Tagged::Index(Box::new(stored))),
            Ok(stored) => Ok(Tagged::Other(stored.descriptor.media_type)),
            Err(why) if could_be_index => Err(why),
            Err(why) => Ok(Tagged::Other(why.to_string())),
        }
    }

    pub(super) fn tag_request(&self, tag: &Tag) -> RequestLine {
        self.call(reqwest::Method::GET, &format!("manifests/{tag}"), 0).request()
    }
}

/// Whether a registry answers with this status that it has no index under the tag: all client errors that are not about
/// the permission or the moment.
fn is_no_index(status: StatusCode) -> bool {
    status.is_client_error() && !matches!(status.as_u16(), 401 | 403 | 407 | 408 | 425 | 429)
}

/// Whether an answer that is not a supported manifest could be a damaged index, or one with a wrong `Content-Type`.
fn could_be_index(answer: &Answer) -> bool {
    let says_so = answer.media_type().is_some_and(|media_type| canonical(media_type) == IMAGE_INDEX_MEDIA_TYPE);
    let lists = |mut object: json::Object| object.take("manifests").is_some();
    (says_so && !answer.body.is_empty()) || json::parse_object("index", &answer.body).is_ok_and(lists)
}

/// What a registry has under the tag of an index.
enum Tagged {
    Index(Box<FetchedManifest>),
    /// Another manifest, with its media type, or an answer that is no manifest.
    Other(String),
    Nothing,
}

/// A change of an index.
#[derive(Debug, Clone, Copy)]
enum Change<'a> {
    Add(&'a Descriptor),
    Remove(&'a Digest),
}

impl Change<'_> {
    /// The digest of the entry that changes.
    fn digest(&self) -> &Digest {
        match self {
            Self::Add(entry) => &entry.digest,
            Self::Remove(digest) => digest,
        }
    }
}

/// The result of changing an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Merged {
    WasThere,
    Written,
    Refused,
}

/// How often the registry refused to replace one version of the index.
#[derive(Debug, Default)]
struct Refusals {
    replaced: Option<Digest>,
    count: u32,
}

impl Refusals {
    /// Counts a refusal to replace this version. Whether it is final: another writer would have changed the version.
    fn count(&mut self, replaced: Option<Digest>) -> bool {
        self.count = if self.replaced == replaced { self.count + 1 } else { 1 };
        self.replaced = replaced;
        self.count >= REFUSALS
    }
}

/// The index with the change; `None` if it is made already. Unknown members are kept.
fn merged(stored: Option<&FetchedManifest>, change: Change<'_>) -> Result<Option<Vec<u8>>, ManifestError> {
    if let (None, Change::Remove(_)) = (stored, change) {
        return Ok(None);
    }
    let mut index = match stored {
        Some(stored) => Value::Object(json::parse_object("index", &stored.bytes)?.into_members()),
        None => json!({"schemaVersion": 2, "mediaType": IMAGE_INDEX_MEDIA_TYPE, "manifests": []}),
    };
    let entries = index.get_mut("manifests").and_then(Value::as_array_mut);
    let entries = entries.ok_or_else(|| ManifestError::Kind("the index has no list of manifests".to_owned()))?;
    let is_listed = entries.iter().any(|known| known["digest"] == change.digest().as_str());
    match change {
        Change::Add(entry) if !is_listed => entries.push(json!(entry)),
        Change::Remove(digest) if is_listed => entries.retain(|known| known["digest"] != digest.as_str()),
        Change::Add(_) | Change::Remove(_) => return Ok(None),
    }
    Ok(Some(index.to_string().into_bytes()))
}
