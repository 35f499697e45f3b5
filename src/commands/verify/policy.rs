//! Selects the policy for an artifact, by its repository.

use notary::trust::policy::{RegistryScope, RegistryScopes, TrustPolicy, TrustPolicyDocument};

use crate::arguments::artifact_reference::Place;
use crate::output::exit::CliError;

/// The policy for the artifact's repository, or for `scope` if the artifact is in a layout.
pub(super) fn applicable<'a>(
    document: &'a TrustPolicyDocument,
    place: &Place,
    scope: Option<&RegistryScope>,
) -> Result<&'a TrustPolicy, CliError> {
    match (place.repository(), scope) {
        (Some(repository), _) => Ok(document.applicable(&repository.to_string().parse()?)?),
        (None, Some(scope)) => Ok(document.applicable(scope)?),
        (None, None) => global(document),
    }
}

/// The statement for all artifacts, which applies to layouts by default: a layout has no repository.
fn global(document: &TrustPolicyDocument) -> Result<&TrustPolicy, CliError> {
    let found = document.policies().iter().find(|(scopes, _)| *scopes == RegistryScopes::Global);
    found.map(|(_, policy)| policy).ok_or_else(|| {
        CliError::usage(
            "no trust policy has the scope \"*\", which OCI image layouts need: add it, or select the policy of a repository with \
             --scope REGISTRY/REPOSITORY",
        )
    })
}
