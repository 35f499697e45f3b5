//! Adds a timestamp to one signature.

use std::collections::BTreeMap;
use std::sync::Arc;

use limits::Deadline;
use notary::envelope::{Envelope, MAX_ENVELOPE_SIZE, SigningScheme};
use notary::manifest::{Manifest, SignatureForm};
use notary::timestamp::{TimestampToken, VerifiedTimestamp};
use notary::{Descriptor, Digest, ReasonCode, is_reserved_annotation};
use notation::attach::MatchingEnvelope;
use notation::revocation::{RevocationQuestion, RevocationSource, RevocationStatus};
use notation::timestamp::{StampedEnvelope, TimestampingAuthority, TimestampingError, stamp};
use notation::verify::{Reason, TimestampSummary};
use registry::{Store, StoreError};
use time::OffsetDateTime;

use super::report::{SignatureOutcome, StampedSignature};
use crate::output::exit::CliError;
use crate::verification::reason_error;

/// The maximum size of the envelopes that are in memory at a time, in bytes. Real ones have a few thousand.
const MAX_READ: usize = MAX_ENVELOPE_SIZE;

/// The settings for all signatures of a command.
pub(super) struct Stamping {
    pub store: Store,
    pub artifact: Descriptor,
    pub authority: TimestampingAuthority,
    pub revocation: Box<dyn RevocationSource>,
    pub replace: bool,
    /// The most signatures that an artifact may have.
    pub most: usize,
    /// Whether the user named the signature.
    pub is_selected: bool,
}

/// A signature of the artifact, with its manifest and envelope or the reason why they cannot be read.
pub(super) struct Found {
    pub descriptor: Descriptor,
    pub content: Result<Content, CliError>,
}

/// A signature that was read.
pub(super) struct Content {
    manifest: Manifest,
    bytes: Vec<u8>,
    envelope: Envelope,
    /// Its timestamp, if it is readable and for this signature.
    token: Option<TimestampToken>,
    /// Whether it has a timestamp.
    is_stamped: bool,
    /// The same signature with a timestamp of this authority, if the artifact has it, too.
    copy: Option<Arc<StampedCopy>>,
}

/// A valid signature with a valid timestamp. Whether the authority's certificates are revoked is not checked.
struct StampedCopy {
    manifest: Descriptor,
    timestamp: VerifiedTimestamp,
}

/// Reads the signatures of an artifact, or only the one whose manifest has this digest. All are read in any case, to
/// find those that have timestamps already. Whoever can write to the repository can attach a copy of a signature with a
/// worthless timestamp: a copy counts only if it is valid, and its timestamp is one of this authority.
pub(super) async fn find(
    store: &Store,
    artifact: &Descriptor,
    authority: &TimestampingAuthority,
    most: usize,
    only: Option<&Digest>,
) -> Result<Vec<Found>, StoreError> {
    let mut listed = store.list_signatures(artifact, most).await?;
    let mut found = Vec::new();
    let mut copies = BTreeMap::new();
    let mut left = MAX_READ;
    while let Some(signature) = listed.next().await {
        let content = match signature.manifest {
            Ok(manifest) => read(store, manifest).await,
            Err(why) => Err(why.into()),
        };
        let descriptor = signature.descriptor;
        if let Ok(content) = &content
            && let Some(timestamp) = content.timestamp_of(authority, artifact)
        {
            let copy = StampedCopy { manifest: descriptor.clone(), timestamp };
            copies.insert(Digest::sha256(content.envelope.signature()), Arc::new(copy));
        }
        if only.is_none_or(|only| descriptor.digest == *only) {
            let content = content.and_then(|content| {
                left = left.checked_sub(content.bytes.len()).ok_or_else(too_large)?;
                Ok(content)
            });
            found.push(Found { descriptor, content });
        }
    }
    for content in found.iter_mut().filter_map(|found| found.content.as_mut().ok()) {
        content.copy = copies.get(&Digest::sha256(content.envelope.signature())).cloned();
    }
    Ok(found)
}

fn too_large() -> CliError {
    let why = format!("the signatures of the artifact have more than {MAX_READ} bytes, the size limit");
    CliError::new(ReasonCode::TooMany, why).with_advice("Pass --signature DIGEST for each one.")
}

async fn read(store: &Store, manifest: Manifest) -> Result<Content, CliError> {
    let (format, stored) = manifest.envelope().map_err(|why| reason_error(&Reason::NotASignature(why)))?;
    let bytes = store.blob(stored, MAX_ENVELOPE_SIZE as u64).await?.to_vec();
    let envelope = Envelope::parse(format, &bytes).map_err(|why| reason_error(&why.into()))?;
    let token = envelope.timestamp_signature().and_then(|token| TimestampToken::parse(token).ok());
    let token = token.filter(|token| token.info().is_for(envelope.signature()));
    Ok(Content { manifest, bytes, is_stamped: token.is_some(), token, envelope, copy: None })
}

impl Content {
    /// The timestamp, if it is one of this authority and this is a valid signature of the artifact.
    fn timestamp_of(&self, authority: &TimestampingAuthority, artifact: &Descriptor) -> Option<VerifiedTimestamp> {
        let Self { envelope, bytes, token, .. } = self;
        let timestamp = authority.verify(token.as_ref()?, envelope.signature()).ok()?;
        MatchingEnvelope::check_in(envelope.format, bytes.clone(), artifact.clone()).ok()?;
        Some(timestamp)
    }
}

impl Stamping {
    /// Adds a timestamp, unless the signature needs none or has one.
    pub(super) async fn stamp(
        &self,
        descriptor: &Descriptor,
        content: Result<Content, CliError>,
        now: OffsetDateTime,
        deadline: Deadline,
    ) -> StampedSignature {
        let report = StampedSignature::new(descriptor);
        let content = match content {
            Ok(content) => content,
            Err(why) => return report.failed(why),
        };
        let is_authentic = content.envelope.attributes.signing_scheme == SigningScheme::SigningAuthority;
        match (is_authentic, content.is_stamped, content.copy.clone()) {
            (true, ..) if self.is_selected => report.failed(TimestampingError::SigningAuthority.into()),
            (true, ..) => report.ended(SignatureOutcome::NotNeeded),
            (false, true, _) => report.ended(SignatureOutcome::AlreadyTimestamped),
            (false, false, Some(_)) if !self.replace => report.ended(SignatureOutcome::AlreadyTimestamped),
            (false, false, copy) => {
                if let Some(copy) = copy {
                    let question = RevocationQuestion::of_authority(&copy.timestamp, now, deadline);
                    match self.revocation.status(&question).await {
                        RevocationStatus::NotRevoked(_) => {
                            let summary = TimestampSummary::new(&copy.timestamp);
                            return self.delete_old(descriptor, report.timestamped(&copy.manifest, &summary)).await;
                        }
                        // It needs another timestamp.
                        RevocationStatus::Revoked { .. } => {}
                        RevocationStatus::Unknown(failure) => {
                            return report.failed(TimestampingError::Undecided(failure).into());
                        }
                    }
                }
                match self.add(descriptor, content, now, deadline, report.clone()).await {
                    Ok(report) => report,
                    Err(why) => report.failed(why),
                }
            }
        }
    }

    async fn add(
        &self,
        old: &Descriptor,
        content: Content,
        now: OffsetDateTime,
        deadline: Deadline,
        report: StampedSignature,
    ) -> Result<StampedSignature, CliError> {
        // Nothing is asked for a signature of something else.
        let format = content.envelope.format;
        MatchingEnvelope::check_in(format, content.bytes.clone(), self.artifact.clone())?;
        let StampedEnvelope { bytes, timestamp } =
            stamp(format, &content.bytes, &self.authority, &*self.revocation, now, deadline).await?;
        let matching = MatchingEnvelope::check_in(format, bytes, self.artifact.clone())?;
        let Manifest { artifact_type, annotations, .. } = content.manifest;
        let form = if artifact_type.is_some() { SignatureForm::ArtifactType } else { SignatureForm::Config };
        let annotations = annotations.into_iter().filter(|(name, _)| !is_reserved_annotation(name)).collect();
        let attached = matching.attach(&self.store, annotations, form).await?;
        let report = report.timestamped(attached.manifest(), &TimestampSummary::new(&timestamp));
        Ok(if self.replace { self.delete_old(old, report).await } else { report })
    }

    /// Deletes the signature without timestamp. The one with it is attached in any case.
    ///
    /// Where a registry has no Referrers API, the list of signatures changes first. If the registry then does not
    /// delete the manifest, the signature is replaced for everyone who lists signatures, and trying again would find
    /// nothing to do: that is no failure.
    async fn delete_old(&self, old: &Descriptor, report: StampedSignature) -> StampedSignature {
        let Err(why) = self.store.delete_referrer(&self.artifact.digest, &old.digest).await else {
            return report.ended(SignatureOutcome::Replaced);
        };
        let why = CliError::from(why);
        match self.store.list_signatures_of(&self.artifact.digest, self.most).await {
            Ok(listed) if listed.iter().all(|listed| listed.digest != old.digest) => {
                let why = why.context("no longer listed, but the registry keeps its manifest");
                report.ended(SignatureOutcome::Replaced).kept(why)
            }
            Ok(_) => report.failed(why.context("the signature without timestamp stays")),
            Err(_) => report.failed(why.context("the signature without timestamp may stay")),
        }
    }
}
