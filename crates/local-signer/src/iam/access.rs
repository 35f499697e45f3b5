//! What each operation asks IAM for ("Actions, resources, and condition keys for AWS Signer" in the Service
//! Authorization Reference).

/// The type of the resource that an operation is authorized on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceType {
    /// The operation has no resource-level permissions. Policies must name the resource `*`.
    None,
    /// `arn:PARTITION:signer:REGION:ACCOUNT:/signing-profiles/NAME`
    SigningProfile,
    /// `arn:PARTITION:signer:REGION:ACCOUNT:/signing-jobs/ID`
    SigningJob,
    /// A signing job and its signing profile. The caller must be allowed to use both.
    SigningJobAndProfile,
}

/// How an operation may use a resource of another account than the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrossAccount {
    /// Never: no permission of a signing profile can name the operation.
    Never,
    /// If a permission of the signing profile allows it, beside the caller's policies (`AddProfilePermission` in the
    /// API Reference).
    ByPermission,
    /// If the caller's policies allow it: verifiers ask for signatures of other accounts.
    ByIdentity,
}

/// A condition key that only some operations have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceKey {
    /// `signer:ProfileVersion`
    ProfileVersion,
    /// `aws:ResourceTag/KEY`
    ResourceTag,
    /// `aws:RequestTag/KEY`
    RequestTag,
    /// `aws:TagKeys`
    TagKeys,
}

/// What an operation asks IAM for. Each operation has one action: `signer:` and its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The name of the operation, such as `SignPayload`.
    pub operation: &'static str,
    /// The type of its resource.
    pub resource: ResourceType,
    /// Whether it may use resources of other accounts.
    pub cross_account: CrossAccount,
    /// The condition keys it has beside the global ones.
    pub keys: &'static [ServiceKey],
}

impl Access {
    /// Returns the action, such as `signer:SignPayload`.
    #[must_use]
    pub fn action(&self) -> String {
        format!("signer:{}", self.operation)
    }
}

/// Finds an operation by its exact name, such as `SignPayload`.
#[must_use]
pub fn access(operation: &str) -> Option<&'static Access> {
    ACCESS.iter().find(|access| access.operation == operation)
}

const fn row(
    operation: &'static str,
    resource: ResourceType,
    cross_account: CrossAccount,
    keys: &'static [ServiceKey],
) -> Access {
    Access { operation, resource, cross_account, keys }
}

use CrossAccount::{ByIdentity, ByPermission, Never};
use ResourceType::{None, SigningJob, SigningJobAndProfile, SigningProfile};
use ServiceKey::{ProfileVersion, RequestTag, ResourceTag, TagKeys};

/// The operations, in alphabetical order.
///
/// The Developer Guide gives `signer:ProfileVersion` also to `AddProfilePermission` and `RemoveProfilePermission`,
/// where it is the version that the permission is for. The Service Authorization Reference does not.
pub const ACCESS: &[Access] = &[
    row("AddProfilePermission", SigningProfile, Never, &[ProfileVersion, ResourceTag]),
    row("CancelSigningProfile", SigningProfile, Never, &[ProfileVersion, ResourceTag]),
    row("DescribeSigningJob", SigningJob, Never, &[]),
    row("GetRevocationStatus", SigningJobAndProfile, ByIdentity, &[ResourceTag]),
    row("GetSigningPlatform", None, Never, &[]),
    row("GetSigningProfile", SigningProfile, ByPermission, &[ProfileVersion, ResourceTag]),
    row("ListProfilePermissions", SigningProfile, Never, &[ResourceTag]),
    row("ListSigningJobs", None, Never, &[]),
    row("ListSigningPlatforms", None, Never, &[]),
    row("ListSigningProfiles", None, Never, &[]),
    row("ListTagsForResource", SigningProfile, Never, &[ResourceTag]),
    row("PutSigningProfile", None, Never, &[RequestTag, TagKeys]),
    row("RemoveProfilePermission", SigningProfile, Never, &[ProfileVersion, ResourceTag]),
    row("RevokeSignature", SigningJob, ByPermission, &[ProfileVersion]),
    row("RevokeSigningProfile", SigningProfile, Never, &[ProfileVersion, ResourceTag]),
    row("SignPayload", SigningProfile, ByPermission, &[ProfileVersion, ResourceTag]),
    row("StartSigningJob", SigningProfile, ByPermission, &[ProfileVersion, ResourceTag]),
    row("TagResource", SigningProfile, Never, &[RequestTag, ResourceTag, TagKeys]),
    row("UntagResource", SigningProfile, Never, &[RequestTag, ResourceTag, TagKeys]),
];
