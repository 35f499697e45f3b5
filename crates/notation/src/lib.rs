//! Signatures of AWS Signer and the Notary Project on container images: verify, sign, attach and copy.
//!
//! This program verifies an image. One of its signatures must be by the signing profile, and must not be revoked:
//!
//! ```no_run
//! use aws_signer::{ClientPool, SignerConfig, aws_signer_roots};
//! use notary::reference::Reference;
//! use notation::verify::{Demands, Trust, VerificationPolicy, Verifier};
//! use registry::{ClientOptions, Credentials, RegistryClient, Store};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let image: Reference = "registry.example.com/app:v1".parse()?;
//! let profile = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/pipeline";
//!
//! let registry = RegistryClient::new(ClientOptions::default(), Credentials::from_environment());
//! let store = Store::Remote(registry.repository(image.repository())?);
//! let roots = aws_signer_roots().iter().map(|root| root.certificate().clone()).collect();
//! let policy = VerificationPolicy::from(Trust { roots, identities: vec![profile.parse()?] });
//! let verifier = Verifier::new(ClientPool::new(SignerConfig::default()));
//! let now = time::OffsetDateTime::now_utc();
//!
//! let verdict = verifier.verify(&store, image.target(), &policy, &Demands::default(), now).await?;
//! println!("{}: {:?}", verdict.artifact.digest, verdict.conclusion());
//! let why = verdict.reason().map_or("it has no signature".to_owned(), ToString::to_string);
//! if verdict.is_verified() { Ok(()) } else { Err(why.into()) }
//! # }
//! ```
//!
//! Create one [`Verifier`](verify::Verifier) for a process and share it: its clones share connections, credentials and
//! caches.
//!
//! | module | |
//! |---|---|
//! | [`verify`] | the verifier, its policies, and verdicts as plain data |
//! | [`sign`] | signing artifacts and blobs with AWS Signer, and artifacts with signing plugins and keys in files |
//! | [`timestamp`] | adding timestamps to signatures |
//! | [`attach`] | attaching an envelope that was made elsewhere |
//! | [`copy`] | copying an artifact with everything it consists of and its signatures |
//! | [`blob`] | describing files outside a registry |
//! | [`revocation`] | who is asked about revocation: AWS Signer, OCSP, CRLs; layers around them |
//! | [`NotationFolder`], [`trust_store`] | notation's configuration folder: trust policies and trust stores |
//! | [`plugin_host`], [`install`] | running verification plugins, and installing this project's plugin for notation |
//!
//! What happens below is in other crates: `notary` has the specifications, `registry` the stores, `aws-signer` the
//! service.

pub mod attach;
pub mod blob;
pub mod copy;
mod failure;
mod folder;
pub mod install;
pub mod plugin_host;
mod policy_file;
pub mod revocation;
pub mod sign;
pub mod timestamp;
pub mod trust_store;
pub mod verify;

pub use failure::Failure;
pub use folder::{AddError, FolderError, NotationFolder, StoredFile, WrittenFile};
pub use policy_file::{read_blob_trust_policy, read_trust_policy};
