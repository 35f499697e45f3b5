//! The verdict about one signature.

use std::collections::BTreeMap;
use std::fmt::Display;

use aws_names::{AliasArn, JobArn, SignerArn, SigningProfileVersion};
use notary::Digest;
use notary::envelope::{EnvelopeFormat, Payload, VerifiedEnvelope};
use notary::text::rfc3339;
use notary::timestamp::VerifiedTimestamp;
use notary::trust::SigningIdentity;
use notary::trust::policy::ValidationType;
use notary::x509::Certificate;
use serde::{Serialize, Serializer};
use time::OffsetDateTime;

use super::{Check, CheckOutcome, CheckResult};
use crate::verify::finding::{Finding, MatchedIdentity};
use crate::verify::reason::Reason;
use crate::verify::signer::Signer;

/// The verdict about one signature. The checks end with the first that failed and is enforced: later ones would rest on
/// it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignatureVerdict {
    /// The digest of the signature's manifest; of the envelope, for the signature of a blob.
    pub digest: Digest,
    /// The media type of what has that digest.
    pub media_type: String,
    /// The checks in the order in which they were made.
    pub checks: Vec<CheckResult>,
    /// What was signed and by whom, once integrity has passed. Left out of large envelopes of signers who are not
    /// trusted.
    pub signed: Option<Signed>,
}

/// What a signature says. The checks say whether its signer is trusted.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Signed {
    /// The format of the envelope.
    #[serde(skip)]
    pub format: EnvelopeFormat,
    /// The version of the signing profile, if AWS Signer signed.
    #[serde(serialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub profile_version: Option<SigningProfileVersion>,
    /// The alias through which the profile was used, if AWS Signer signed through one.
    #[serde(serialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub profile_alias: Option<AliasArn>,
    /// The signing job, if AWS Signer signed.
    #[serde(serialize_with = "text", skip_serializing_if = "Option::is_none")]
    pub job: Option<JobArn>,
    /// The signing scheme.
    pub signing_scheme: &'static str,
    /// The signing time.
    #[serde(serialize_with = "time")]
    pub signing_time: OffsetDateTime,
    /// When the signature expires.
    #[serde(serialize_with = "optional_time", skip_serializing_if = "Option::is_none")]
    pub expiry: Option<OffsetDateTime>,
    /// The verified timestamp, if the trust policy requires one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<TimestampSummary>,
    /// The media type of the signed content.
    pub content_media_type: String,
    /// The metadata that the signer added.
    pub user_metadata: BTreeMap<String, String>,
    /// The certificate chain, the signing certificate first.
    pub certificates: Vec<CertificateSummary>,
}

/// A timestamp, and who made it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimestampSummary {
    /// The time that the authority states.
    #[serde(serialize_with = "time")]
    pub time: OffsetDateTime,
    /// How far the time may be off, in seconds.
    pub accuracy: f64,
    /// The certificate chain of the authority, its signing certificate first.
    pub certificates: Vec<CertificateSummary>,
}

impl TimestampSummary {
    /// Summarizes a timestamp.
    #[must_use]
    pub fn new(timestamp: &VerifiedTimestamp) -> Self {
        Self {
            time: timestamp.info().gen_time,
            accuracy: timestamp.info().deviation().as_seconds_f64(),
            certificates: timestamp.chain().certificates().iter().map(CertificateSummary::new).collect(),
        }
    }

    /// Returns the subject of the authority's signing certificate.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.certificates.first().map_or("", |certificate| &certificate.subject)
    }
}

/// What identifies a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateSummary {
    /// The subject.
    pub subject: String,
    /// The issuer.
    pub issuer: String,
    /// SHA-256 of the certificate, in hexadecimal.
    pub thumbprint: String,
    /// The start of its validity period.
    #[serde(serialize_with = "time")]
    pub not_before: OffsetDateTime,
    /// The end of its validity period.
    #[serde(serialize_with = "time")]
    pub not_after: OffsetDateTime,
}

impl CertificateSummary {
    /// Summarizes a certificate.
    #[must_use]
    pub fn new(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject().to_owned(),
            issuer: certificate.issuer().to_owned(),
            thumbprint: certificate.thumbprint().to_owned(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
        }
    }
}

impl Signed {
    pub(in crate::verify) fn new(envelope: &VerifiedEnvelope, payload: Payload, signer: &Signer) -> Self {
        let attributes = envelope.attributes();
        let aws_signer = match signer {
            Signer::AwsSigner(signer) => Some(signer),
            Signer::Certificate => None,
        };
        Self {
            format: envelope.format(),
            profile_version: aws_signer.map(|signer| signer.profile_version.clone()),
            profile_alias: aws_signer.and_then(|signer| signer.alias.clone()),
            job: aws_signer.map(|signer| signer.job.clone()),
            signing_scheme: attributes.signing_scheme.as_str(),
            signing_time: attributes.signing_time,
            expiry: attributes.expiry,
            timestamp: None,
            content_media_type: payload.target_artifact.media_type,
            user_metadata: payload.target_artifact.annotations,
            certificates: envelope.chain().certificates().iter().map(CertificateSummary::new).collect(),
        }
    }

    /// Returns the subject of the signing certificate.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.certificates.first().map_or("", |certificate| &certificate.subject)
    }

    /// Returns the subject of the root.
    #[must_use]
    pub fn root(&self) -> &str {
        self.certificates.last().map_or("", |certificate| &certificate.subject)
    }

    /// Returns who signed: the ARN of the signing profile or of the aliased one, otherwise the subject of the signing
    /// certificate.
    #[must_use]
    pub fn signer(&self) -> String {
        match &self.profile_version {
            Some(version) => version.unversioned(),
            None => self.subject().to_owned(),
        }
    }

    /// Whether a trusted identity of AWS Signer names the signer.
    #[must_use]
    pub fn is_by(&self, identity: &SignerArn) -> bool {
        let signer = |profile_version| SigningIdentity { profile_version, alias: self.profile_alias.as_ref() };
        self.profile_version.as_ref().is_some_and(|version| signer(version).is(&identity.clone().into()))
    }

    /// Whether both signatures are by one signer. Signatures through one alias count as such: one may name the profile,
    /// and the other the aliased profile.
    pub(super) fn has_signer_of(&self, other: &Self) -> bool {
        self.signer() == other.signer() || (self.profile_alias.is_some() && self.profile_alias == other.profile_alias)
    }
}

impl SignatureVerdict {
    /// Whether the signature is accepted: integrity passed, no enforced check failed, and none is missing.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.outcome(ValidationType::Integrity).is_some_and(CheckOutcome::is_passed)
            && ValidationType::ALL.iter().all(|check| self.outcome(*check).is_some())
            && !self.checks.iter().any(|result| result.outcome.is_failed())
    }

    /// Returns the outcome of a check, if it was made.
    #[must_use]
    pub fn outcome(&self, check: impl Into<Check>) -> Option<&CheckOutcome> {
        let check = check.into();
        self.checks.iter().find(|result| result.check == check).map(|result| &result.outcome)
    }

    /// Returns why the signature is not accepted.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        self.failed().map(|(_, reason)| reason)
    }

    /// Returns the enforced check that failed, with the reason.
    pub(super) fn failed(&self) -> Option<(Check, &Reason)> {
        let result = self.checks.iter().find(|result| result.outcome.is_failed())?;
        result.outcome.reason().map(|reason| (result.check, reason))
    }

    /// Returns what was signed, if the signature is accepted and its signer trusted. If authenticity is only logged,
    /// signatures of untrusted signers are accepted, too.
    pub(in crate::verify) fn trusted(&self) -> Option<&Signed> {
        let is_trusted = self.outcome(ValidationType::Authenticity).is_some_and(CheckOutcome::is_passed);
        self.signed.as_ref().filter(|_| is_trusted && self.is_verified())
    }

    /// Returns the trusted identity of the policy that the signer matched, if the signature is accepted and its signer
    /// trusted.
    #[must_use]
    pub fn matched_identity(&self) -> Option<&MatchedIdentity> {
        self.trusted()?;
        match self.outcome(ValidationType::Authenticity) {
            Some(CheckOutcome::Passed(Finding::Trusted { matched, .. })) => Some(matched),
            _ => None,
        }
    }

    /// Returns the failures that the policy only logs.
    pub fn warnings(&self) -> impl Iterator<Item = (Check, &Reason)> {
        self.checks.iter().filter_map(|result| match &result.outcome {
            CheckOutcome::Warning(reason) => Some((result.check, reason)),
            _ => None,
        })
    }
}

fn text<S: Serializer>(value: &Option<impl Display>, serializer: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(ToString::to_string).serialize(serializer)
}

fn time<S: Serializer>(time: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*time))
}

fn optional_time<S: Serializer>(time: &Option<OffsetDateTime>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(rfc3339).serialize(serializer)
}
