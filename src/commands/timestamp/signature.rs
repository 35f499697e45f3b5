//! Adds a timestamp to one signature.

use std::collections::BTreeSet;

use limits::Deadline;
use notary::envelope::{Envelope, MAX_ENVELOPE_SIZE, SigningScheme};
use notary::manifest::{Manifest, SignatureForm};
use notary::timestamp::TimestampToken;
use notary::{Descriptor, Digest, ReasonCode, is_reserved_annotation};
use notation::attach::MatchingEnvelope;
use notation::revocation::RevocationSource;
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
    /// Whether it has a timestamp, or the artifact has the same signature with one of this authority.
    is_stamped: bool,
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
    let mut stamped = BTreeSet::new();
    let mut left = MAX_READ;
    while let Some(signature) = listed.next().await {
        let content = match signature.manifest {
            Ok(manifest) => read(store, manifest).await,
            Err(why) => Err(why.into()),
        };
        if let Ok(content) = &content
            && content.has_timestamp_of(authority, artifact)
        {
            stamped.insert(Digest::sha256(content.envelope.signature()));
        }
        let descriptor = signature.descriptor;
        if only.is_none_or(|only| descriptor.digest == *only) {
            let content = content.and_then(|content| {
                left = left.checked_sub(content.bytes.len()).ok_or_else(too_large)?;
                Ok(content)
            });
            found.push(Found { descriptor, content });
        }
    }
    for content in found.iter_mut().filter_map(|found| found.content.as_mut().ok()) {
        content.is_stamped |= stamped.contains(&Digest::sha256(content.envelope.signature()));
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
    Ok(Content { manifest, bytes, is_stamped: token.is_some(), token, envelope })
}

impl Content {
    /// Whether this is a valid signature of the artifact, with a timestamp of this authority.
    fn has_timestamp_of(&self, authority: &TimestampingAuthority, artifact: &Descriptor) -> bool {
        let Self { envelope, bytes, token, .. } = self;
        let is_timestamp = |token| authority.verify(token, envelope.signature()).is_ok();
        token.as_ref().is_some_and(is_timestamp)
            && MatchingEnvelope::check_in(envelope.format, bytes.clone(), artifact.clone()).is_ok()
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
            Ok(()) => Ok(report.ended(SignatureOutcome::Replaced)),
            Err(why) => Ok(report.failed(CliError::from(why).context("the signature without timestamp stays"))),
        }
    }
}
