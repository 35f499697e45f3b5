//! Descriptors in the few bytes that most of them need: the caches keep hundreds of thousands.

use std::mem::size_of;

use notary::manifest::{IMAGE_MANIFEST_MEDIA_TYPE, SIGNATURE_MEDIA_TYPE};
use notary::media_type::{DOCKER_LIST_MEDIA_TYPE, DOCKER_MANIFEST_MEDIA_TYPE, IMAGE_INDEX_MEDIA_TYPE};
use notary::{Descriptor, Digest, DigestAlgorithm};

/// The types that are kept as their place in this list.
const COMMON: [&str; 5] = [
    IMAGE_MANIFEST_MEDIA_TYPE,
    IMAGE_INDEX_MEDIA_TYPE,
    DOCKER_MANIFEST_MEDIA_TYPE,
    DOCKER_LIST_MEDIA_TYPE,
    SIGNATURE_MEDIA_TYPE,
];

/// A descriptor as a cache keeps it. What is unpacked equals what was packed.
#[derive(Debug)]
pub(super) enum PackedDescriptor {
    /// It has a SHA-256 digest, types of the list, and no annotations.
    Common { hash: [u8; 32], size: u64, media_type: CommonType, artifact_type: Option<CommonType> },
    /// Any other.
    Other(Box<Descriptor>),
}

/// A place in the list.
#[derive(Debug, Clone, Copy)]
pub(super) struct CommonType(u8);

impl CommonType {
    fn find(text: &str) -> Option<Self> {
        COMMON.iter().position(|known| *known == text).and_then(|place| u8::try_from(place).ok()).map(Self)
    }

    fn text(self) -> String {
        COMMON[usize::from(self.0)].to_owned()
    }
}

impl From<Descriptor> for PackedDescriptor {
    fn from(descriptor: Descriptor) -> Self {
        Self::common(&descriptor).unwrap_or_else(|| Self::Other(Box::new(descriptor)))
    }
}

impl PackedDescriptor {
    fn common(descriptor: &Descriptor) -> Option<Self> {
        let Descriptor { media_type, digest, size, artifact_type, annotations } = descriptor;
        if digest.algorithm() != DigestAlgorithm::Sha256 || !annotations.is_empty() {
            return None;
        }
        let artifact_type = match artifact_type {
            None => None,
            Some(artifact_type) => Some(CommonType::find(artifact_type)?),
        };
        let mut hash = [0; 32];
        hex::decode_to_slice(digest.digits(), &mut hash).ok()?;
        Some(Self::Common { hash, size: *size, media_type: CommonType::find(media_type)?, artifact_type })
    }

    /// The descriptor.
    pub(super) fn unpack(&self) -> Descriptor {
        match self {
            Self::Common { hash, size, media_type, artifact_type } => Descriptor {
                media_type: media_type.text(),
                digest: Digest::from_sha256(hash),
                size: *size,
                artifact_type: artifact_type.map(CommonType::text),
                annotations: [].into(),
            },
            Self::Other(descriptor) => (**descriptor).clone(),
        }
    }

    /// The bytes on the heap. An allocation takes some bytes more than its content.
    pub(super) fn heap(&self) -> usize {
        let Self::Other(descriptor) = self else { return 0 };
        let Descriptor { media_type, digest, size: _, artifact_type, annotations } = &**descriptor;
        let text = |text: &str| text.len() + 16;
        let annotations: usize = annotations.iter().map(|(key, value)| text(key) + text(value) + 96).sum();
        size_of::<Descriptor>()
            + 16
            + text(media_type)
            + text(digest.as_str())
            + artifact_type.as_deref().map_or(0, text)
            + annotations
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn descriptor() -> Descriptor {
        Descriptor::from_content(IMAGE_MANIFEST_MEDIA_TYPE, b"content")
    }

    fn is_common(packed: &PackedDescriptor) -> bool {
        matches!(packed, PackedDescriptor::Common { .. })
    }

    #[test]
    fn common_descriptors_take_few_bytes() {
        assert!(size_of::<PackedDescriptor>() <= 48, "{}", size_of::<PackedDescriptor>());
        for media_type in COMMON {
            for artifact_type in [None, Some(SIGNATURE_MEDIA_TYPE.to_owned())] {
                let descriptor = Descriptor { media_type: media_type.to_owned(), artifact_type, ..descriptor() };
                let packed = PackedDescriptor::from(descriptor.clone());
                assert!(is_common(&packed) && packed.heap() == 0);
                assert_eq!(packed.unpack(), descriptor);
            }
        }
    }

    #[test]
    fn all_others_are_kept_whole_and_counted() {
        let long = "application/vnd.example+json".repeat(10);
        let annotations = [("a".to_owned(), "b".repeat(300))].into();
        for other in [
            Descriptor { media_type: long.clone(), ..descriptor() },
            Descriptor { media_type: IMAGE_MANIFEST_MEDIA_TYPE.to_uppercase(), ..descriptor() },
            Descriptor { artifact_type: Some(long), ..descriptor() },
            Descriptor { digest: Digest::compute(DigestAlgorithm::Sha384, b"content"), ..descriptor() },
            Descriptor { digest: Digest::compute(DigestAlgorithm::Sha512, b"content"), ..descriptor() },
            Descriptor { annotations, ..descriptor() },
        ] {
            let packed = PackedDescriptor::from(other.clone());
            let texts = other.media_type.len()
                + other.digest.as_str().len()
                + other.artifact_type.as_ref().map_or(0, String::len);
            let annotations: usize = other.annotations.iter().map(|(key, value)| key.len() + value.len()).sum();
            assert!(!is_common(&packed) && packed.heap() > size_of::<Descriptor>() + texts + annotations);
            assert_eq!(packed.unpack(), other);
        }
    }
}
