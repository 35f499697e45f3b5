//! Who may do what, decided as AWS's IAM (Identity and Access Management) decides it: "Policy evaluation logic" and
//! "IAM JSON policy element reference" in the IAM User Guide, "Actions, resources, and condition keys for AWS Signer"
//! in the Service Authorization Reference, and "Authentication and Access Control" in the AWS Signer Developer Guide.
//!
//! Pure: no I/O, no clock, no HTTP. A policy that is not understood completely is refused, so that no part of it is
//! silently without effect.
//!
//! ```
//! use local_signer::iam::{Circumstances, Identity, Policy, Request, access, authorize};
//!
//! let policy = Policy::parse(
//!     br#"{"Version": "2012-10-17",
//!          "Statement": {"Effect": "Allow", "Action": "signer:List*", "Resource": "*"}}"#,
//! )?;
//! let alice = Identity::user("alice", "111122223333".parse()?, "AIDALOCALALICE");
//! let circumstances = Circumstances::new("us-west-2".parse()?);
//!
//! let request = Request::new(access("ListSigningJobs").ok_or("no operation")?, &circumstances);
//! assert!(authorize(&alice, std::slice::from_ref(&policy), &request).is_ok());
//!
//! let request = Request::new(access("PutSigningProfile").ok_or("no operation")?, &circumstances);
//! let refused = authorize(&alice, &[policy], &request).unwrap_err();
//! assert_eq!(
//!     refused.to_string(),
//!     "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: signer:PutSigningProfile on resource: * \
//!      because no identity-based policy allows the signer:PutSigningProfile action"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | Module | What it has |
//! |---|---|
//! | `access` | [`Access`]: what each operation asks for: the type of its resource and its condition keys |
//! | `identity` | [`Identity`]: an account's root, a user or the session of a role, with its ARNs |
//! | `policy`, `statement`, `reader` | [`Policy`], parsed from IAM's JSON |
//! | `action`, `resource` | The elements `Action`, `NotAction`, `Resource` and `NotResource` |
//! | `pattern`, `variable` | Wildcards and policy variables |
//! | `condition` | The element `Condition`: operators, keys and values |
//! | `permission` | [`Permission`]: a statement of a signing profile's own (resource-based) permissions |
//! | `request` | [`Request`], [`Resource`] and [`Circumstances`]: what is asked for, and what condition keys answer |
//! | `authorize` | [`authorize`] and [`AccessDenied`] |
//! | `error` | [`PolicyError`] |

mod access;
mod action;
mod authorize;
mod condition;
mod error;
mod identity;
mod pattern;
mod permission;
mod policy;
mod reader;
mod request;
mod resource;
mod statement;
mod variable;

pub use access::{ACCESS, Access, CrossAccount, ResourceType, ServiceKey, access};
pub use authorize::{AccessDenied, Refusal, authorize};
pub use error::{PolicyError, Problem};
pub use identity::{Identity, IdentityKind};
pub use permission::Permission;
pub use policy::{MAX_POLICY_CHARACTERS, Policy};
pub use request::{Circumstances, Request, Resource};

#[cfg(test)]
mod tests;
