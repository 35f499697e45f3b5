//! The authenticated caller of an operation, and the circumstances of its request.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use aws_names::{AccountId, Location, Region};

use super::iam::{AccessDenied, Circumstances, Identity, Request};
use super::principals::Principal;

/// An authenticated principal, the region it signed for, and the address it called from.
#[derive(Debug, Clone)]
pub struct Caller {
    location: Location,
    who: Who,
    source_ip: IpAddr,
}

#[derive(Debug, Clone)]
enum Who {
    Principal(Arc<Principal>),
    /// A root user without credentials, for callers within this program.
    Root(Identity),
}

impl Caller {
    /// Creates the root user of `account` as a caller from this machine that signed its request for `region`.
    #[must_use]
    pub fn new(region: Region, account: AccountId) -> Self {
        let who = Who::Root(Identity::root(account.clone()));
        Self { location: Location::new(region, account), who, source_ip: Ipv4Addr::LOCALHOST.into() }
    }

    /// Creates the caller that `principal` is, in a request for `region` from `source_ip`.
    #[must_use]
    pub fn authenticated(principal: Arc<Principal>, region: Region, source_ip: IpAddr) -> Self {
        let location = Location::new(region, principal.identity().account().clone());
        Self { location, who: Who::Principal(principal), source_ip }
    }

    /// Returns the partition and region of the request, and the caller's account.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Returns the ARN of the caller, for a role that of its session.
    #[must_use]
    pub fn principal(&self) -> String {
        self.identity().arn(self.location.partition())
    }

    /// Returns the user, the role or the root.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        match &self.who {
            Who::Principal(principal) => principal.identity(),
            Who::Root(identity) => identity,
        }
    }

    /// Returns the id of the access key that the request was signed with.
    #[must_use]
    pub fn access_key_id(&self) -> Option<&str> {
        match &self.who {
            Who::Principal(principal) => Some(principal.credentials().access_key_id()),
            Who::Root(_) => None,
        }
    }

    /// Returns the address that the request came from.
    #[must_use]
    pub fn source_ip(&self) -> IpAddr {
        self.source_ip
    }

    /// Returns what conditions of policies ask about this request, at the start of the Unix epoch: the service sets the
    /// time and what else it knows.
    #[must_use]
    pub fn circumstances(&self) -> Circumstances {
        Circumstances { source_ip: self.source_ip, ..Circumstances::new(self.location.region().clone()) }
    }

    /// Decides whether the caller may make the request.
    ///
    /// # Errors
    /// Returns [`AccessDenied`] for the first resource of the request that the caller may not use.
    pub fn authorize(&self, request: &Request<'_>) -> Result<(), AccessDenied> {
        match &self.who {
            Who::Principal(principal) => principal.authorize(request),
            Who::Root(identity) => super::iam::authorize(identity, &[], request),
        }
    }
}
