//! `verify-signature`: the checks of AWS Signer signatures that notation leaves to the plugin.

use std::fmt::Display;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

use aws_names::JobArn;
use aws_signer::{ClientPool, RevocationQuery, SignerConfig, ask_revocation};
use limits::Deadline;
use notary::envelope::header;
use notary::plugin::{Capability, VerificationResult, VerifySignatureResponse};
use notary::text::sentence;
use notary::trust::policy::TrustedIdentities;
use notary::trust::{WildcardIdentity, check_trusted_identity};
use notary::x509::LinkedChain;

use super::advice;
use super::error::PluginError;
use super::request::{CheckRequest, missing_attribute};
use super::runtime::block_on;

/// Handles a `verify-signature` request.
///
/// # Errors
/// Returns [`PluginError`] if the request or the configuration is invalid. Whatever else goes wrong is not an error but
/// a failed check, also a panic of this program or of a library: notation treats a plugin error as fatal even if the
/// trust policy only logs the validation.
pub fn verify_signature(request: CheckRequest, deadline: Deadline) -> Result<VerifySignatureResponse, PluginError> {
    let config = SignerConfig::of_process(&request.plugin_config)?;
    let deadline = config.timeout().map_or(deadline, |budget| deadline.with_budget(budget));
    if request.trusted_identities == TrustedIdentities::Any {
        return Err(PluginError::validation(WildcardIdentity.to_string()));
    }
    let mut processed = vec![header::SIGNING_PROFILE_VERSION, header::SIGNING_JOB];
    processed.extend(request.alias.is_some().then_some(header::SIGNING_PROFILE_ALIAS));
    let mut response = VerifySignatureResponse {
        verification_results: [].into(),
        processed_attributes: processed.into_iter().map(str::to_owned).collect(),
    };
    if request.checks.contains(&Capability::TrustedIdentity) {
        let result = checked("the signer could not be checked", || {
            let identity = check_trusted_identity(&request.signer(), &request.trusted_identities)?;
            Ok::<_, WildcardIdentity>(VerificationResult::new(identity.trusted, &sentence(&identity.reason)))
        });
        response.verification_results.insert(Capability::TrustedIdentity, result);
    }
    if request.checks.contains(&Capability::RevocationCheck) {
        let job = request.job.as_ref().ok_or_else(|| missing_attribute(header::SIGNING_JOB))?;
        let chain = request.chain.clone().link()?;
        let result = checked(UNCHECKED, || check_revocation(&request, job, &chain, config, deadline));
        response.verification_results.insert(Capability::RevocationCheck, result);
    }
    for (check, result) in &response.verification_results {
        tracing::info!(?check, result.success, result.reason, "checked");
    }
    Ok(response)
}

const UNCHECKED: &str = "revocation could not be checked";

/// Makes a check. An error or a panic makes it a failed check, with this explanation.
fn checked<E: Display>(what: &str, check: impl FnOnce() -> Result<VerificationResult, E>) -> VerificationResult {
    let failed = |why: &dyn Display| VerificationResult::new(false, &sentence(&format!("{what}: {why}")));
    match catch_unwind(AssertUnwindSafe(check)) {
        Ok(Ok(result)) => result,
        Ok(Err(why)) => failed(&why),
        Err(panic) => failed(&PluginError::from_panic(panic.as_ref())),
    }
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
            VerificationResult::new(false, &sentence(&format!("{UNCHECKED}: {why}")))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_and_a_panic_are_a_failed_check() {
        let passed = checked("x", || Ok::<_, PluginError>(VerificationResult::new(true, "Fine.")));
        assert!(passed.success && passed.reason == "Fine.");
        let failed = checked(UNCHECKED, || Err(PluginError::validation("no runtime")));
        assert!(!failed.success);
        assert_eq!(failed.reason, "Revocation could not be checked: no runtime.");
        let panicked = checked(UNCHECKED, || -> Result<_, PluginError> { panic!("a header\nvalue") });
        assert!(!panicked.success);
        assert!(panicked.reason.starts_with("Revocation could not be checked: internal error"), "{}", panicked.reason);
        assert!(panicked.reason.contains("a header value"), "{}", panicked.reason);
    }
}
