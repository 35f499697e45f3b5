//! Referrers: manifests that refer to an artifact, such as its signatures. distribution-spec, "Listing Referrers" and
//! "Pushing Manifests with Subject".

mod list;
mod lock;
mod tag_index;

use notary::links::Referrer;
use notary::manifest::{IMAGE_MANIFEST_MEDIA_TYPE, Manifest};
use notary::media_type::IMAGE_INDEX_MEDIA_TYPE;
use notary::reference::{Tag, Target};
use notary::{Descriptor, Digest};
use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Method, StatusCode};

use self::list::{List, ListError, next_page};
use super::client::{Answer, Call, MAX_MANIFEST_SIZE, RemoteRepository, WRITES};
use super::error::{Limited, RegistryError};

/// The most pages that are read of one list.
const MAX_PAGES: usize = 1000;

/// Why the Referrers API gave no list.
enum NoList {
    /// The registry does not have the API.
    NotSupported,
    /// The registry may have the API or not. This is the error if the tag schema has no referrers either.
    Unclear(RegistryError),
    /// The registry has the API, or cannot be asked.
    Failed(RegistryError),
}

fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

impl RemoteRepository {
    /// The referrers of `subject` with this artifact type, in the registry's order, each once, without annotations. The
    /// list is only the registry's claim: read each manifest to find out what it is.
    ///
    /// Registries without the Referrers API answer in many ways: with an error status, a web page, or a redirect to
    /// one. Whatever is not a list of referrers means that the tag schema counts.
    ///
    /// # Errors
    /// Returns [`RegistryError`] if the list cannot be read completely, and [`RegistryError::TooMany`] if it has more
    /// than `most` entries.
    pub async fn referrers(
        &self,
        subject: &Digest,
        artifact_type: &str,
        most: usize,
    ) -> Result<Vec<Descriptor>, RegistryError> {
        let mut list = List::new(artifact_type, most);
        let unclear = match self.list_by_api(subject, &mut list).await {
            Ok(()) => return list.finish(|| self.call(Method::GET, &format!("referrers/{subject}"), 0).request()),
            Err(NoList::Failed(why)) => return Err(why),
            Err(NoList::NotSupported) => None,
            Err(NoList::Unclear(why)) => Some(why),
        };
        let mut list = List::new(artifact_type, most);
        let listed = self.list_tag_index(subject, &mut list).await;
        match (unclear, listed.and_then(|()| list.finish(|| self.tag_request(&Tag::from_subject(subject))))) {
            (Some(why), Err(_)) => Err(why),
            (Some(why), Ok(found)) if found.is_empty() => Err(why),
            (_, found) => found,
        }
    }

    /// Adds the pages of the Referrers API to the list.
    async fn list_by_api(&self, subject: &Digest, list: &mut List<'_>) -> Result<(), NoList> {
        let mut call = self.call(Method::GET, &format!("referrers/{subject}"), MAX_MANIFEST_SIZE);
        call.url.query_pairs_mut().append_pair("artifactType", list.artifact_type());
        call.headers.insert(ACCEPT, HeaderValue::from_static(IMAGE_INDEX_MEDIA_TYPE));
        let mut answer = self.first_page(&call, list).await?;
        for _ in 1..MAX_PAGES {
            let Some(next) = next_page(&answer).map_err(NoList::Failed)? else { return Ok(()) };
            if next == call.url {
                let why = answer.malformed("the list of referrers links to the same page as the next page");
                return Err(NoList::Failed(why));
            }
            // All pages share one deadline, which starts with the first call.
            call.url = next;
            answer = self.send(&call).await.and_then(|answer| answer.with_status(&[200])).map_err(NoList::Failed)?;
            list.add(&answer.body).map_err(|why| NoList::Failed(why.into_error(answer.request.clone())))?;
        }
        let request = call.request();
        Err(NoList::Failed(RegistryError::TooMany { request, most: MAX_PAGES, limited: Limited::Pages }))
    }

    /// Adds the first page to the list, if the answer is one.
    async fn first_page(&self, call: &Call, list: &mut List<'_>) -> Result<Answer, NoList> {
        let answer = match self.send(call).await {
            Ok(answer) => answer,
            Err(RegistryError::Redirect { .. }) => return Err(NoList::NotSupported),
            Err(why) => return Err(NoList::Failed(why)),
        };
        match answer.status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(NoList::Unclear(answer.into_error())),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                return Err(NoList::Failed(answer.into_error()));
            }
            StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED => return Err(NoList::NotSupported),
            status if status.is_server_error() => return Err(NoList::Failed(answer.into_error())),
            _ => return Err(NoList::NotSupported),
        }
        match (list.add(&answer.body), answer.media_type()) {
            (Ok(()), None) => Ok(answer),
            (Ok(()), Some(media_type)) if media_type.ends_with("json") => Ok(answer),
            (Err(why @ ListError::TooMany(..)), _) => Err(NoList::Failed(why.into_error(answer.request))),
            // The registry says that this is a list.
            (Err(why), Some(IMAGE_INDEX_MEDIA_TYPE)) => Err(NoList::Unclear(why.into_error(answer.request))),
            // A damaged answer, perhaps of a list.
            (Err(why), Some(media_type)) if media_type.ends_with("json") && !is_json(&answer.body) => {
                Err(NoList::Unclear(why.into_error(answer.request)))
            }
            _ => Err(NoList::NotSupported),
        }
    }

    /// Pushes a manifest with a subject and lists it among the subject's referrers. If the registry does not list it by
    /// itself (header `OCI-Subject`), this adds it to the index of the referrers tag schema.
    ///
    /// # Errors
    /// Returns [`RegistryError`] if the manifest or the index cannot be pushed. The manifest may be in the repository
    /// then, but not in the list.
    pub async fn push_referrer(&self, manifest: &Manifest) -> Result<Descriptor, RegistryError> {
        let bytes = manifest.to_bytes();
        let stored = Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, &bytes);
        let referrer = manifest.subject.clone().map(|subject| Referrer {
            subject,
            artifact_type: Some(manifest.artifact_type.as_ref().unwrap_or(&manifest.config.media_type).clone()),
            annotations: manifest.annotations.clone(),
        });
        self.push_listed(WRITES, &stored, &bytes, referrer.as_ref()).await?;
        Ok(stored)
    }

    /// Deletes a manifest that is listed among the referrers of `subject`, such as a signature. It is removed from the
    /// index of the referrers tag schema first, if it is there: an index must not list what does not exist.
    ///
    /// # Errors
    /// Returns [`RegistryError`] if the index cannot be changed, or the registry does not delete the manifest. Many
    /// registries forbid it (HTTP status 405).
    pub async fn delete_referrer(&self, subject: &Digest, digest: &Digest) -> Result<(), RegistryError> {
        self.remove_from_tag_index(subject, digest).await?;
        let call = self.call(Method::DELETE, &format!("manifests/{digest}"), MAX_MANIFEST_SIZE);
        match self.send(&call).await?.with_status(&[200, 202, 204]) {
            // Another client was faster.
            Err(why) if why.is_not_found() => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// As [`Self::push_referrer`], with unchanged bytes, under the descriptor's digest. A manifest whose parts the
    /// registry does not find is written at most `writes` times.
    pub(super) async fn push_listed(
        &self,
        writes: u32,
        stored: &Descriptor,
        bytes: &[u8],
        referrer: Option<&Referrer>,
    ) -> Result<(), RegistryError> {
        let target = Target::Digest(stored.digest.clone());
        let pushed = self.push_manifest_within(writes, &stored.media_type, bytes, Some(&target)).await?;
        let Some(referrer) = referrer else { return Ok(()) };
        if pushed.subject.as_ref() != Some(&referrer.subject.digest) {
            let entry = Descriptor {
                artifact_type: referrer.artifact_type.clone(),
                annotations: referrer.annotations.clone(),
                ..pushed.descriptor
            };
            self.add_to_tag_index(&referrer.subject.digest, &entry).await?;
        }
        Ok(())
    }
}
