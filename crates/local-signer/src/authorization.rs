//! Authorization of a request: which resources its parameters name, and what IAM says about them.
//!
//! It comes before the operation, so a caller who may not use a resource does not learn whether it exists.

use std::collections::BTreeMap;

use aws_names::{AccountId, JobArn, Location, ProfileArn, ProfileVersionArn};
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use serde_json::Value;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::iam::{
    Access, Circumstances, CrossAccount, IdentityKind, Permission, Request, Resource, ResourceType, ServiceKey, access,
};
use crate::model::Parameters;
use crate::operations::{Operation, Service};
use crate::store::StoreError;

/// What conditions of policies may ask about the connection and the head of a request.
pub(crate) struct Connection<'a> {
    /// The headers.
    pub(crate) headers: &'a HeaderMap,
    /// Whether the connection uses TLS.
    pub(crate) is_encrypted: bool,
}

/// Decides whether the caller may make the request.
///
/// # Errors
/// Returns [`ApiError::NotAuthorized`] if the caller may not make the request, and [`ApiError::Store`] if the store
/// fails.
pub(crate) fn authorize(
    service: &Service,
    caller: &Caller,
    operation: &Operation,
    parameters: &Parameters,
    connection: &Connection<'_>,
) -> Result<(), ApiError> {
    let access = access(operation.name)
        .ok_or_else(|| ApiError::Internal(format!("{} is not in IAM's table of operations", operation.name)))?;
    let named = named(access, caller, parameters);
    // The root has no policies and may do everything in its account: nothing has to be looked up.
    let own = named.iter().all(|named| named.account() == caller.identity().account());
    if own && caller.identity().kind() == IdentityKind::Root {
        return Ok(());
    }
    let facts = named.iter().map(|named| named.facts(service, access)).collect::<Result<Vec<_>, _>>()?;
    let user_agent = connection.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let circumstances = Circumstances {
        now: service.clock.now(),
        secure_transport: connection.is_encrypted,
        user_agent,
        ..caller.circumstances()
    };
    let tags = parameters.get("tags").map(tags);
    let tag_keys = texts(parameters.get("tagKeys"));
    let version = version(service, access, caller, parameters, &facts)?;
    let request = Request {
        resources: facts.iter().map(Facts::resource).collect(),
        profile_version: version.as_deref(),
        tags: tags.as_ref(),
        tag_keys: &tag_keys,
        ..Request::new(access, &circumstances)
    };
    Ok(caller.authorize(&request)?)
}

/// A resource that the parameters name.
enum Named {
    Profile(ProfileArn),
    Job(Location, String),
}

/// What the store knows of a resource.
struct Facts {
    arn: String,
    account: AccountId,
    tags: BTreeMap<String, String>,
    permissions: Vec<Permission>,
    version: Option<String>,
}

impl Facts {
    fn resource(&self) -> Resource<'_> {
        let Self { arn, account, tags, permissions, .. } = self;
        Resource { tags: Some(tags), permissions, ..Resource::new(arn.as_str(), account) }
    }
}

/// The resources that the parameters name, in the order of the operation's row in IAM's table.
fn named(access: &Access, caller: &Caller, parameters: &Parameters) -> Vec<Named> {
    let own = caller.location();
    let profile = || {
        let owner = owned(own, parameters.text("profileOwner"))?;
        Some(Named::Profile(ProfileArn::new(owner, parameters.text("profileName")?.parse().ok()?)))
    };
    let tagged = || Some(Named::Profile(parameters.text("resourceArn")?.parse().ok()?));
    let job = || {
        let owner = owned(own, parameters.text("jobOwner"))?;
        Some(Named::Job(owner, parameters.text("jobId")?.to_owned()))
    };
    let signed = || {
        let job: JobArn = parameters.text("jobArn")?.parse().ok()?;
        let version: ProfileVersionArn = parameters.text("profileVersionArn")?.parse().ok()?;
        let profile = version.profile().clone();
        Some(vec![Named::Job(job.location().clone(), job.id().to_owned()), Named::Profile(profile)])
    };
    match access.resource {
        ResourceType::None => Vec::new(),
        ResourceType::SigningProfile => profile().or_else(tagged).into_iter().collect(),
        ResourceType::SigningJob => job().into_iter().collect(),
        ResourceType::SigningJobAndProfile => signed().unwrap_or_default(),
    }
}

/// The location of the account `owner` in the caller's region, or the caller's own.
fn owned(own: &Location, owner: Option<&str>) -> Option<Location> {
    match owner {
        None => Some(own.clone()),
        Some(owner) => Some(Location::new(own.region().clone(), owner.parse().ok()?)),
    }
}

impl Named {
    fn account(&self) -> &AccountId {
        match self {
            Self::Profile(arn) => arn.location().account(),
            Self::Job(location, _) => location.account(),
        }
    }

    /// Looks up what authorization needs to know of the resource. One that does not exist has only its ARN.
    fn facts(&self, service: &Service, access: &Access) -> Result<Facts, StoreError> {
        match self {
            Self::Profile(arn) => {
                let profile = service.store.profile(arn, service.clock.now())?;
                let version = profile.as_ref().map(|profile| profile.arn.version().to_owned());
                Ok(Facts {
                    arn: arn.to_string(),
                    account: arn.location().account().clone(),
                    permissions: permissions(service, access, arn)?,
                    tags: profile.map(|profile| profile.tags).unwrap_or_default(),
                    version,
                })
            }
            Self::Job(location, id) => {
                let mut facts = Facts {
                    arn: format!("{location}/signing-jobs/{id}"),
                    account: location.account().clone(),
                    tags: BTreeMap::new(),
                    permissions: Vec::new(),
                    version: None,
                };
                if access.cross_account == CrossAccount::ByIdentity {
                    return Ok(facts);
                }
                let Some(job) = service.store.job(location, id)? else { return Ok(facts) };
                // The account that asked for a job of another account may describe it: to its policies, the job is one
                // of its own.
                if job.arn.location() == location || access.cross_account == CrossAccount::Never {
                    facts.arn = job.arn.to_string();
                    facts.permissions = permissions(service, access, job.profile.profile())?;
                    facts.version = Some(job.profile.version().to_owned());
                }
                Ok(facts)
            }
        }
    }
}

/// The permissions of a profile, if they can be about the operation.
fn permissions(service: &Service, access: &Access, arn: &ProfileArn) -> Result<Vec<Permission>, StoreError> {
    if access.cross_account != CrossAccount::ByPermission {
        return Ok(Vec::new());
    }
    let stored = service.store.permissions(arn)?;
    let permissions = stored.into_iter().flat_map(|stored| stored.permissions);
    Ok(permissions
        .map(|stored| Permission {
            action: stored.action,
            principal: stored.principal,
            profile_version: stored.profile_version,
        })
        .collect())
}

/// `signer:ProfileVersion`: the version that the request names, that the permission in question is for, or that the
/// profile has.
fn version(
    service: &Service,
    access: &Access,
    caller: &Caller,
    parameters: &Parameters,
    facts: &[Facts],
) -> Result<Option<String>, StoreError> {
    if !access.keys.contains(&ServiceKey::ProfileVersion) {
        return Ok(None);
    }
    match access.operation {
        "AddProfilePermission" | "RevokeSigningProfile" => Ok(parameters.text("profileVersion").map(str::to_owned)),
        "RemoveProfilePermission" => {
            let Some(Named::Profile(arn)) = named(access, caller, parameters).into_iter().next() else {
                return Ok(None);
            };
            let stored = service.store.permissions(&arn)?;
            let mut permissions = stored.into_iter().flat_map(|stored| stored.permissions);
            let statement = parameters.text("statementId");
            let found = permissions.find(|permission| Some(permission.statement_id.as_str()) == statement);
            Ok(found.and_then(|permission| permission.profile_version))
        }
        _ => Ok(facts.first().and_then(|facts| facts.version.clone())),
    }
}

fn tags(value: &Value) -> BTreeMap<String, String> {
    let entries = value.as_object().into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::OPERATIONS;

    #[test]
    fn every_operation_is_in_iams_table() {
        for operation in OPERATIONS {
            assert!(access(operation.name).is_some(), "{}", operation.name);
        }
    }
}
