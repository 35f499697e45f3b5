//! Adds a timestamp to one signature.

use std::collections::BTreeSet;

use limits::Deadline;
use notary::envelope::{Envelope, MAX_ENVELOPE_SIZE, SigningScheme};
use notary::manifest::{Manifest, SignatureForm};
use notary::{Descriptor, Digest, is_reserved_annotation};
use notation::attach::MatchingEnvelope;
use notation::revocation::RevocationSource;
use notation::timestamp::{StampedEnvelope, TimestampingAuthority, TimestampingError, stamp};
use notation::verify::TimestampSummary;
use registry::{Store, StoreError};
use time::OffsetDateTime;

use super::report::{SignatureOutcome, StampedSignature};
use crate::output::exit::CliError;

/// The settings for all signatures of a command.
pub(super) struct Stamping {
    pub store: Store,
    pub artifact: Descriptor,
    pub authority: TimestampingAuthority,
    pub revocation: Box<dyn RevocationSource>,
    pub replace: bool,
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
    /// Whether the artifact has the same signature with a timestamp.
    is_stamped: bool,
}

/// Reads the signatures of an artifact, or only the one whose manifest has this digest. All are read in any case, to
/// find those that have timestamps already.
pub(super) async fn find(
    store: &Store,
    artifact: &Descriptor,
    most: usize,
    only: Option<&Digest>,
) -> Result<Vec<Found>, StoreError> {
    let mut listed = store.list_signatures(artifact, most).await?;
    let mut all = Vec::with_capacity(listed.left());
    while let Some(signature) = listed.next().await {
        let content = match signature.manifest {
            Ok(manifest) => read(store, manifest).await,
            Err(why) => Err(why.into()),
        };
        all.push(Found { descriptor: signature.descriptor, content });
    }
    let signatures = all.iter().filter_map(|found| found.content.as_ref().ok());
    let stamped: BTreeSet<Vec<u8>> = signatures
        .filter(|content| content.envelope.timestamp_signature().is_some())
        .map(|content| content.envelope.signature().to_vec())
        .collect();
    for content in all.iter_mut().filter_map(|found| found.content.as_mut().ok()) {
        content.is_stamped = stamped.contains(content.envelope.signature());
    }
    all.retain(|found| only.is_none_or(|only| found.descriptor.digest == *only));
    Ok(all)
}

async fn read(store: &Store, manifest: Manifest) -> Result<Content, CliError> {
    let not_a_signature = |why| CliError::new(notary::ReasonCode::Unsupported, why);
    let (format, stored) = manifest.envelope().map_err(not_a_signature)?;
    let bytes = store.blob(stored, MAX_ENVELOPE_SIZE as u64).await?.to_vec();
    let envelope = Envelope::parse(format, &bytes).map_err(|why| CliError::new(notary::ReasonCode::Integrity, why))?;
    Ok(Content { manifest, bytes, envelope, is_stamped: false })
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
        match (is_authentic, content.is_stamped) {
            (true, _) if self.is_selected => report.failed(TimestampingError::SigningAuthority.into()),
            (true, _) => report.ended(SignatureOutcome::NotNeeded),
            (false, true) => report.ended(SignatureOutcome::AlreadyTimestamped),
            (false, false) => match self.add(descriptor, content, now, deadline, report.clone()).await {
                Ok(report) => report,
                Err(why) => report.failed(why),
            },
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
        if !self.replace {
            return Ok(report);
        }
        // The new signature is attached in any case.
        match self.store.delete_referrer(&self.artifact.digest, &old.digest).await {
            Ok(()) => Ok(report.replaced()),
            Err(why) => Ok(report.not_replaced(CliError::from(why).context("the signature without timestamp stays"))),
        }
    }
}
