//! Signs with a signer other than AWS Signer, and adds a timestamp if an authority is named.

use std::collections::BTreeMap;
use std::fs::File;
use std::time::Duration;

use aws_signer::{ClientPool, SignerAttributes};
use limits::Deadline;
use notary::envelope::{EnvelopeFormat, Payload};
use notary::{Descriptor, ReasonCode, UserMetadata};
use notation::attach::{AttachError, MatchingEnvelope};
use notation::revocation::{RevocationSource, RevocationSources};
use notation::sign::own::{OwnSignature, OwnSigner, SigningOptions};
use notation::timestamp::{StampedEnvelope, TimestampingAuthority, stamp};
use notation::verify::TimestampSummary;
use registry::Store;
use time::OffsetDateTime;

use super::artifact::Signing;
use crate::arguments::own_signer::OwnSignerArgs;
use crate::output::exit::CliError;
use crate::output::vocabulary::{SignatureReport, SignedContent};

/// A signer other than AWS Signer.
pub(in crate::commands) struct OwnSigning {
    signer: OwnSigner,
    format: EnvelopeFormat,
    expires_in: Option<time::Duration>,
    authority: Option<TimestampingAuthority>,
    /// The time limit for a timestamp.
    timestamp_time: Duration,
    /// Who is asked whether the authority's certificates are revoked.
    revocation: Box<dyn RevocationSource>,
}

/// A new signature, which has been checked, with its timestamp.
pub(in crate::commands) struct NewSignature {
    pub envelope: MatchingEnvelope,
    annotations: BTreeMap<String, String>,
    timestamp: Option<TimestampSummary>,
}

impl OwnSigning {
    /// The signer that the options name, if they name one.
    pub(in crate::commands) fn new(args: &OwnSignerArgs, clients: &ClientPool) -> Result<Option<Self>, CliError> {
        let Some(signer) = args.signer()? else { return Ok(None) };
        Ok(Some(Self {
            signer,
            format: args.format(),
            expires_in: args.expires_in(),
            authority: args.authority()?,
            timestamp_time: args.timestamp_time(),
            revocation: Box::new(RevocationSources::new(clients.clone())),
        }))
    }

    fn options(&self, user_metadata: UserMetadata) -> SigningOptions {
        let Self { format, expires_in, .. } = *self;
        SigningOptions { format, user_metadata, expires_in, now: OffsetDateTime::now_utc() }
    }

    /// Signs an artifact, and attaches the signature or writes it to the file.
    pub(super) async fn sign(
        &self,
        signing: &Signing,
        store: &Store,
        artifact: &Descriptor,
        deadline: Deadline,
    ) -> Result<SignatureReport, CliError> {
        let signed = self.signer.sign(artifact, &self.options(signing.user_metadata.clone()), deadline).await?;
        let signature = self.stamped(signed, artifact).await?;
        let report = match &signing.detach {
            Some(file) => {
                file.write(signature.envelope.bytes(), 0o644)?;
                SignatureReport::from_file(file.path(), signature.envelope.bytes())
            }
            None => {
                let attached = signature.envelope.attach(store, signature.annotations.clone(), signing.form).await?;
                SignatureReport::from_manifest(attached.manifest())
            }
        };
        Ok(report.with_content(signature.content()?))
    }

    /// Signs a blob.
    pub(in crate::commands) async fn sign_blob(
        &self,
        content: File,
        media_type: &str,
        user_metadata: UserMetadata,
        budget: Duration,
    ) -> Result<(Descriptor, NewSignature), CliError> {
        let options = self.options(user_metadata);
        let (blob, signed) = self.signer.sign_blob(content, media_type, &options, budget).await?;
        let signature = self.stamped(signed, &blob).await?;
        Ok((blob, signature))
    }

    /// The signature with its timestamp, if it gets one.
    async fn stamped(&self, signed: OwnSignature, artifact: &Descriptor) -> Result<NewSignature, CliError> {
        let OwnSignature { envelope, annotations } = signed;
        let Some(authority) = &self.authority else {
            return Ok(NewSignature { envelope, annotations, timestamp: None });
        };
        let now = OffsetDateTime::now_utc();
        let deadline = Deadline::new(self.timestamp_time);
        let stamped = stamp(self.format, envelope.bytes(), authority, &*self.revocation, now, deadline).await?;
        let StampedEnvelope { bytes, timestamp } = stamped;
        // The new bytes are checked like those of the signer. They are no signature that someone presents.
        let unusable = |why| CliError::new(ReasonCode::Internal, why).context("the new signature is discarded");
        let envelope = MatchingEnvelope::check_in(self.format, bytes, artifact.clone()).map_err(unusable)?;
        Ok(NewSignature { envelope, annotations, timestamp: Some(TimestampSummary::new(&timestamp)) })
    }
}

impl NewSignature {
    /// What the envelope says.
    pub(in crate::commands) fn content(&self) -> Result<SignedContent, CliError> {
        let verified = self.envelope.verified();
        let payload = Payload::parse(verified.payload()).map_err(AttachError::from)?;
        let signer = SignerAttributes::from_signed(verified.attributes()).ok();
        let certificates = verified.chain().certificates();
        let metadata = payload.target_artifact.annotations;
        let content =
            SignedContent::new(verified.format(), verified.attributes(), certificates, metadata, signer.as_ref());
        Ok(content.with_timestamp(self.timestamp.as_ref()))
    }
}
