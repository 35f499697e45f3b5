//! Which policy of a document is for an artifact: that depends on its repository.

use notary::trust::policy::{RegistryScope, RegistryScopes, TrustPolicy, TrustPolicyDocument};

use crate::arguments::artifact_reference::Place;
use crate::output::exit::CliError;

/// The policy for an artifact; for one in a layout that of the repository `scope`.
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

/// The statement for every artifact: the only one that a layout, which is no repository, can have unasked.
fn global(document: &TrustPolicyDocument) -> Result<&TrustPolicy, CliError> {
    let found = document.policies().iter().find(|(scopes, _)| *scopes == RegistryScopes::Global);
    found.map(|(_, policy)| policy).ok_or_else(|| {
        CliError::usage(
            "no trust policy has the scope \"*\", and a layout is no repository that one could be for: name the repository by \
             whose policy it is judged with --scope REGISTRY/REPOSITORY",
        )
    })
}
