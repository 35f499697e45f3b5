//! Manifests: distribution-spec, "Pulling manifests" and "Pushing Manifests".

use bytes::Bytes;
use notary::manifest::ManifestError;
use notary::media_type::{MANIFEST_MEDIA_TYPES, media_type_of};
use notary::reference::Target;
use notary::{Descriptor, Digest};
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue, IF_MATCH};

use super::RemoteRepository;
use super::answer::Answer;
use super::blobs::NOTHING;
use crate::content::Content;
use crate::error::RegistryError;

/// The largest manifest that is read or written, in bytes: the size that the specification asks registries to accept.
pub const MAX_MANIFEST_SIZE: u64 = 4 * 1024 * 1024;
/// The header by which a registry confirms that it lists the manifest among the referrers of this digest.
const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
/// How often a manifest is written that the registry refuses because it does not find the parts.
pub(crate) const WRITES: u32 = 6;

/// A manifest and its descriptor, which is computed from the content.
#[derive(Debug)]
pub struct FetchedManifest {
    /// Its digest, size and media type.
    pub descriptor: Descriptor,
    /// Its bytes.
    pub bytes: Content,
    /// The registry's `ETag`, for a conditional write.
    pub(crate) etag: Option<HeaderValue>,
}

/// A manifest that was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pushed {
    /// Its descriptor.
    pub descriptor: Descriptor,
    /// The subject among whose referrers the registry lists it, if the registry has the Referrers API.
    pub subject: Option<Digest>,
}

impl RemoteRepository {
    /// Resolves a tag or digest to the artifact's descriptor.
    ///
    /// # Errors
    /// Returns [`RegistryError`] if the manifest does not exist ([`RegistryError::is_not_found`]) or cannot be read.
    pub async fn resolve(&self, target: &Target) -> Result<Descriptor, RegistryError> {
        // Not by HEAD: size and media type, which are signed, would be the unchecked claims of the registry.
        Ok(self.fetch_manifest(target).await?.descriptor)
    }

    /// Reads a manifest of any supported type: image or index, of OCI or Docker.
    ///
    /// # Errors
    /// Returns [`RegistryError`] if the manifest does not exist ([`RegistryError::is_not_found`]) or cannot be read.
    pub async fn fetch_manifest(&self, target: &Target) -> Result<FetchedManifest, RegistryError> {
        let (answer, digest) = self.fetch(target).await?;
        typed(answer, digest, target)
    }

    /// Reads content of any type as a manifest, and its digest.
    pub(crate) async fn fetch(&self, target: &Target) -> Result<(Answer, Digest), RegistryError> {
        let mut call = self.call(Method::GET, &format!("manifests/{target}"), MAX_MANIFEST_SIZE);
        let accept = HeaderValue::try_from(MANIFEST_MEDIA_TYPES.join(", "));
        call.headers.extend(accept.ok().map(|accept| (ACCEPT, accept)));
        let answer = self.send(&call).await?.with_status(&[200])?;
        let digest = match target {
            Target::Digest(asked) => checked(&answer, asked)?,
            Target::Tag(_) => match answer.content_digest()? {
                Some(said) => checked(&answer, &said)?,
                None => Digest::sha256(&answer.body),
            },
        };
        Ok((answer, digest))
    }

    /// Reads a manifest and checks it against its descriptor.
    ///
    /// # Errors
    /// Returns [`RegistryError`] if the manifest cannot be read, does not match the descriptor, or is larger than
    /// [`MAX_MANIFEST_SIZE`].
    pub async fn manifest(&self, stored: &Descriptor) -> Result<Content, RegistryError> {
        let path = format!("manifests/{}", stored.digest);
        let request = || self.call(Method::GET, &path, 0).request();
        if stored.size > MAX_MANIFEST_SIZE {
            return Err(RegistryError::TooLarge { request: request(), limit: MAX_MANIFEST_SIZE });
        }
        let fetched = self.fetch_manifest(&Target::Digest(stored.digest.clone())).await?;
        if fetched.descriptor.is_same_content(stored) {
            return Ok(fetched.bytes);
        }
        let Descriptor { size, media_type, .. } = fetched.descriptor;
        let why = format!("expected {} bytes of {}, got {size} bytes of {media_type}", stored.size, stored.media_type);
        Err(RegistryError::Content { request: request(), why })
    }

    /// Reads a manifest of any type and checks it against its descriptor. `None` if the repository has no such
    /// manifest.
    pub(crate) async fn unknown_manifest(&self, stored: &Descriptor) -> Result<Option<Content>, RegistryError> {
        if stored.size > MAX_MANIFEST_SIZE {
            return Ok(None);
        }
        let mut call = self.call(Method::GET, &format!("manifests/{}", stored.digest), MAX_MANIFEST_SIZE);
        call.headers.extend(HeaderValue::try_from(format!("{}, */*", stored.media_type)).ok().map(|a| (ACCEPT, a)));
        let answer = self.send(&call).await?;
        // Registries answer in many ways when they are asked for a blob as a manifest.
        if answer.status.as_u16() != 200 {
            tracing::debug!(digest = %stored.digest, status = %answer.status, "not a manifest of the repository");
            return Ok(None);
        }
        checked(&answer, &stored.digest)?;
        Ok(Some(answer.body))
    }

    /// Pushes a manifest, with a tag or by its digest. Content that it refers to must be pushed first.
    ///
    /// A registry may not find a part although it was just written: docker-registry rewrites the link of a blob that is
    /// pushed again, and refuses manifests that refer to it meanwhile. The manifest is then written again.
    ///
    /// # Errors
    /// Returns [`RegistryError`] if the registry cannot be reached or rejects the manifest.
    pub async fn push_manifest(
        &self,
        media_type: &str,
        bytes: &[u8],
        target: Option<&Target>,
    ) -> Result<Pushed, RegistryError> {
        self.push_manifest_within(WRITES, media_type, bytes, target).await
    }

    /// As [`Self::push_manifest`], writing at most `writes` times.
    pub(crate) async fn push_manifest_within(
        &self,
        writes: u32,
        media_type: &str,
        bytes: &[u8],
        target: Option<&Target>,
    ) -> Result<Pushed, RegistryError> {
        let mut write = 1;
        loop {
            match self.put_manifest(media_type, bytes, target, None, true).await {
                Err(why) if why.lacks_parts() && write < writes => {
                    tracing::debug!(%why, write, "writing the manifest again");
                    let wait = self.options().backoff.mul_f64(f64::from(1_u32 << write) * 0.25);
                    tokio::time::sleep(wait.mul_f64(0.5 + fastrand::f64())).await;
                    write += 1;
                }
                result => return result,
            }
        }
    }

    /// As [`Self::push_manifest`]; `current` is the `ETag` of the version that it may replace.
    pub(crate) async fn put_manifest(
        &self,
        media_type: &str,
        bytes: &[u8],
        target: Option<&Target>,
        current: Option<&HeaderValue>,
        repeat: bool,
    ) -> Result<Pushed, RegistryError> {
        let mut descriptor = Descriptor::from_content(media_type, bytes);
        if let Some(Target::Digest(digest)) = target
            && digest.matches(bytes)
        {
            descriptor.digest = digest.clone();
        }
        let path = match target {
            Some(target) => format!("manifests/{target}"),
            None => format!("manifests/{}", descriptor.digest),
        };
        let mut call = self.call(Method::PUT, &path, NOTHING);
        if descriptor.size > MAX_MANIFEST_SIZE {
            return Err(RegistryError::TooLarge { request: call.request(), limit: MAX_MANIFEST_SIZE });
        }
        if let Ok(media_type) = HeaderValue::try_from(media_type) {
            call.headers.insert(CONTENT_TYPE, media_type);
        }
        if let Some(current) = current {
            call.headers.insert(IF_MATCH, current.clone());
        }
        call.body = Bytes::copy_from_slice(bytes);
        call.repeat = repeat;
        let answer = self.send(&call).await?.with_status(&[200, 201])?;
        if let Some(stored) = answer.content_digest()?
            && stored != descriptor.digest
            && !stored.matches(bytes)
        {
            return Err(answer.content(format!("the registry stored {stored} instead of {}", descriptor.digest)));
        }
        let subject = answer.header(&SUBJECT).map(|subject| subject.trim().parse());
        let subject = subject.transpose().map_err(|why| answer.malformed(format!("the header OCI-Subject: {why}")))?;
        Ok(Pushed { descriptor, subject })
    }
}

/// The manifest in an answer, if it is one of a supported type.
pub(crate) fn typed(answer: Answer, digest: Digest, target: &Target) -> Result<FetchedManifest, RegistryError> {
    let media_type =
        media_type_of(answer.media_type(), &answer.body).map_err(|source| wrong_type(&answer, target, source))?;
    let size = answer.body.len() as u64;
    let media_type = media_type.to_owned();
    let descriptor = Descriptor { media_type, digest, size, artifact_type: None, annotations: [].into() };
    let etag = answer.headers.get(reqwest::header::ETAG).cloned();
    Ok(FetchedManifest { descriptor, bytes: answer.body, etag })
}

/// The error for a manifest of an unsupported or ambiguous type. If its content alone is a supported manifest, the
/// registry gave it a wrong `Content-Type`, which is no judgement of the manifest.
fn wrong_type(answer: &Answer, target: &Target, source: ManifestError) -> RegistryError {
    // What has the digest that was asked for is what was pushed.
    if matches!(source, ManifestError::Json(_)) && matches!(target, Target::Tag(_)) && !answer.is_json() {
        return answer.malformed(format!("expected a manifest, got {}", answer.kind()));
    }
    let is_manifest = |media_type: &&str| media_type_of(Some(media_type), &answer.body).is_ok();
    if matches!(source, ManifestError::Kind(_)) && MANIFEST_MEDIA_TYPES.iter().any(is_manifest) {
        return answer.malformed(source.to_string());
    }
    RegistryError::Manifest { request: answer.request.clone(), source }
}

/// Returns the digest if it matches the answer's body and the registry claims no other.
fn checked(answer: &Answer, digest: &Digest) -> Result<Digest, RegistryError> {
    if !digest.matches(&answer.body) {
        if answer.is_web_page() {
            return Err(answer.malformed(format!("expected a manifest, got {}", answer.kind())));
        }
        return Err(answer.content(format!("its digest is not {digest}")));
    }
    match answer.content_digest()? {
        Some(said) if said != *digest && !said.matches(&answer.body) => {
            Err(answer.content(format!("Docker-Content-Digest is {said}, but the digest is {digest}")))
        }
        _ => Ok(digest.clone()),
    }
}
