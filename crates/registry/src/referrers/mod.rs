//! What refers to an artifact, its signatures for example: distribution-spec, "Listing Referrers" and "Pushing Manifests with
//! Subject".

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

pub(super) use self::lock::default_lock_folder;
use super::client::{Answer, MAX_MANIFEST_SIZE, RegistryError, RemoteRepository, RequestLine, is_same_origin};

/// How many pages of a list are read, and how many entries of whatever kind are looked at.
const MAX_PAGES: usize = 1000;
const MAX_ENTRIES: usize = 100_000;

impl RemoteRepository {
    /// The manifests of this artifact type whose subject is `subject`, in the registry's order, each once. Without annotations. They are the registry's
    /// word: what a manifest is, it says itself.
    ///
    /// # Errors
    /// [`RegistryError`] when the list cannot be read to its end, [`RegistryError::TooMany`] when there are more than `most`. Only
    /// status 404 means that there are none.
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
                self.list_tag_index(&Tag::of_referrers(subject), &mut list).await?;
                return Ok(list.found);
            }
            let answer = answer.expect(&[200])?;
            if let Some(other) = answer.media_type().filter(|media_type| !media_type.ends_with("json")) {
                return Err(answer.malformed(format!("the list of referrers came as {}", other.escape_debug())));
            }
            list.add(&answer.body).map_err(|why| List::error(answer.request.clone(), why))?;
            let Some(next) = next_page(&answer)? else { return Ok(list.found) };
            if next == call.url {
                return Err(answer.malformed("the next page of the list of referrers is this page"));
            }
            // The pages share one time: the call's began with the first.
            call.url = next;
        }
        Err(RegistryError::TooMany { request: call.request(), most: MAX_PAGES, what: "pages of referrers" })
    }

    /// Writes a manifest that refers to a subject, and sees to it that it is listed among the subject's referrers: by the registry,
    /// where its answer says so, else in the index under the subject's tag.
    ///
    /// # Errors
    /// [`RegistryError`]. The manifest may be in the repository then, but not in the list.
    pub async fn push_referrer(&self, manifest: &Manifest) -> Result<Descriptor, RegistryError> {
        let bytes = manifest.to_bytes();
        let stored = Descriptor::of(IMAGE_MANIFEST_MEDIA_TYPE, &bytes);
        let referrer = manifest.subject.clone().map(|subject| Referrer {
            subject,
            artifact_type: Some(manifest.artifact_type.as_ref().unwrap_or(&manifest.config.media_type).clone()),
            annotations: manifest.annotations.clone(),
        });
        self.push_listed(&stored, &bytes, referrer.as_ref()).await?;
        Ok(stored)
    }

    /// As [`Self::push_referrer`], with the bytes as they are, under the digest that the descriptor has.
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
            self.add_to_tag_index(&Tag::of_referrers(&referrer.subject.digest), &entry).await?;
        }
        Ok(())
    }
}

/// A list of referrers while it is read.
struct List<'a> {
    artifact_type: &'a str,
    most: usize,
    seen: usize,
    found: Vec<Descriptor>,
}

/// Why a page cannot be added.
enum ListError {
    Manifest(ManifestError),
    TooMany(usize, &'static str),
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
    /// Adds the entries of an index that have the artifact type. Of the others nothing is read: they are not ours to judge.
    fn add(&mut self, index: &[u8]) -> Result<(), ListError> {
        let mut index = json::parse_object("index", index)?;
        if index.names().all(|name| name != "manifests") {
            return Err(index.missing("manifests").into());
        }
        let entries = index.objects("manifests", MAX_ENTRIES)?;
        self.seen += entries.len();
        if self.seen > MAX_ENTRIES {
            return Err(ListError::TooMany(MAX_ENTRIES, "referrers"));
        }
        for mut entry in entries {
            // A registry may ignore the filter that it is asked for.
            if entry.take("artifactType").as_ref().and_then(Value::as_str) != Some(self.artifact_type) {
                continue;
            }
            // Annotations are in the manifest, too; of a list of many pages they could be very many.
            let _ = entry.take("annotations");
            let found = Descriptor { artifact_type: Some(self.artifact_type.to_owned()), ..descriptor(&mut entry)? };
            if self.found.iter().any(|known| known.digest == found.digest) {
                continue;
            }
            if self.found.len() == self.most {
                return Err(ListError::TooMany(self.most, "referrers of this type"));
            }
            self.found.push(found);
        }
        Ok(())
    }

    fn error(request: RequestLine, why: ListError) -> RegistryError {
        match why {
            ListError::Manifest(source) => RegistryError::Manifest { request, source },
            ListError::TooMany(most, what) => RegistryError::TooMany { request, most, what },
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
        .ok_or_else(|| answer.malformed("the next page of the list of referrers is not in this registry (Link)"))
}

/// The target of the link with the relation `next` in one value of the header.
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
    fn only_entries_of_the_type_are_found_and_each_once() {
        let mut list = list();
        assert!(list.add(&index(3, TYPE)).is_ok());
        assert!(list.add(&index(5, TYPE)).is_ok());
        assert!(list.add(&index(7, "application/spdx+json")).is_ok());
        // What has another type may be of a kind that is not known here.
        assert!(list.add(br#"{"manifests":[{"digest":"blake3:00","artifactType":"x"},{}]}"#).is_ok());
        assert_eq!(list.found.len(), 5);
        assert!(
            list.add(format!(r#"{{"manifests":[{{"digest":"blake3:00","artifactType":"{TYPE}"}}]}}"#).as_bytes())
                .is_err()
        );
        assert!(list.add(b"{}").is_err());
    }

    #[test]
    fn ten_thousand_referrers_are_too_many_signatures_and_no_trouble_otherwise() {
        assert!(matches!(list().add(&index(10_000, TYPE)), Err(ListError::TooMany(100, _))));
        assert!(list().add(&index(10_000, "application/spdx+json")).is_ok());
    }

    #[test]
    fn the_next_link_is_found_among_others() {
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
