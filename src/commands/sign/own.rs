//! Signs one artifact with a signer other than AWS Signer, and adds a timestamp if an authority is named.

use aws_signer::SignerAttributes;
use limits::Deadline;
use notary::Descriptor;
use notary::envelope::{EnvelopeFormat, Payload};
use notation::attach::{AttachError, MatchingEnvelope};
use notation::revocation::RevocationSource;
use notation::sign::own::OwnSigner;
use notation::timestamp::{StampedEnvelope, TimestampingAuthority, stamp};
use notation::verify::TimestampSummary;
use registry::Store;
use time::OffsetDateTime;

use super::artifact::Signing;
use crate::output::exit::CliError;
use crate::output::vocabulary::{SignatureReport, SignedContent};

/// A signer other than AWS Signer.
pub(super) struct OwnSigning {
    pub signer: OwnSigner,
    pub format: EnvelopeFormat,
    pub authority: Option<TimestampingAuthority>,
    /// Who is asked whether the authority's certificates are revoked.
    pub revocation: Box<dyn RevocationSource>,
}

impl OwnSigning {
    /// Signs an artifact, and attaches the signature or writes it to the file.
    pub(super) async fn sign(
        &self,
        signing: &Signing,
        store: &Store,
        artifact: &Descriptor,
        deadline: Deadline,
    ) -> Result<SignatureReport, CliError> {
        let now = OffsetDateTime::now_utc();
        let signed = self.signer.sign(self.format, artifact, signing.user_metadata.clone(), now, deadline).await?;
        let (envelope, timestamp) = match &self.authority {
            None => (signed.envelope, None),
            Some(authority) => {
                let StampedEnvelope { bytes, timestamp } =
                    stamp(self.format, &signed.envelope, authority, &*self.revocation, now, deadline).await?;
                (bytes, Some(TimestampSummary::new(&timestamp)))
            }
        };
        let matching = MatchingEnvelope::check_in(self.format, envelope, artifact.clone())?;
        let report = match &signing.detach {
            Some(file) => {
                file.write(matching.bytes(), 0o644)?;
                SignatureReport::from_file(file.path(), matching.bytes())
            }
            None => {
                let attached = matching.attach(store, signed.annotations, signing.form).await?;
                SignatureReport::from_manifest(attached.manifest())
            }
        };
        let verified = matching.verified();
        let payload = Payload::parse(verified.payload()).map_err(AttachError::from)?;
        let signer = SignerAttributes::from_signed(verified.attributes()).ok();
        let certificates = verified.chain().certificates();
        let metadata = payload.target_artifact.annotations;
        let content =
            SignedContent::new(verified.format(), verified.attributes(), certificates, metadata, signer.as_ref());
        Ok(report.with_content(content.with_timestamp(timestamp.as_ref())))
    }
}
