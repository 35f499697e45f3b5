//! Why a signature is not accepted: one enum that holds the values, with a stable code, text for people, and advice as
//! data.

use std::fmt;

use aws_signer::{AttributesError, RevokedEntity};
use notary::envelope::{EnvelopeError, PayloadError, SigningScheme, VerifyError};
use notary::manifest::ManifestError;
use notary::text::{printable, rfc3339, start_of};
use notary::timestamp::{TimestampError, TstInfo};
use notary::trust::policy::{TrustStoreType, VerifyTimestamp};
use notary::trust::{SubjectError, WildcardIdentity};
use notary::x509::ChainError;
use notary::{Advice, Descriptor, DigestAlgorithm, Disposition, ReasonCode};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use time::OffsetDateTime;

use super::signer::SignerError;
use crate::failure::Failure;
use crate::plugin_host::PluginError;

/// Why a check of a signature failed. Values of the signature are shortened: a verdict keeps the reasons of all
/// signatures.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// The manifest is listed as a signature, but is not one.
    NotASignature(ManifestError),
    /// The envelope is malformed.
    Envelope(EnvelopeError),
    /// The signed payload is malformed.
    Payload(PayloadError),
    /// The signature or the certificate chain does not verify.
    NotVerified(VerifyError),
    /// The signature is for another artifact.
    OtherArtifact {
        /// What was signed.
        signed: Box<Descriptor>,
    },
    /// The blob was signed with a digest of another algorithm than the signing key requires.
    OtherDigestAlgorithm {
        /// The algorithm that was signed.
        signed: DigestAlgorithm,
        /// The algorithm that belongs to the key.
        expected: DigestAlgorithm,
    },
    /// The signature is for another blob.
    OtherBlob {
        /// What was signed.
        signed: Box<Descriptor>,
        /// The blob.
        blob: Box<Descriptor>,
    },
    /// The blob was signed with another media type than required.
    OtherMediaType {
        /// The media type that was signed.
        signed: String,
        /// The media type that is required.
        required: String,
    },
    /// The attributes of AWS Signer are missing, malformed or not supported.
    AwsSigner(AttributesError),
    /// The signature has a critical attribute that no plugin is named for.
    UnknownCritical {
        /// The attribute.
        name: String,
    },
    /// The signature names a verification plugin by an invalid name or version.
    InvalidPlugin {
        /// What is invalid.
        why: String,
    },
    /// The signature requires a verification plugin, and none may run.
    NoPlugins {
        /// The name of the plugin.
        name: String,
    },
    /// The verification plugin could not do its work.
    Plugin {
        /// The name of the plugin.
        name: String,
        /// What happened.
        failure: Failure,
    },
    /// The verification plugin rejected the signer.
    PluginRejectedIdentity {
        /// The name of the plugin.
        name: String,
        /// Its reason.
        reason: String,
    },
    /// The verification plugin reported a revocation, or that it could not check it.
    PluginRejectedRevocation {
        /// The name of the plugin.
        name: String,
        /// Its reason.
        reason: String,
    },
    /// The trust policy has no trust store for the signing scheme.
    NoTrustStore {
        /// The scheme.
        scheme: SigningScheme,
        /// The type of trust store that applies to it.
        store_type: TrustStoreType,
        /// Which policy has none.
        why: String,
    },
    /// Trust stores for the signing scheme cannot be read, so it is not known whether the chain is trusted.
    UnreadableTrustStore {
        /// The errors.
        errors: Vec<String>,
    },
    /// No certificate of the chain is in a trust store.
    UntrustedChain {
        /// The subject of the chain's root.
        root: String,
        /// The type of trust store that applies.
        store_type: TrustStoreType,
    },
    /// The signing profile is not a trusted identity.
    UntrustedProfile {
        /// The ARN of the profile.
        profile: String,
        /// Who signed, and which trusted identities nearly match.
        explanation: String,
    },
    /// The subject of the signing certificate is not a trusted identity.
    UntrustedSubject {
        /// The subject.
        subject: String,
        /// Whether the policy trusts any subjects.
        policy_has_subjects: bool,
    },
    /// The policy trusts all identities, which does not suffice for signatures of AWS Signer.
    Wildcard(WildcardIdentity),
    /// The subject of the signing certificate cannot be compared.
    Subject(SubjectError),
    /// The signature has expired.
    Expired {
        /// When it expired.
        at: OffsetDateTime,
    },
    /// The policy requires a timestamp, and the signature has none.
    NoTimestamp {
        /// When the policy requires it.
        verify_timestamp: VerifyTimestamp,
        /// Whether the certificates are not valid now, so that a timestamp cannot be added any more.
        is_too_late: bool,
    },
    /// The timestamp does not verify.
    Timestamp(TimestampError),
    /// A certificate of the signer may not have been valid at the time of the timestamp.
    NotValidAtTimestamp {
        /// The certificate, and the limit of the time at which it was not valid.
        source: ChainError,
        /// The time of the timestamp, with its accuracy.
        timestamp: Box<TstInfo>,
    },
    /// A certificate is not valid at the time that counts.
    CertificateValidity(ChainError),
    /// Required user metadata was not signed, or with another value.
    Metadata {
        /// The key.
        key: String,
        /// The required value.
        required: String,
        /// The signed value.
        signed: Option<String>,
    },
    /// Something is revoked.
    Revoked {
        /// What is revoked.
        entities: Vec<RevokedEntity>,
        /// A sentence that names the source and what is revoked.
        message: String,
    },
    /// The check could not be made.
    Undecided(Failure),
}

impl Reason {
    /// Returns the stable name of the kind of reason.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::NotASignature(_) | Self::Envelope(_) | Self::Payload(_) | Self::NotVerified(_) => {
                ReasonCode::Integrity
            }
            Self::OtherArtifact { .. } | Self::OtherBlob { .. } | Self::OtherMediaType { .. } => {
                ReasonCode::OtherArtifact
            }
            Self::OtherDigestAlgorithm { .. } | Self::Subject(_) => ReasonCode::Integrity,
            Self::AwsSigner(why) => why.code(),
            Self::UnknownCritical { .. } | Self::InvalidPlugin { .. } | Self::NoPlugins { .. } => {
                ReasonCode::Unsupported
            }
            Self::NoTimestamp { .. } => ReasonCode::Timestamp,
            Self::Timestamp(why) => why.code(),
            Self::Plugin { failure, .. } | Self::Undecided(failure) => failure.code,
            Self::PluginRejectedIdentity { .. }
            | Self::NoTrustStore { .. }
            | Self::UntrustedChain { .. }
            | Self::UntrustedProfile { .. }
            | Self::UntrustedSubject { .. }
            | Self::Wildcard(_) => ReasonCode::Untrusted,
            Self::UnreadableTrustStore { .. } => ReasonCode::Configuration,
            Self::Expired { .. } => ReasonCode::Expired,
            Self::CertificateValidity(_) | Self::NotValidAtTimestamp { .. } => ReasonCode::CertificateValidity,
            Self::Metadata { .. } => ReasonCode::Metadata,
            Self::Revoked { .. } | Self::PluginRejectedRevocation { .. } => ReasonCode::Revoked,
        }
    }

    /// Returns what it means for the caller.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        self.code().disposition()
    }

    /// Returns what to do about it, if there is something beside not using the artifact.
    #[must_use]
    pub fn advice(&self) -> Option<Advice> {
        match self {
            Self::Plugin { failure, .. } | Self::Undecided(failure) => failure.advice.clone(),
            Self::AwsSigner(why) => why.advice(),
            Self::NoTrustStore { store_type, .. } => Some(Advice::AddTrustStore { store_type: store_type.as_str() }),
            Self::UnreadableTrustStore { .. } => Some(Advice::RepairTrustStore),
            Self::UntrustedChain { root, store_type } => {
                Some(Advice::TrustRoot { subject: root.clone(), store_type: store_type.as_str() })
            }
            Self::UntrustedProfile { profile, .. } => Some(Advice::TrustProfile { profile: profile.clone() }),
            Self::UntrustedSubject { subject, .. } => Some(Advice::TrustSubject { subject: subject.clone() }),
            Self::Expired { .. } | Self::CertificateValidity(_) | Self::NotValidAtTimestamp { .. } => {
                Some(Advice::SignAgain)
            }
            Self::NoTimestamp { is_too_late: false, .. } => Some(Advice::AddTimestamp),
            Self::NoTimestamp { is_too_late: true, .. } => Some(Advice::SignAgainWithTimestamp),
            Self::Timestamp(TimestampError::UntrustedChain { issuer, .. }) => {
                let store_type = TrustStoreType::Tsa.as_str();
                Some(Advice::TrustRoot { subject: issuer.clone(), store_type })
            }
            Self::Metadata { key, .. } => Some(Advice::SignWithMetadata { key: key.clone() }),
            Self::Revoked { .. } | Self::PluginRejectedRevocation { .. } => Some(Advice::InvestigateRevocation),
            _ => None,
        }
    }

    /// Returns the descriptor that was signed, for a reason: without the annotations, and with the start of its types
    /// only, since each can be as long as an envelope.
    pub(super) fn signed(descriptor: &Descriptor) -> Box<Descriptor> {
        Box::new(Descriptor {
            media_type: start_of(&descriptor.media_type),
            digest: descriptor.digest.clone(),
            size: descriptor.size,
            artifact_type: descriptor.artifact_type.as_deref().map(start_of),
            annotations: [].into(),
        })
    }

    pub(super) fn plugin(name: &str, why: &PluginError) -> Self {
        let failure = Failure::new(why.code(), why.to_string()).with_advice(why.advice(name));
        Self::Plugin { name: name.to_owned(), failure }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASignature(why) => write!(f, "{why}"),
            Self::Envelope(why) => write!(f, "{why}"),
            Self::Payload(why) => write!(f, "{why}"),
            Self::NotVerified(why) => write!(f, "{why}"),
            Self::OtherArtifact { signed } => {
                write!(f, "the signature is for {}, not for this artifact", signed.digest)
            }
            Self::OtherDigestAlgorithm { signed, expected } => {
                write!(f, "the signature covers a {signed} digest, but its key requires {expected}")
            }
            Self::OtherBlob { signed, blob } => write!(
                f,
                "the signature is for {} ({} bytes), but the content is {} ({} bytes)",
                signed.digest, signed.size, blob.digest, blob.size
            ),
            Self::OtherMediaType { signed, required } => {
                write!(f, "signed with the media type {signed:?}, but {required:?} is required")
            }
            Self::AwsSigner(why) => write!(f, "{why}"),
            Self::UnknownCritical { name } => {
                write!(f, "unknown critical attribute {name:?}, and the signature names no verification plugin for it")
            }
            Self::InvalidPlugin { why } => write!(f, "the signature requires an invalid verification plugin: {why}"),
            Self::NoPlugins { name } => {
                write!(f, "the signature requires the verification plugin {name}, but plugins are disabled")
            }
            Self::Plugin { name, failure } => write!(f, "the verification plugin {name}: {failure}"),
            Self::PluginRejectedIdentity { name, reason } | Self::PluginRejectedRevocation { name, reason } => {
                write!(f, "the verification plugin {name} rejects it: {}", or_no_reason(reason))
            }
            Self::NoTrustStore { scheme, why, .. } => {
                write!(f, "no trust store applies to the signing scheme {}: {why}", scheme.as_str())
            }
            Self::UnreadableTrustStore { errors } => write!(f, "a trust store cannot be read: {}", errors.join("; ")),
            Self::UntrustedChain { root, .. } => {
                write!(f, "no certificate of the chain is in the trust store; the chain ends in {root}")
            }
            Self::UntrustedProfile { explanation, .. } => f.write_str(explanation),
            Self::UntrustedSubject { subject, policy_has_subjects: true } => {
                write!(f, "signed by {subject}, which no trusted identity of the policy names")
            }
            Self::UntrustedSubject { subject, policy_has_subjects: false } => {
                write!(f, "signed by {subject}, but the policy trusts no x509.subject")
            }
            Self::Wildcard(why) => write!(f, "{why}"),
            Self::Subject(why) => write!(f, "{why}"),
            Self::Expired { at } => write!(f, "the signature expired at {}", rfc3339(*at)),
            Self::NoTimestamp { verify_timestamp, .. } => write!(
                f,
                "the signature has no timestamp, which the trust policy requires (it has a trust store of type tsa, \
                 and verifyTimestamp is {verify_timestamp})"
            ),
            Self::Timestamp(why) => write!(f, "{why}"),
            Self::NotValidAtTimestamp { source, timestamp } => {
                write!(f, "the timestamp {timestamp} does not show that the certificates were valid: {source}")
            }
            Self::CertificateValidity(why) => write!(f, "{why}"),
            Self::Metadata { key, required, signed: Some(signed) } => {
                write!(f, "the metadata {key:?} was signed as {signed:?}, but {required:?} is required")
            }
            Self::Metadata { key, required, signed: None } => {
                write!(f, "the metadata {key:?} was not signed, but {required:?} is required")
            }
            Self::Revoked { message, .. } => f.write_str(message),
            Self::Undecided(failure) => write!(f, "{failure}"),
        }
    }
}

fn or_no_reason(reason: &str) -> &str {
    if reason.is_empty() { "it gives no reason" } else { reason }
}

/// Made printable: the values may come from an envelope, and be as long as one.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Raw<'a>(&'a Reason);
        impl fmt::Display for Raw<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.write(f)
            }
        }
        f.write_str(&printable(&Raw(self).to_string()))
    }
}

impl std::error::Error for Reason {}

/// `code`, `message` and `advice`.
impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Reason", 3)?;
        object.serialize_field("code", &self.code())?;
        object.serialize_field("message", &self.to_string())?;
        object.serialize_field("advice", &self.advice().map(|advice| advice.to_string()))?;
        object.end()
    }
}

impl From<Failure> for Reason {
    fn from(failure: Failure) -> Self {
        Self::Undecided(failure)
    }
}

impl From<EnvelopeError> for Reason {
    fn from(why: EnvelopeError) -> Self {
        Self::Envelope(why)
    }
}

impl From<PayloadError> for Reason {
    fn from(why: PayloadError) -> Self {
        Self::Payload(why)
    }
}

impl From<VerifyError> for Reason {
    fn from(why: VerifyError) -> Self {
        Self::NotVerified(why)
    }
}

impl From<SignerError> for Reason {
    fn from(why: SignerError) -> Self {
        match why {
            SignerError::AwsSigner(why) => Self::AwsSigner(why),
            SignerError::Critical(name) => Self::UnknownCritical { name },
            SignerError::Plugin(why) => Self::InvalidPlugin { why },
            SignerError::VersionOfNoPlugin(version) => Self::InvalidPlugin {
                why: format!("it requires version {version:?} of a verification plugin, but names none"),
            },
        }
    }
}
