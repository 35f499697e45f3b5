//! The decision ("Policy evaluation logic" in the IAM User Guide): an explicit deny refuses; within an account, an
//! allow of the principal's policies or of the profile's permissions is enough; across accounts both are needed.

use std::fmt;

use super::access::CrossAccount;
use super::identity::{Identity, IdentityKind};
use super::permission::Named;
use super::policy::Policy;
use super::request::{Context, Request, Resource};
use super::statement::Effect;
use super::{Access, access};

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A statement of the principal's policies denies it.
    ExplicitDeny,
    /// No statement of the principal's policies allows it.
    NoIdentityPolicy,
    /// The resource belongs to another account, and no permission of the signing profile allows it.
    NoResourcePolicy,
}

/// The request is not authorized. The text is AWS's ("Troubleshoot access denied error messages" in the IAM User
/// Guide).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct AccessDenied {
    /// The ARN of the caller.
    pub principal: String,
    /// The action, such as `signer:SignPayload`.
    pub action: String,
    /// The ARN of the resource, or `*`.
    pub resource: String,
    /// Why the request is refused.
    pub refusal: Refusal,
}

impl fmt::Display for AccessDenied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { principal, action, resource, refusal } = self;
        write!(f, "User: {principal} is not authorized to perform: {action} on resource: {resource} ")?;
        match refusal {
            Refusal::ExplicitDeny => f.write_str("with an explicit deny in an identity-based policy"),
            Refusal::NoIdentityPolicy => write!(f, "because no identity-based policy allows the {action} action"),
            Refusal::NoResourcePolicy => write!(f, "because no resource-based policy allows the {action} action"),
        }
    }
}

/// Decides whether `identity`, to which `policies` are attached, may make the request on each of its resources.
///
/// # Errors
/// Returns [`AccessDenied`] for the first resource that it may not use.
pub fn authorize(identity: &Identity, policies: &[Policy], request: &Request<'_>) -> Result<(), AccessDenied> {
    if request.resources.is_empty() {
        return decide(identity, policies, request, None);
    }
    request.resources.iter().try_for_each(|resource| decide(identity, policies, request, Some(resource)))
}

fn decide(
    identity: &Identity,
    policies: &[Policy],
    request: &Request<'_>,
    resource: Option<&Resource<'_>>,
) -> Result<(), AccessDenied> {
    let context = Context { identity, request, resource };
    let denied = |access: &Access, refusal| {
        let resource = resource.map_or_else(|| "*".to_owned(), |resource| resource.arn.clone().into_owned());
        let principal = identity.arn(&request.circumstances.region.partition());
        Err(AccessDenied { principal, action: access.action(), resource, refusal })
    };
    let has = |effect, context: &Context<'_>| policies.iter().any(|policy| policy.has(effect, context));
    if has(Effect::Deny, &context) {
        return denied(request.access, Refusal::ExplicitDeny);
    }
    if let Some(tagging) = tagging(request)
        && has(Effect::Deny, &Context { request: &tagging, ..context })
    {
        return denied(tagging.access, Refusal::ExplicitDeny);
    }
    // A root user has no policies. It may do everything, as far as its account reaches.
    let allowed = identity.kind() == IdentityKind::Root || has(Effect::Allow, &context);
    let named = permitted(&context);
    let other_account = resource.is_some_and(|resource| resource.account != identity.account());
    match (other_account, request.access.cross_account) {
        // A permission for the account only says that the account's policies decide.
        (false, _) if allowed || named == Some(Named::Principal) => Ok(()),
        (_, CrossAccount::ByIdentity) if allowed => Ok(()),
        (true, CrossAccount::ByPermission) if allowed && named.is_some() => Ok(()),
        (true, _) if allowed => denied(request.access, Refusal::NoResourcePolicy),
        _ => denied(request.access, Refusal::NoIdentityPolicy),
    }
}

/// The narrowest permission of the resource that allows the request.
fn permitted(context: &Context<'_>) -> Option<Named> {
    let Context { identity, request, resource } = context;
    let partition = request.circumstances.region.partition();
    let action = request.access.action();
    let permissions = resource.iter().flat_map(|resource| resource.permissions);
    let mut named = permissions.filter_map(|p| p.names(identity, &partition, &action, request.profile_version));
    named.by_ref().fold(None, |best, named| if best == Some(Named::Principal) { best } else { Some(named) })
}

/// Creating a profile with tags is also tagging: a policy that denies `signer:TagResource` refuses it.
fn tagging<'a>(request: &Request<'a>) -> Option<Request<'a>> {
    let creates = request.access.operation == "PutSigningProfile" && request.tags.is_some_and(|tags| !tags.is_empty());
    let access = access("TagResource").filter(|_| creates)?;
    Some(Request { access, ..request.clone() })
}
