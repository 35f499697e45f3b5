//! Errors of stores: what failed, of which kind it is, and what to do about it.

mod layout;
mod registry;
mod request_line;

use notary::manifest::ManifestError;
use notary::{Advice, Digest, Disposition, ReasonCode};

pub use self::layout::LayoutError;
pub(crate) use self::layout::io_error;
pub use self::registry::{ErrorAnswer, Limited, RegistryError};
pub use self::request_line::RequestLine;

/// Why a store operation failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The layout failed.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The registry failed.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A manifest is malformed or unsupported.
    #[error("{digest}: {source}")]
    Manifest {
        /// The manifest's digest.
        digest: Digest,
        /// What is wrong with it.
        source: ManifestError,
    },
    /// A manifest that is listed as a signature of the artifact was delivered intact, but is malformed or not a
    /// signature.
    #[error("{digest} is listed as a signature of {subject}, but its manifest is not one: {source}")]
    NotASignature {
        /// The manifest's digest.
        digest: Digest,
        /// The artifact.
        subject: Digest,
        /// What is wrong with it.
        source: ManifestError,
    },
    /// A manifest that is listed as a signature of the artifact is a signature of another one.
    #[error("{digest} is listed as a signature of {subject}, but its manifest {}", subject_of(signed.as_ref()))]
    OtherSubject {
        /// The manifest's digest.
        digest: Digest,
        /// The artifact.
        subject: Digest,
        /// The artifact that the manifest names.
        signed: Option<Digest>,
    },
    /// An index has more manifests, or more levels of nested indexes, than are read.
    #[error("{root} has more than {most} manifests, or indexes nested more than {depth} deep")]
    TooLarge {
        /// The index.
        root: Digest,
        /// The most manifests that are read.
        most: usize,
        /// The deepest nesting that is read.
        depth: usize,
    },
}

impl StoreError {
    /// Whether the store has more manifests or signatures than the limit, and nothing else is wrong.
    #[must_use]
    pub fn is_too_many(&self) -> bool {
        self.code() == ReasonCode::TooMany
    }

    /// The kind of the failure. Only a manifest that is listed as a signature and was delivered intact is judged.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::Layout(why) => why.code(),
            Self::Registry(why) => why.code(),
            // The content is that of the digest: it stays as it is.
            Self::Manifest { .. } => ReasonCode::Configuration,
            Self::NotASignature { .. } => ReasonCode::Integrity,
            Self::OtherSubject { .. } => ReasonCode::OtherArtifact,
            Self::TooLarge { .. } => ReasonCode::TooMany,
        }
    }

    /// What the failure means for the caller.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        self.code().disposition()
    }

    /// What to do about it, if the error does not say so already.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        match self {
            Self::Layout(why) => why.advice(),
            Self::Registry(why) => why.advice(),
            Self::TooLarge { .. } => Some(Advice::RaiseLimit { what: "manifests" }),
            Self::Manifest { .. } | Self::NotASignature { .. } | Self::OtherSubject { .. } => None,
        }
    }

    /// Whether the store refuses a manifest because it does not find what the manifest refers to, although it may have
    /// said before that it has it.
    #[must_use]
    pub fn lacks_parts(&self) -> bool {
        matches!(self, Self::Registry(why) if why.lacks_parts())
    }

    /// Whether the requested content does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.code() == ReasonCode::NotFound
    }
}

/// Whether the same request may succeed at once, so that a retry makes sense.
pub(crate) fn is_temporary(code: ReasonCode) -> bool {
    matches!(code, ReasonCode::Unreachable | ReasonCode::Throttled | ReasonCode::Deadline | ReasonCode::Contention)
}

fn subject_of(signed: Option<&Digest>) -> String {
    signed.map_or_else(|| "has no subject".to_owned(), |signed| format!("is one of {signed}"))
}
