//! Referrers: manifests that refer to an artifact, such as its signatures. distribution-spec, "Listing Referrers" and
//! "Pushing Manifests with Subject".

mod lock;
mod tag_index;

use notary::json::JsonError;
use notary::links::Referrer;
use notary::manifest::{IMAGE_MANIFEST_MEDIA_TYPE, Manifest, ManifestError, descriptor};
use notary::media_type::IMAGE_INDEX_MEDIA_TYPE;
use notary::reference::{Tag, Target};
use notary::{Descriptor, Digest, json};
use reqwest::header::{ACCEPT, HeaderValue, LINK};
use reqwest::{Method, Url};
use serde_json::Value;

use super::client::{Answer, MAX_MANIFEST_SIZE, RemoteRepository, is_same_origin};
use super::error::{Limited, RegistryError, RequestLine};

/// The most pages and the most entries of any type that are read of one list.
const MAX_PAGES: usize = 1000;
const MAX_ENTRIES: usize = 100_000;

impl RemoteRepository {
    /// The referrers of `subject` with this artifact type, in the registry's order, each once, without annotations. The
    /// list is only the registry's claim: read each manifest to find out what it is.
    ///
    /// # Errors
    /// Returns [`RegistryError`] if the list cannot be read completely, and [`RegistryError::TooMany`] if it has more
    /// than `most` entries. Only status 404 means that there are no referrers.
    pub async fn referrers(
        &self,
        subject: &Digest,
        artifact_type: &str,
        most: usize,
    ) -> Result<Vec<Descriptor>, RegistryError> {
        let mut list = List { artifact_type, most, seen: 0, found: Vec::new() };
        let mut call = self.call(Method::GET, &format!("referrers/{subject}"), MAX_MANIFEST_SIZE);
        call.url.query_pairs_mut().append_pair("artifactType", artifact_type);
        call.headers.insert(ACCEPT, HeaderValue::from_static(IMAGE_INDEX_MEDIA_TYPE));
        for page in 0..MAX_PAGES {
            let answer = self.send(&call).await?;
            if page == 0 && answer.status.as_u16() == 404 {
                self.list_tag_index(&Tag::from_subject(subject), &mut list).await?;
                return Ok(list.found);
            }
            let answer = answer.with_status(&[200])?;
            if let Some(other) = answer.media_type().filter(|media_type| !media_type.ends_with("json")) {
                let why = format!("the list of referrers has the Content-Type {}", other.escape_debug());
                return Err(answer.malformed(why));
            }
            list.add(&answer.body).map_err(|why| List::error(answer.request.clone(), why))?;
            let Some(next) = next_page(&answer)? else { return Ok(list.found) };
            if next == call.url {
                return Err(answer.malformed("the list of referrers links to the same page as the next page"));
            }
            // All pages share one deadline, which starts with the first call.
            call.url = next;
        }
        Err(RegistryError::TooMany { request: call.request(), most: MAX_PAGES, limited: Limited::Pages })
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
        self.push_listed(&stored, &bytes, referrer.as_ref()).await?;
        Ok(stored)
    }

    /// As [`Self::push_referrer`], with unchanged bytes, under the descriptor's digest.
    pub(super) async fn push_listed(
        &self,
        stored: &Descriptor,
        bytes: &[u8],
        referrer: Option<&Referrer>,
    ) -> Result<(), RegistryError> {
        let target = Target::Digest(stored.digest.clone());
        let pushed = self.push_manifest(&stored.media_type, bytes, Some(&target)).await?;
        let Some(referrer) = referrer else { return Ok(()) };
        if pushed.subject.as_ref() != Some(&referrer.subject.digest) {
            let entry = Descriptor {
                artifact_type: referrer.artifact_type.clone(),
                annotations: referrer.annotations.clone(),
                ..pushed.descriptor
            };
            self.add_to_tag_index(&Tag::from_subject(&referrer.subject.digest), &entry).await?;
        }
        Ok(())
    }
}

/// A list of referrers that is being read.
struct List<'a> {
    artifact_type: &'a str,
    most: usize,
    seen: usize,
    found: Vec<Descriptor>,
}

/// Why a page cannot be added.
enum ListError {
    Manifest(ManifestError),
    TooMany(usize, Limited),
}

impl From<ManifestError> for ListError {
    fn from(why: ManifestError) -> Self {
        Self::Manifest(why)
    }
}

impl From<JsonError> for ListError {
    fn from(why: JsonError) -> Self {
        Self::Manifest(why.into())
    }
}

impl List<'_> {
    /// Adds the entries of an index that have the artifact type. Others are not parsed: they may have any form.
    fn add(&mut self, index: &[u8]) -> Result<(), ListError> {
        let mut index = json::parse_object("index", index)?;
        if index.names().all(|name| name != "manifests") {
            return Err(index.missing("manifests").into());
        }
        let entries = index.objects("manifests", MAX_ENTRIES)?;
        self.seen += entries.len();
        if self.seen > MAX_ENTRIES {
            return Err(ListError::TooMany(MAX_ENTRIES, Limited::Referrers));
        }
        for mut entry in entries {
            // A registry may ignore the filter of the request.
            if entry.take("artifactType").as_ref().and_then(Value::as_str) != Some(self.artifact_type) {
                continue;
            }
            // Dropped to bound memory: a list has many pages, and the manifest has the annotations, too.
            let _ = entry.take("annotations");
            let found = Descriptor { artifact_type: Some(self.artifact_type.to_owned()), ..descriptor(&mut entry)? };
            if self.found.iter().any(|known| known.digest == found.digest) {
                continue;
            }
            if self.found.len() == self.most {
                return Err(ListError::TooMany(self.most, Limited::Signatures));
            }
            self.found.push(found);
        }
        Ok(())
    }

    fn error(request: RequestLine, why: ListError) -> RegistryError {
        match why {
            ListError::Manifest(source) => RegistryError::Manifest { request, source },
            ListError::TooMany(most, limited) => RegistryError::TooMany { request, most, limited },
        }
    }
}

/// The URL of the next page: RFC 8288, relation `next`.
fn next_page(answer: &Answer) -> Result<Option<Url>, RegistryError> {
    let values = answer.headers.get_all(LINK);
    let Some(target) = values.iter().filter_map(|value| value.to_str().ok()).find_map(next_link) else {
        return Ok(None);
    };
    let next = answer.url.join(target).ok().filter(|next| is_same_origin(next, &answer.url));
    next.map(Some)
        .ok_or_else(|| answer.malformed("the list of referrers links to a next page outside this registry (Link)"))
}

/// The target of the link with the relation `next` in one header value.
fn next_link(value: &str) -> Option<&str> {
    let mut rest = value;
    loop {
        let (_, after) = rest.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        let parameters = after.split('<').next().unwrap_or(after);
        let is_next = |parameter: &str| {
            let (name, value) = parameter.trim().trim_end_matches(',').trim_end().split_once('=').unwrap_or_default();
            let relations = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel") && relations.split(' ').any(|r| r.eq_ignore_ascii_case("next"))
        };
        if parameters.split(';').any(is_next) {
            return Some(target);
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "application/vnd.cncf.notary.signature";

    fn index(entries: usize, artifact_type: &str) -> Vec<u8> {
        let entry = |i: usize| {
            let digest = Digest::sha256(&i.to_be_bytes());
            format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":1,"artifactType":"{artifact_type}"}}"#)
        };
        format!(r#"{{"manifests":[{}]}}"#, (0..entries).map(entry).collect::<Vec<_>>().join(",")).into_bytes()
    }

    fn list() -> List<'static> {
        List { artifact_type: TYPE, most: 100, seen: 0, found: Vec::new() }
    }

    #[test]
    fn filters_by_type_and_removes_duplicates() {
        let mut list = list();
        assert!(list.add(&index(3, TYPE)).is_ok());
        assert!(list.add(&index(5, TYPE)).is_ok());
        assert!(list.add(&index(7, "application/spdx+json")).is_ok());
        // Entries of other types may use unknown digest algorithms or be empty.
        assert!(list.add(br#"{"manifests":[{"digest":"blake3:00","artifactType":"x"},{}]}"#).is_ok());
        assert_eq!(list.found.len(), 5);
        assert!(
            list.add(format!(r#"{{"manifests":[{{"digest":"blake3:00","artifactType":"{TYPE}"}}]}}"#).as_bytes())
                .is_err()
        );
        assert!(list.add(b"{}").is_err());
    }

    #[test]
    fn limits_signatures_but_tolerates_many_other_referrers() {
        assert!(matches!(list().add(&index(10_000, TYPE)), Err(ListError::TooMany(100, _))));
        assert!(list().add(&index(10_000, "application/spdx+json")).is_ok());
    }

    #[test]
    fn finds_the_next_link_among_others() {
        for (value, expected) in [
            (r#"</v2/a/referrers/x?n=1&last=a,b>; rel="next""#, Some("/v2/a/referrers/x?n=1&last=a,b")),
            (r#"<a>; rel=prev, <b>; title="x"; REL=Next"#, Some("b")),
            (r#"<a>; rel="prev next", <b>; rel=last"#, Some("a")),
            (r#"<a>; rel=prev"#, None),
            ("<a", None),
            ("", None),
        ] {
            assert_eq!(next_link(value), expected, "{value}");
        }
    }
}
