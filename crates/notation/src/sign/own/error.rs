//! Why a signer other than AWS Signer made no usable signature.

use std::path::PathBuf;

use notary::envelope::VerifyError;
use notary::envelope::build::TimeError;
use notary::text::rfc3339;
use notary::x509::ChainError;
use notary::{Advice, ReasonCode};
use time::{Duration, OffsetDateTime};

use crate::attach::AttachError;
use crate::blob::DEFAULT_MEDIA_TYPE;
use crate::plugin_host::PluginError;
use crate::trust_store::TrustStoreError;

/// Why there is no signature. Nothing was attached.
#[derive(Debug, thiserror::Error)]
pub enum OwnSignError {
    /// The file with the key or with the certificates cannot be read.
    #[error(transparent)]
    File(#[from] TrustStoreError),
    /// The file has no private key in PEM, or an unsupported one.
    #[error("{path} holds no usable private key: {why}", path = path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// The private key is encrypted.
    #[error(
        "the private key in {path} is encrypted; decrypt it with `openssl pkey -in FILE -out NEW_FILE`, or sign with a plugin \
         or a service that keeps the key",
        path = path.display()
    )]
    EncryptedKey {
        /// The file.
        path: PathBuf,
    },
    /// The key does not belong to the first certificate.
    #[error("the private key does not belong to the first certificate of the chain ({subject})")]
    OtherCertificate {
        /// The subject of the certificate.
        subject: String,
    },
    /// The key of the certificate has a type or size that must not sign.
    #[error(
        "the key of the first certificate ({subject}) must not sign: use RSA with 2048, 3072 or 4096 bits, P-256, P-384 or \
         P-521"
    )]
    UnsupportedKey {
        /// The subject of the certificate.
        subject: String,
    },
    /// The key could not sign.
    #[error("signing with the private key failed")]
    Signing,
    /// The signing time has no form in an envelope.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// The plugin failed.
    #[error("the signing plugin {name}: {source}")]
    Plugin {
        /// Its name.
        name: String,
        /// The error.
        source: Box<PluginError>,
    },
    /// The plugin's answer is not what was requested.
    #[error("the signing plugin {name}: {why}")]
    Answer {
        /// Its name.
        name: String,
        /// The difference.
        why: String,
    },
    /// The signature would expire after the last time that an envelope can express.
    #[error("the signature would expire after the year 9999")]
    ExpiryTooLate,
    /// The blob cannot be read.
    #[error("the content cannot be read: {0}")]
    Read(#[source] std::io::Error),
    /// The media type of the blob is malformed.
    #[error("{0:?} is not a valid media type; expected the form {DEFAULT_MEDIA_TYPE}")]
    MediaType(String),
    /// The plugin signed with a key of another type than it described.
    #[error(
        "the new signature is discarded: its key requires another digest algorithm than the key that was described"
    )]
    OtherKey,
    /// The signature does not verify, or is for something else.
    #[error("the new signature is discarded: {0}")]
    Unusable(#[source] Box<AttachError>),
    /// The signature does not have the requested metadata.
    #[error("the new signature is discarded: it does not have the requested user metadata {key:?}")]
    OtherMetadata {
        /// The key of the metadata.
        key: String,
    },
    /// The signature does not expire when it should.
    #[error(
        "the new signature is discarded: it {}, but was requested to be valid for {requested}",
        .expiry.map_or_else(|| "does not expire".to_owned(), |expiry| format!("expires at {}", rfc3339(expiry)))
    )]
    OtherExpiry {
        /// When it expires.
        expiry: Option<OffsetDateTime>,
        /// How long it was requested to be valid.
        requested: Duration,
    },
}

impl From<AttachError> for OwnSignError {
    fn from(why: AttachError) -> Self {
        Self::Unusable(Box::new(why))
    }
}

impl OwnSignError {
    /// Returns the stable name of the kind of failure. A signature that a signer made wrongly is not a refusal: no
    /// existing signature was judged.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::File(TrustStoreError::NoCertificate { .. }) | Self::Key { .. } => ReasonCode::Configuration,
            Self::File(_) | Self::Read(_) => ReasonCode::File,
            Self::EncryptedKey { .. } | Self::OtherCertificate { .. } | Self::UnsupportedKey { .. } => {
                ReasonCode::Configuration
            }
            Self::ExpiryTooLate | Self::MediaType(_) | Self::OtherExpiry { .. } => ReasonCode::Configuration,
            Self::Signing | Self::Time(_) => ReasonCode::Internal,
            Self::Plugin { source, .. } => match source.code() {
                // The user named the plugin and its key.
                ReasonCode::Integrity | ReasonCode::Unsupported => ReasonCode::Configuration,
                code => code,
            },
            Self::Answer { .. } | Self::OtherMetadata { .. } | Self::OtherKey => ReasonCode::Protocol,
            Self::Unusable(_) => ReasonCode::Configuration,
        }
    }

    /// Returns what to do about it.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        match self {
            Self::Plugin { name, source } => source.advice(name),
            Self::OtherCertificate { .. } => Some(Advice::CompleteChain),
            Self::Unusable(why) if is_incomplete(why) => Some(Advice::CompleteChain),
            _ => None,
        }
    }
}

/// Whether certificates of the chain are missing, or in another order.
fn is_incomplete(why: &AttachError) -> bool {
    use ChainError::{BrokenLink, NoRoot, RootInside};
    match why {
        AttachError::Verify(VerifyError::Chain(why)) => {
            matches!(why, NoRoot { .. } | BrokenLink { .. } | RootInside { .. })
        }
        _ => false,
    }
}
