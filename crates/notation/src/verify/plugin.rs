//! What a verification plugin contributes to the checks of a signature.

use std::collections::BTreeSet;

use notary::envelope::VerifiedEnvelope;
use notary::text::printable;
use notary::trust::policy::ValidationAction;
use notary::trust::policy::ValidationType::{Authenticity, Revocation};

use super::authenticity;
use super::finding::Finding;
use super::policy::VerificationPolicy;
use super::reason::Reason;
use super::signer::Signer;
use crate::plugin_host::{Capability, DemandedPlugin, PluginFolder};

/// The results of the checks that a plugin made.
#[derive(Default)]
pub(super) struct PluginResults {
    pub(super) identity: Option<Result<Finding, Reason>>,
    pub(super) revocation: Option<Result<Finding, Reason>>,
}

/// Runs the plugin that a signature requires, unless the policy refuses the signature anyway.
pub(super) async fn run(
    policy: &VerificationPolicy,
    plugin: &DemandedPlugin,
    folder: &PluginFolder,
    envelope: &VerifiedEnvelope,
    signer: &Signer,
    deadline: limits::Deadline,
) -> Result<PluginResults, Reason> {
    let name = plugin.name.to_string();
    let is_enforced = policy.verification.action(Authenticity) == ValidationAction::Enforce;
    if is_enforced && authenticity::check_chain(policy, envelope).is_err() {
        return Ok(PluginResults::default());
    }
    let installed = plugin.find(folder, deadline).await.map_err(|why| Reason::plugin(&name, &why))?;
    let mut checks = BTreeSet::new();
    if installed.can(Capability::TrustedIdentity) {
        checks.insert(Capability::TrustedIdentity);
    } else if is_enforced && authenticity::check_identity(policy, envelope, signer).is_err() {
        return Ok(PluginResults::default());
    }
    if installed.can(Capability::RevocationCheck) && policy.verification.action(Revocation) != ValidationAction::Skip {
        checks.insert(Capability::RevocationCheck);
    }
    let results = installed.verify(envelope, &policy.identities, &checks).await;
    let mut results = results.map_err(|why| Reason::plugin(&name, &why))?;
    let mut result = |capability, reject: fn(String, String) -> Reason| {
        let result = results.remove(&capability)?;
        let name = name.clone();
        let reason = printable(&result.reason);
        Some(if result.success { Ok(Finding::Plugin { name, reason }) } else { Err(reject(name, reason)) })
    };
    Ok(PluginResults {
        identity: result(Capability::TrustedIdentity, |name, reason| Reason::PluginRejectedIdentity { name, reason }),
        revocation: result(Capability::RevocationCheck, |name, reason| Reason::PluginRejectedRevocation {
            name,
            reason,
        }),
    })
}
