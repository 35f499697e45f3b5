//! A client for AWS Signer: configuration, calls, and what their answers and failures mean. Signing profiles and other
//! names are in `aws_names`, signature envelopes in `notary`.
//!
//! ```no_run
//! use aws_names::ProfileArn;
//! use aws_signer::{ClientPool, SignerConfig, sign_payload};
//! use limits::Deadline;
//!
//! # async fn sign(payload: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! let pool = ClientPool::new(SignerConfig::of_process(&[].into())?);
//! let profile: ProfileArn = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Prod".parse()?;
//! let client = pool.for_signing(&profile).await?;
//! let signed = sign_payload(&client, &profile, payload, Deadline::new(Deadline::DEFAULT_BUDGET)).await?;
//! println!("signed by {} in {}", signed.signer.profile_version, signed.signer.job);
//! # Ok(())
//! # }
//! ```
//!
//! The configuration decides alone which region is asked and which credentials are used:
//!
//! ```
//! use aws_signer::SignerConfig;
//!
//! let settings = [("aws-region".to_owned(), "eu-west-1".to_owned())].into();
//! let config = SignerConfig::new(&settings, [])?;
//! let location = aws_names::Location::parse("aws", "us-west-2", "111122223333")?;
//! assert_eq!(config.revocation_region(&location)?.as_str(), "eu-west-1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | content |
//! |---|---|
//! | `config` | [`SignerConfig`]: keys, environment variables, regions, endpoints |
//! | `pool`, `client` | [`ClientPool`]: one [`SignerClient`] for each region. A client runs calls within a deadline |
//! | [`shared_config`], `environment`, `settings` | `~/.aws/config`, `~/.aws/credentials` and the variables of AWS's tools |
//! | `credentials` | where credentials come from, and [`CredentialsFailure`]: why there are none |
//! | `http`, `watched`, `retry`, `answer` | how the AWS SDK connects, retries and checks answers |
//! | `journal` | what a call waits for: [`Waiting`] |
//! | `sign_payload` | `SignPayload`, and the checks of the returned envelope |
//! | `revocation_status` | `GetRevocationStatus`: [`ask_revocation`] |
//! | `revoke` | `RevokeSignature`, `RevokeSigningProfile` |
//! | `profiles`, `permissions`, `tags` | signing profiles: create, read, list and cancel; who else may use them; tags |
//! | `jobs`, `platforms` | signing jobs in Amazon S3: start, read and list; signing platforms |
//! | `overrides`, `members`, `pages` | what these answers have in common, and lists in pages: [`Extent`] |
//! | `attributes` | [`SignerAttributes`]: what AWS Signer adds to the signed attributes of an envelope |
//! | `completion` | [`complete_profile_name`]: the ARN of a signing profile from its name |
//! | `roots` | the root certificates of AWS Signer |
//! | `error`, `failure` | [`CallError`] and [`Failure`]: what went wrong, of which kind, and what to do |
//! | [`sdk`] | what clients of other AWS services share |

mod answer;
mod attributes;
mod client;
mod completion;
mod config;
mod credentials;
mod environment;
mod error;
mod failure;
mod http;
mod jobs;
mod journal;
mod members;
mod overrides;
mod pages;
mod permissions;
mod platforms;
mod pool;
mod profiles;
mod retry;
mod revocation_status;
mod revoke;
mod roots;
pub mod sdk;
mod settings;
pub mod shared_config;
mod sign_payload;
mod tags;
mod watched;

pub use attributes::{AttributesError, SignerAttributes};
pub use client::SignerClient;
pub use completion::{CompletionError, complete_profile_name, default_region};
pub use config::{ConfigError, SignerConfig, TIMEOUT_VARIABLE, timeout_of};
pub use credentials::{CredentialsFailure, Refusal};
pub use environment::Environment;
pub use error::CallError;
pub use failure::{Failure, error_chain};
pub use http::ConnectError;
pub use jobs::{
    JobFilter, JobRevocation, NewJob, S3Object, S3Prefix, SigningJob, list_signing_jobs, signing_job, start_signing_job,
};
pub use journal::{UsedCredentials, Waiting};
pub use overrides::Overrides;
pub use pages::{Extent, Listed};
pub use permissions::{Permission, Permissions, add_permission, list_permissions, remove_permission};
pub use platforms::{Choice, PlatformFilter, SigningPlatform, list_signing_platforms, signing_platform};
pub use pool::ClientPool;
pub use profiles::{
    NewProfile, ProfileFilter, ProfileRevocation, SignatureValidity, SigningProfile, ValidityError, ValidityUnit,
    cancel_signing_profile, list_signing_profiles, own_signing_profile, put_signing_profile, signing_profile,
};
pub use revocation_status::{RevocationAnswer, RevocationQuery, RevokedEntity, ask_revocation, revocation_status};
pub use revoke::{MAX_REASON, revoke_signature, revoke_signing_profile};
pub use roots::{AwsSignerRoot, aws_signer_roots};
pub use sign_payload::{CheckError, SignError, SignedPayload, check_envelope, sign_payload};
pub use tags::{add_tags, list_tags, remove_tags};
