//! The local signer: a service compatible with AWS Signer that runs on this machine and needs no AWS account.
//!
//! ```
//! use local_signer::{LocalSigner, Options};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path().join("signer");
//! let signer = LocalSigner::start(Options::new(&folder)).await?;
//! // Pass this endpoint and these credentials to an AWS SDK, and trust this root certificate.
//! println!("{} {:?}", signer.endpoint_url(), signer.root_certificate());
//! signer.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! A test starts one of its own with [`TestSigner`], which has a temporary folder and a free port, and is ready in
//! milliseconds:
//!
//! ```
//! use local_signer::TestSigner;
//! use local_signer::clock::Clock;
//! use local_signer::config::Config;
//! use local_signer::principals::NewPrincipal;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Signatures of 2024: those that are valid for a year have expired.
//! let clock = Clock::starting_at(time::macros::datetime!(2024-01-01 00:00:00 UTC))?;
//! // A user who may only read, and a service that is often busy.
//! let policy = br#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "signer:Get*", "Resource": "*"}}"#;
//! let reader = NewPrincipal::user("reader".parse()?).with_policy("read", policy);
//! let config = b"version: 1\nfaults: [{operation: SignPayload, error: TooManyRequestsException, rate: 0.5}]\n";
//! let config = Config::parse(config, std::path::Path::new("/"))?;
//! let signer = TestSigner::builder().clock(clock).principal(reader).config(config).start().await?;
//! // For an AWS SDK in this process: the endpoint, and the keys of the root or of the user.
//! let (endpoint, root, reader) = (signer.endpoint_url(), signer.credentials(), signer.credentials_of("reader"));
//! println!("{endpoint} {} {:?}", root.access_key_id(), reader);
//! // For the aws CLI, Terraform or a program of yours: the environment.
//! let mut command = std::process::Command::new("aws");
//! command.args(["signer", "list-signing-platforms"]).envs(signer.environment());
//! // From now on, no call fails on purpose.
//! signer.set_faults(Vec::new());
//! signer.shutdown().await?;
//! # Ok(())
//! # }
//! ```
//!
//! A request passes `server` and the steps of `pipeline` to one of the [`operations`].
//!
//! | Module | What it has |
//! |---|---|
//! | `server`, `strangers` | Connections: limits on number, time and size |
//! | `pipeline` | The steps of a request: read, authenticate, route, authorize, validate, run, answer |
//! | [`model`] | The API's model as data: parameters, shapes, constraints |
//! | [`auth`], [`credentials`] | Signature Version 4, and access keys |
//! | [`principals`] | Users and roles with their access keys and policies |
//! | [`iam`], `authorization` | Who may do what: policies, and the permissions of signing profiles |
//! | [`caller`] | Who makes a request |
//! | [`console`] | The pages for people |
//! | [`operations`] | The table of the operations of AWS Signer, one file each |
//! | [`platforms`] | The table of the signing platforms |
//! | [`profile_policy`] | The cross-account permissions of a profile |
//! | [`page_tokens`] | The `nextToken` of lists |
//! | [`store`] | Profiles, permissions, jobs and revocations in SQLite |
//! | [`jobs`], [`buckets`] | Signing jobs in the background, and where they read and write |
//! | [`certificates`] | Signing material of device platforms |
//! | [`ca`], [`validity`] | The certificate authority, and how long signatures are valid |
//! | [`clock`] | The signing clock |
//! | `options`, `running` | [`LocalSigner`]: how it starts and ends |
//! | [`TestSigner`] | A signer for one test |
//! | [`directory`] | The folder of the state, locked by one process |
//! | [`snapshot`] | The whole state in one file, and back |
//! | [`config`], [`controls`] | The configuration file, and everything that follows from it |
//! | [`quotas`], [`faults`] | Which calls are refused or fail, by configuration |
//! | [`events`], [`audit`] | Events about signing jobs, and the log of calls |
//! | [`lines`] | The files of both, written in order by threads of their own |
//! | [`metrics`], `monitoring` | What the service counts and measures, and the pages that show it |
//! | [`tls`], `cut` | Encrypted connections, and connections that break on purpose |
//! | [`error`] | AWS Signer's errors |

pub mod audit;
pub mod auth;
mod authorization;
pub mod buckets;
pub mod ca;
pub mod caller;
pub mod certificates;
pub mod clock;
pub mod config;
pub mod console;
pub mod controls;
pub mod credentials;
mod cut;
pub mod directory;
pub mod error;
pub mod events;
pub mod faults;
pub mod iam;
pub mod jobs;
pub mod lines;
pub mod metrics;
pub mod model;
mod monitoring;
pub mod operations;
mod options;
pub mod page_tokens;
mod pipeline;
pub mod platforms;
pub mod principals;
pub mod profile_policy;
pub mod quotas;
mod running;
mod server;
pub mod snapshot;
pub mod store;
mod strangers;
mod test_signer;
pub mod tls;
pub mod validity;

pub use self::options::{Options, StartError};
pub use self::running::LocalSigner;
pub use self::test_signer::{TestSigner, TestSignerBuilder, TestSignerError};
