//! `verify-signature`: the checks of AWS Signer signatures that notation leaves to the plugin.

use std::mem::ManuallyDrop;

use aws_names::JobArn;
use aws_signer::{ClientPool, RevocationQuery, SignerConfig, ask_revocation};
use limits::Deadline;
use notary::envelope::header;
use notary::plugin::{Capability, VerificationResult, VerifySignatureResponse};
use notary::text::sentence;
use notary::trust::check_trusted_identity;
use notary::x509::LinkedChain;

use super::advice;
use super::error::PluginError;
use super::request::{CheckRequest, missing_attribute};
use super::runtime::block_on;

/// Handles a `verify-signature` request.
///
/// # Errors
/// Returns [`PluginError`] if the request or the configuration is invalid. A failed call to AWS Signer is not an error
/// but a failed revocation check: notation treats a plugin error as fatal even if the trust policy only logs the
/// validation.
pub fn verify_signature(request: CheckRequest, deadline: Deadline) -> Result<VerifySignatureResponse, PluginError> {
    let config = SignerConfig::of_process(&request.plugin_config)?;
    let deadline = config.timeout().map_or(deadline, |budget| deadline.with_budget(budget));
    let identity = check_trusted_identity(&request.profile_version, &request.trusted_identities)
        .map_err(|wildcard| PluginError::validation(wildcard.to_string()))?;
    let mut response = VerifySignatureResponse {
        verification_results: [].into(),
        processed_attributes: [header::SIGNING_PROFILE_VERSION, header::SIGNING_JOB].map(str::to_owned).into(),
    };
    if request.checks.contains(&Capability::TrustedIdentity) {
        let result = VerificationResult::new(identity.trusted, &sentence(&identity.reason));
        response.verification_results.insert(Capability::TrustedIdentity, result);
    }
    if request.checks.contains(&Capability::RevocationCheck) {
        let job = request.job.as_ref().ok_or_else(|| missing_attribute(header::SIGNING_JOB))?;
        let chain = request.chain.clone().link()?;
        let result = check_revocation(&request, job, &chain, config, deadline)?;
        response.verification_results.insert(Capability::RevocationCheck, result);
    }
    for (check, result) in &response.verification_results {
        tracing::info!(?check, result.success, result.reason, "checked");
    }
    Ok(response)
}

fn check_revocation(
    request: &CheckRequest,
    job: &JobArn,
    chain: &LinkedChain,
    config: SignerConfig,
    deadline: Deadline,
) -> Result<VerificationResult, PluginError> {
    let query = RevocationQuery {
        profile_version: &request.profile_version,
        job,
        signing_time: request.authentic_signing_time,
        chain,
    };
    let answer = block_on(async {
        // Not dropped either, see `block_on`.
        let pool = ManuallyDrop::new(ClientPool::new(config));
        ask_revocation(&pool, &query, deadline).await
    })?;
    Ok(match answer {
        Ok(answer) => VerificationResult::new(!answer.is_revoked(), &sentence(&answer.to_string())),
        Err(why) => {
            let why = advice::append(&why, why.advice().as_ref());
            VerificationResult::new(false, &sentence(&format!("revocation could not be checked: {why}")))
        }
    })
}
