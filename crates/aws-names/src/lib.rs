//! Names of AWS Signer: ARNs (Amazon Resource Names), accounts, regions and partitions.
//!
//! Text from outside becomes a type that cannot be wrong, once, where it comes in. The formats are those of the AWS
//! Service Authorization Reference for AWS Signer:
//! `arn:PARTITION:signer:REGION:ACCOUNT:/signing-profiles/NAME[/VERSION]` and `…:/signing-jobs/ID`, and those of AWS's
//! plugin for aliases: `…:/aliases/NAME` and `…:/aliased-signing-profiles/UUID`. The rules for names and versions are
//! those of the Signer API (`PutSigningProfile`). Comparison is exact: AWS treats profile names as case-sensitive.
//!
//! ```
//! use aws_names::{Partition, ProfileArn};
//!
//! let arn: ProfileArn = "arn:aws-cn:signer:cn-north-1:111122223333:/signing-profiles/Prod".parse()?;
//! assert_eq!(arn.location().region().partition(), Partition::AWS_CN);
//! assert_eq!(arn.name().as_str(), "Prod");
//!
//! let misspelt = "arn:aws-cn:signer:cn-north-1:1111-2222-3333:/signing-profiles/Prod".parse::<ProfileArn>();
//! assert!(misspelt.is_err_and(|why| why.to_string().ends_with(&format!("did you mean {arn}?"))));
//! # Ok::<(), aws_names::ArnError>(())
//! ```
//!
//! | module | content |
//! |---|---|
//! | `partition` | [`Partition`], and the table of partitions with their regions and domains |
//! | `region`, `account` | [`Region`] and [`AccountId`] |
//! | `location` | [`Location`]: partition, region and account, the start of an ARN |
//! | `arn` | [`ArnError`], and the form that all ARNs of AWS Signer have in common |
//! | `profile`, `profile_version`, `job` | [`ProfileArn`], [`ProfileVersionArn`] and [`JobArn`] |
//! | `alias` | [`AliasArn`] and [`AliasedProfileArn`] |
//! | `signer` | [`SignerArn`]: any of these ARNs in a trust policy |
//! | `signed_version` | [`SigningProfileVersion`]: the version that a signature names, by profile or by alias |
//! | `role` | [`RoleArn`]: roles of IAM, which are assumed to call AWS Signer and Amazon ECR |
//! | `name` | [`NameError`]: why a part of an ARN is invalid |
//! | `mistakes` | common mistakes in ARNs, and their corrections |
//! | `notation` | the names by which AWS Signer and Notation know each other |

mod account;
mod alias;
mod arn;
mod job;
mod location;
mod mistakes;
mod name;
mod notation;
mod partition;
mod profile;
mod profile_version;
mod region;
mod role;
mod signed_version;
mod signer;
#[cfg(test)]
mod tests;

pub use account::AccountId;
pub use alias::{AliasArn, AliasName, AliasedProfileArn};
pub use arn::ArnError;
pub use job::JobArn;
pub use location::Location;
pub use name::NameError;
pub use notation::{NOTATION_PLATFORM, PLUGIN_DESCRIPTION, PLUGIN_NAME};
pub use partition::Partition;
pub use profile::{ProfileArn, ProfileName};
pub use profile_version::ProfileVersionArn;
pub use region::Region;
pub use role::RoleArn;
pub use signed_version::SigningProfileVersion;
pub use signer::SignerArn;
