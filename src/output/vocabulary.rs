//! Artifacts, signatures and certificates in the JSON of all commands: docs/output/common.schema.json.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use aws_signer::SignerAttributes;
use notary::envelope::{EnvelopeFormat, SignedAttributes};
use notary::text::rfc3339;
use notary::timestamp::TimestampToken;
use notary::x509::Certificate;
use notary::{Descriptor, Digest};
use notation::verify::{CertificateSummary, Signed, TimestampSummary};
use serde::Serialize;

/// An artifact: its name as given, and its full reference, by digest once resolved.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedArtifact {
    /// The name on the command line.
    pub reference: String,
    /// The full reference.
    pub artifact: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
}

impl NamedArtifact {
    /// An artifact that was not resolved.
    #[must_use]
    pub fn unresolved(reference: String) -> Self {
        Self { artifact: reference.clone(), reference, digest: None, media_type: None, size: None }
    }

    /// The digest, if the artifact was resolved.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// A resolved artifact. `pinned` is its reference by digest.
    #[must_use]
    pub fn resolved(reference: String, pinned: String, descriptor: &Descriptor) -> Self {
        Self {
            reference,
            artifact: pinned,
            digest: Some(descriptor.digest.to_string()),
            media_type: Some(descriptor.media_type.clone()),
            size: Some(descriptor.size),
        }
    }
}

/// A signature: its manifest or, if it has none, its envelope, and what was signed if that was read.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignatureReport {
    /// The digest of its manifest, or of the envelope if it has no manifest.
    pub digest: String,
    /// The media type of what the digest names.
    pub media_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub envelope_media_type: Option<String>,
    /// The file with the envelope, if it is detached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    #[serde(flatten)]
    pub content: Option<SignedContent>,
}

impl SignatureReport {
    /// A signature in a store, by its manifest. Its envelope was not read.
    #[must_use]
    pub fn from_manifest(manifest: &Descriptor) -> Self {
        Self::new(&manifest.digest, &manifest.media_type)
    }

    /// A signature by the digest and the media type of its manifest, or of its envelope if it has no manifest.
    #[must_use]
    pub fn new(digest: &Digest, media_type: &str) -> Self {
        Self {
            digest: digest.to_string(),
            media_type: media_type.to_owned(),
            envelope_media_type: None,
            file: None,
            content: None,
        }
    }

    /// A detached signature in a file.
    #[must_use]
    pub fn from_file(file: &Path, envelope: &[u8]) -> Self {
        let media_type = EnvelopeFormat::of(envelope).media_type();
        let envelope = Descriptor::from_content(media_type, envelope);
        Self {
            file: Some(file.display().to_string()),
            envelope_media_type: Some(media_type.to_owned()),
            ..Self::from_manifest(&envelope)
        }
    }

    /// The same signature, with what its envelope says.
    #[must_use]
    pub fn with_content(self, content: SignedContent) -> Self {
        let envelope_media_type = Some(content.format.media_type().to_owned());
        Self { envelope_media_type, content: Some(content), ..self }
    }
}

/// What an envelope says, and who signed it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedContent {
    /// The format of the envelope.
    #[serde(skip)]
    pub format: EnvelopeFormat,
    /// The ARN of the signing profile, if AWS Signer signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_version: Option<String>,
    /// The ARN of the alias through which the profile was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_alias: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The subject of the signing certificate.
    pub subject: String,
    signing_scheme: &'static str,
    pub signing_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry: Option<String>,
    /// The timestamp, if one was verified or made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<TimestampDetails>,
    pub user_metadata: BTreeMap<String, String>,
    /// The signing certificate first.
    pub certificates: Vec<CertificateReport>,
}

impl SignedContent {
    /// The content of an envelope of this format, with these signed attributes, certificates and user metadata.
    /// `signer` is set if AWS Signer signed.
    #[must_use]
    pub fn new(
        format: EnvelopeFormat,
        attributes: &SignedAttributes,
        certificates: &[Certificate],
        user_metadata: BTreeMap<String, String>,
        signer: Option<&SignerAttributes>,
    ) -> Self {
        Self {
            format,
            profile: signer.and_then(|signer| signer.profile_version.profile()).map(ToString::to_string),
            profile_version: signer.map(|signer| signer.profile_version.to_string()),
            profile_alias: signer.and_then(|signer| signer.alias.as_ref()).map(ToString::to_string),
            job: signer.map(|signer| signer.job.to_string()),
            subject: certificates.first().map_or_else(String::new, |leaf| leaf.subject().to_owned()),
            signing_scheme: attributes.signing_scheme.as_str(),
            signing_time: rfc3339(attributes.signing_time),
            expiry: attributes.expiry.map(rfc3339),
            timestamp: None,
            user_metadata,
            certificates: certificates.iter().map(CertificateReport::new).collect(),
        }
    }

    /// The same content, with a timestamp.
    #[must_use]
    pub fn with_timestamp(self, timestamp: Option<&TimestampSummary>) -> Self {
        Self { timestamp: timestamp.map(TimestampDetails::from_summary), ..self }
    }

    /// The content of a signature that was verified.
    #[must_use]
    pub fn from_verdict(signed: &Signed) -> Self {
        let version = signed.profile_version.as_ref();
        Self {
            format: signed.format,
            profile: version.and_then(|version| version.profile()).map(ToString::to_string),
            profile_version: version.map(ToString::to_string),
            profile_alias: signed.profile_alias.as_ref().map(ToString::to_string),
            job: signed.job.as_ref().map(ToString::to_string),
            subject: signed.subject().to_owned(),
            signing_scheme: signed.signing_scheme,
            signing_time: rfc3339(signed.signing_time),
            expiry: signed.expiry.map(rfc3339),
            timestamp: signed.timestamp.as_ref().map(TimestampDetails::from_summary),
            user_metadata: signed.user_metadata.clone(),
            certificates: signed.certificates.iter().map(CertificateReport::from_summary).collect(),
        }
    }
}

/// A timestamp: when a signature existed, and which authority says so.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimestampDetails {
    time: String,
    /// How far the time may be off, in seconds.
    accuracy: f64,
    /// The certificates of the authority.
    pub certificates: Vec<CertificateReport>,
}

impl TimestampDetails {
    /// The details of a verified timestamp, with the authority's chain, its signing certificate first.
    #[must_use]
    pub fn from_summary(timestamp: &TimestampSummary) -> Self {
        Self {
            time: rfc3339(timestamp.time),
            accuracy: timestamp.accuracy,
            certificates: timestamp.certificates.iter().map(CertificateReport::from_summary).collect(),
        }
    }

    /// What an unverified timestamp says, with its certificates in any order.
    #[must_use]
    pub fn from_token(token: &TimestampToken) -> Self {
        Self {
            time: rfc3339(token.info().gen_time),
            accuracy: token.info().deviation().as_seconds_f64(),
            certificates: token.certificates().iter().map(CertificateReport::new).collect(),
        }
    }

    /// The time and its accuracy.
    #[must_use]
    pub fn when(&self) -> String {
        format!("{} (accuracy {} s)", self.time, self.accuracy)
    }
}

/// The time, and the authority that states it.
impl fmt::Display for TimestampDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.certificates.first().map_or("", |certificate| &certificate.subject);
        write!(f, "{} by {authority}", self.when())
    }
}

/// A certificate.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateReport {
    /// The subject.
    pub subject: String,
    /// The subject of the certificate that issued it.
    pub issuer: String,
    /// The SHA-256 of the certificate, in lower-case hexadecimal.
    pub thumbprint: String,
    not_before: String,
    /// The end of its validity.
    pub not_after: String,
}

impl CertificateReport {
    /// The report of a certificate.
    #[must_use]
    pub fn new(certificate: &Certificate) -> Self {
        Self::from_summary(&CertificateSummary::new(certificate))
    }

    fn from_summary(certificate: &CertificateSummary) -> Self {
        Self {
            subject: certificate.subject.clone(),
            issuer: certificate.issuer.clone(),
            thumbprint: certificate.thumbprint.clone(),
            not_before: rfc3339(certificate.not_before),
            not_after: rfc3339(certificate.not_after),
        }
    }
}
