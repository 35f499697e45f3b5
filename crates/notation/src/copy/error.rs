//! Why an artifact is not copied.

use std::time::Duration;

use notary::{Advice, Digest, ReasonCode};
use registry::StoreError;

/// Why an artifact was not copied. The destination has the parts that were written before, but not the tag.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Reading from the source or writing to the destination failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A transfer ended without a result.
    #[error("copying a blob was interrupted: {0}; try again")]
    Interrupted(String),
    /// The artifact is larger than the limit.
    #[error("{artifact} and its signatures have more than {most} bytes, the limit")]
    TooLarge {
        /// The artifact.
        artifact: Digest,
        /// The limit in bytes.
        most: u64,
    },
    /// The time limit passed.
    #[error("the copy is not complete after {} s, the time limit", .0.as_secs_f32())]
    Deadline(Duration),
    /// A manifest has more signatures in the copied index, or in all, than the limit.
    #[error("{subject} has more than {most} signatures, the limit")]
    TooManySignatures {
        /// The signed manifest.
        subject: Digest,
        /// The limit.
        most: usize,
    },
    /// The destination does not accept an index without manifests that are not copied, because they refer to other
    /// artifacts.
    #[error(
        "{index} is not accepted without {}, which is not copied because it refers to another artifact: {source}",
        listed(.missing)
    )]
    NeedsLeftOut {
        /// The index.
        index: Digest,
        /// The manifests that are not copied.
        missing: Vec<Digest>,
        /// The answer of the destination.
        source: Box<StoreError>,
    },
    /// The artifact is itself a signature of another artifact.
    #[error("{artifact} is a signature of {subject}, which is not copied")]
    SignatureOfOther {
        /// The signature manifest.
        artifact: Digest,
        /// The signed artifact.
        subject: Digest,
    },
}

impl CopyError {
    /// Returns the kind of the failure.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::Store(why) => why.code(),
            Self::NeedsLeftOut { source, .. } => source.code(),
            Self::Interrupted(_) => ReasonCode::Internal,
            Self::TooLarge { .. } | Self::TooManySignatures { .. } => ReasonCode::TooMany,
            Self::Deadline(_) => ReasonCode::Deadline,
            Self::SignatureOfOther { .. } => ReasonCode::Configuration,
        }
    }

    /// Returns what to do about it.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        match self {
            Self::Store(why) => why.advice(),
            Self::TooLarge { .. } => Some(Advice::RaiseLimit { what: "bytes" }),
            Self::TooManySignatures { .. } => Some(Advice::RaiseLimit { what: "signatures" }),
            Self::Deadline(_) => Some(Advice::AllowMoreTime),
            Self::Interrupted(_) | Self::SignatureOfOther { .. } | Self::NeedsLeftOut { .. } => None,
        }
    }
}

/// The first of these digests, and how many more there are.
fn listed(missing: &[Digest]) -> String {
    let first = missing.first().map(Digest::to_string).unwrap_or_default();
    match missing.len() {
        0 | 1 => first,
        number => format!("{first} and {} more", number - 1),
    }
}
