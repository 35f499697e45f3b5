//! What a principal asks for, and what condition keys and policy variables answer about it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use aws_names::{AccountId, Region};
use notary::text::rfc3339;
use time::OffsetDateTime;

use super::access::{Access, ServiceKey};
use super::condition::Key;
use super::identity::{Identity, IdentityKind};
use super::permission::Permission;

/// Where, when and how a request was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstances {
    /// The region of the request: `aws:RequestedRegion`. Its partition is that of all ARNs.
    pub region: Region,
    /// The address of the client: `aws:SourceIp`.
    pub source_ip: IpAddr,
    /// The time of the request: `aws:CurrentTime` and `aws:EpochTime`.
    pub now: OffsetDateTime,
    /// Whether the request came over TLS: `aws:SecureTransport`.
    pub secure_transport: bool,
    /// The header `User-Agent`: `aws:UserAgent`.
    pub user_agent: Option<String>,
}

impl Circumstances {
    /// A request from this machine without TLS, at the start of the Unix epoch. Callers set what they know.
    #[must_use]
    pub fn new(region: Region) -> Self {
        Self {
            region,
            source_ip: Ipv4Addr::LOCALHOST.into(),
            now: OffsetDateTime::UNIX_EPOCH,
            secure_transport: false,
            user_agent: None,
        }
    }
}

/// A resource that a request uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource<'a> {
    /// The ARN, as the [`Access`] of the operation has it: a profile's without its version.
    pub arn: Cow<'a, str>,
    /// The account that owns the resource: `aws:ResourceAccount`.
    pub account: &'a AccountId,
    /// The tags of the resource: `aws:ResourceTag/KEY`. Jobs have none.
    pub tags: Option<&'a BTreeMap<String, String>>,
    /// The permissions of the signing profile, or of the profile of the signing job.
    pub permissions: &'a [Permission],
}

impl<'a> Resource<'a> {
    /// A resource without tags and permissions, as one that does not exist.
    #[must_use]
    pub fn new(arn: impl Into<Cow<'a, str>>, account: &'a AccountId) -> Self {
        Self { arn: arn.into(), account, tags: None, permissions: &[] }
    }
}

/// A request to authorize.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The operation.
    pub access: &'static Access,
    /// The resources it uses, each of which must be allowed. None stands for `*`.
    pub resources: Vec<Resource<'a>>,
    /// The version of the profile that it uses: `signer:ProfileVersion`.
    pub profile_version: Option<&'a str>,
    /// The tags it sets: `aws:RequestTag/KEY`, and their keys `aws:TagKeys`.
    pub tags: Option<&'a BTreeMap<String, String>>,
    /// The keys of the tags it removes: `aws:TagKeys`.
    pub tag_keys: &'a [String],
    /// Where, when and how it was made.
    pub circumstances: &'a Circumstances,
}

impl<'a> Request<'a> {
    /// A request for an operation without resources, version and tags.
    #[must_use]
    pub fn new(access: &'static Access, circumstances: &'a Circumstances) -> Self {
        Self { access, resources: Vec::new(), profile_version: None, tags: None, tag_keys: &[], circumstances }
    }

    /// Adds a resource.
    #[must_use]
    pub fn on(mut self, resource: Resource<'a>) -> Self {
        self.resources.push(resource);
        self
    }

    /// Sets the version of the profile.
    #[must_use]
    pub fn of_version(mut self, version: Option<&'a str>) -> Self {
        self.profile_version = version;
        self
    }
}

/// The values of a condition key in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values<'a> {
    /// The value of a key that has one.
    One(Cow<'a, str>),
    /// The values of `aws:TagKeys`.
    Many(Vec<&'a str>),
}

/// Everything that condition keys and variables can ask about: a principal, its request, and one of its resources.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The principal.
    pub identity: &'a Identity,
    /// Its request.
    pub request: &'a Request<'a>,
    /// The resource in question; `None` stands for `*`.
    pub resource: Option<&'a Resource<'a>>,
}

impl<'a> Context<'a> {
    /// The values of `key`; `None` if the request has no such key.
    pub fn values(&self, key: &Key) -> Option<Values<'a>> {
        if *key == Key::TagKeys {
            return self.tag_keys().map(Values::Many);
        }
        self.value(key).map(Values::One)
    }

    /// The value of a key that has one value; `None` if the request has no such key.
    pub fn value(&self, key: &Key) -> Option<Cow<'a, str>> {
        let Self { identity, request, resource } = *self;
        let Circumstances { region, source_ip, now, secure_transport, user_agent } = request.circumstances;
        let borrowed = |value: &'a str| Some(Cow::Borrowed(value));
        match key {
            Key::ProfileVersion => {
                request.profile_version.filter(|_| self.has(ServiceKey::ProfileVersion)).and_then(borrowed)
            }
            Key::ResourceTag(name) => {
                let tags = resource.and_then(|resource| resource.tags).filter(|_| self.has(ServiceKey::ResourceTag))?;
                tag(tags, name).and_then(borrowed)
            }
            Key::RequestTag(name) => {
                let tags = request.tags.filter(|_| self.has(ServiceKey::RequestTag))?;
                tag(tags, name).and_then(borrowed)
            }
            Key::TagKeys | Key::Other => None,
            Key::PrincipalArn => Some(Cow::Owned(identity.principal_arn(&region.partition()))),
            Key::PrincipalAccount => borrowed(identity.account().as_str()),
            Key::PrincipalType => borrowed(identity.principal_type()),
            Key::UserId => Some(identity.user_id()),
            Key::Username => identity.username().and_then(borrowed),
            Key::SourceIp => Some(Cow::Owned(source_ip.to_canonical().to_string())),
            Key::CurrentTime => Some(Cow::Owned(rfc3339(*now))),
            Key::EpochTime => Some(Cow::Owned(now.unix_timestamp().to_string())),
            Key::SecureTransport => borrowed(if *secure_transport { "true" } else { "false" }),
            Key::RequestedRegion => borrowed(region.as_str()),
            Key::ResourceAccount => resource.and_then(|resource| borrowed(resource.account.as_str())),
            Key::UserAgent => user_agent.as_deref().and_then(borrowed),
            // AWS sets the key in requests with temporary credentials only. The local signer knows no second factor.
            Key::MultiFactorAuthPresent if identity.kind() == IdentityKind::Role => borrowed("false"),
            Key::MultiFactorAuthPresent => None,
            Key::ViaAwsService | Key::PrincipalIsAwsService => borrowed("false"),
        }
    }

    fn tag_keys(&self) -> Option<Vec<&'a str>> {
        let request = self.request;
        let set = request.tags.iter().flat_map(|tags| tags.keys()).map(String::as_str);
        let keys: Vec<&str> = set.chain(request.tag_keys.iter().map(String::as_str)).collect();
        (self.has(ServiceKey::TagKeys) && !keys.is_empty()).then_some(keys)
    }

    fn has(&self, key: ServiceKey) -> bool {
        self.request.access.keys.contains(&key)
    }
}

/// The value of a tag. AWS ignores the case of tag keys in condition keys; an exact match comes first.
fn tag<'a>(tags: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    let folded = name.to_lowercase();
    let other_case = || tags.iter().find(|(key, _)| key.to_lowercase() == folded).map(|(_, value)| value);
    tags.get(name).or_else(other_case).map(String::as_str)
}
