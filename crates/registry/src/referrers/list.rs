//! Reading a list of referrers, of the Referrers API or of the tag schema: image-spec, `image-index.md`.

use notary::json::JsonError;
use notary::manifest::{ManifestError, descriptor};
use notary::media_type::canonical;
use notary::{Descriptor, json};
use reqwest::Url;
use reqwest::header::LINK;
use serde_json::Value;

use crate::client::{Answer, is_same_origin};
use crate::error::{Limited, RegistryError, RequestLine};

/// The most entries of any type that are read of one list.
const MAX_ENTRIES: usize = 100_000;

/// A list of referrers that is being read.
pub(super) struct List<'a> {
    artifact_type: &'a str,
    most: usize,
    seen: usize,
    found: Vec<Descriptor>,
    /// The first malformed entry that has the artifact type.
    malformed: Option<ManifestError>,
}

/// Why a page cannot be added.
#[derive(Debug)]
pub(super) enum ListError {
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

impl<'a> List<'a> {
    pub(super) fn new(artifact_type: &'a str, most: usize) -> Self {
        Self { artifact_type, most, seen: 0, found: Vec::new(), malformed: None }
    }

    pub(super) fn artifact_type(&self) -> &'a str {
        self.artifact_type
    }

    /// Adds the entries of an index that have the artifact type. Others are not parsed: they may have any form. A
    /// malformed entry does not affect the others.
    pub(super) fn add(&mut self, index: &[u8]) -> Result<(), ListError> {
        let mut index = json::parse_object("index", index)?;
        if index.names().all(|name| name != "manifests") {
            return Err(index.missing("manifests").into());
        }
        let entries = index.items("manifests", MAX_ENTRIES)?;
        self.seen += entries.len();
        if self.seen > MAX_ENTRIES {
            return Err(ListError::TooMany(MAX_ENTRIES, Limited::Referrers));
        }
        for entry in entries {
            let Ok(mut entry) = entry else { continue };
            // A registry may ignore the filter of the request.
            if entry.take("artifactType").as_ref().and_then(Value::as_str) != Some(self.artifact_type) {
                continue;
            }
            // Dropped to bound memory: a list has many pages, and the manifest has the annotations, too.
            let _ = entry.take("annotations");
            let found = match descriptor(&mut entry) {
                Ok(found) => {
                    let media_type = canonical(&found.media_type).to_owned();
                    Descriptor { media_type, artifact_type: Some(self.artifact_type.to_owned()), ..found }
                }
                Err(why) => {
                    tracing::warn!(%why, "skipped a malformed entry of the list of referrers");
                    self.malformed.get_or_insert(why);
                    continue;
                }
            };
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

    /// The entries that were found. If all were malformed, it is not known whether there are referrers.
    pub(super) fn finish(self, request: impl FnOnce() -> RequestLine) -> Result<Vec<Descriptor>, RegistryError> {
        match self.malformed {
            Some(source) if self.found.is_empty() => Err(RegistryError::Manifest { request: request(), source }),
            _ => Ok(self.found),
        }
    }
}

impl ListError {
    pub(super) fn into_error(self, request: RequestLine) -> RegistryError {
        match self {
            Self::Manifest(source) => RegistryError::Manifest { request, source },
            Self::TooMany(most, limited) => RegistryError::TooMany { request, most, limited },
        }
    }
}

/// The URL of the next page: RFC 8288, relation `next`.
pub(super) fn next_page(answer: &Answer) -> Result<Option<Url>, RegistryError> {
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
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use notary::Digest;

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
        List::new(TYPE, 100)
    }

    fn request() -> RequestLine {
        RequestLine::new(&reqwest::Method::GET, &"https://h.example/".parse().unwrap())
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
        assert!(list.add(b"{}").is_err());
    }

    #[test]
    fn a_malformed_entry_hides_no_other_and_is_not_no_entry() {
        for entry in
            [format!(r#"{{"digest":"blake3:00","artifactType":"{TYPE}"}}"#), format!(r#"{{"artifactType":"{TYPE}"}}"#)]
        {
            let mut only = list();
            only.add(format!(r#"{{"manifests":[{entry}]}}"#).as_bytes()).unwrap();
            assert!(matches!(only.finish(request), Err(RegistryError::Manifest { .. })), "{entry}");
            let mut beside = list();
            beside.add(format!(r#"{{"manifests":[null,7,{entry}]}}"#).as_bytes()).unwrap();
            beside.add(&index(2, TYPE)).unwrap();
            assert_eq!(beside.finish(request).unwrap().len(), 2, "{entry}");
        }
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
