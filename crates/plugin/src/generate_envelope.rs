//! `generate-envelope`: signs a payload with AWS Signer.

use std::mem::ManuallyDrop;

use aws_lc_rs::digest::{SHA256, digest};
use aws_signer::{ClientPool, SignerConfig, sign_payload};
use limits::Deadline;
use notary::envelope::JWS_MEDIA_TYPE;
use notary::plugin::GenerateEnvelopeResponse;

use super::error::PluginError;
use super::request::SigningRequest;
use super::runtime::block_on;

/// Handles a `generate-envelope` request.
///
/// # Errors
/// Returns [`PluginError`] if the configuration is invalid, the region contradicts the profile, the call to AWS Signer
/// fails, or the returned envelope does not match the request.
pub fn generate_envelope(request: SigningRequest, deadline: Deadline) -> Result<GenerateEnvelopeResponse, PluginError> {
    let config = SignerConfig::of_process(&request.plugin_config)?;
    let deadline = config.timeout().map_or(deadline, |budget| deadline.with_budget(budget));
    let payload_sha256 = hex::encode(digest(&SHA256, &request.payload));
    tracing::debug!(profile = %request.profile, payload_sha256, "signing");
    let signed = block_on(async {
        // Not dropped either, see `block_on`.
        let pool = ManuallyDrop::new(ClientPool::new(config));
        let client = ManuallyDrop::new(pool.for_signing(&request.profile).await?);
        Ok::<_, PluginError>(sign_payload(&client, &request.profile, &request.payload, deadline).await?)
    })??;
    tracing::info!(profile_version = %signed.signer.profile_version, job = %signed.signer.job, payload_sha256, "signed");
    Ok(GenerateEnvelopeResponse::new(&signed.envelope, JWS_MEDIA_TYPE, signed.metadata))
}
