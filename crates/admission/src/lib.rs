//! Which container images may run: a service that clusters and other systems ask, and that decides by the signatures of
//! AWS Signer and the Notary Project.
//!
//! A configuration has policies, which say who must have signed, and rules, which say where each policy applies. This
//! program decides about two images as the service does, without a server:
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use admission::config::{Config, LogLevel};
//! use admission::decision::{PullIdentity, Question};
//! use admission::frontends::Decide as _;
//! use admission::log::Log;
//! use admission::metrics::Metrics;
//! use admission::service::Builder;
//! use aws_signer::SignerConfig;
//! use limits::Deadline;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::load("admission.yaml".as_ref())?;
//! let log = Log::to_standard_error(LogLevel::Warn)?;
//! let decider = Builder::new(Metrics::new("1.0.0", &[]), log, SignerConfig::default()).decider(&config).await?;
//!
//! let images = vec!["nginx:1.27".to_owned(), "registry.example.com/app:v1".to_owned()];
//! let deadline = Deadline::new(Duration::from_secs(8));
//! let question = Question { namespace: Some("team-a".to_owned()), images, pull: PullIdentity::default(), deadline };
//! for image in decider.decide(question).await.images {
//!     println!("{image}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`service::Service`] is the whole: it serves adapters, reads the configuration again when it changes, and ends in
//! order.
//!
//! | Module | What it has |
//! |---|---|
//! | [`config`] | [`Config`](config::Config): the file with its members and defaults |
//! | [`decision`] | [`Decider`](decision::Decider): may these images run? Rules, policies, verdicts and what is remembered of them |
//! | [`frontends`] | the adapters: requests of Kubernetes, Gatekeeper and others, translated |
//! | [`convert`] | from the objects of kyverno-notation-aws to a configuration |
//! | [`ecs`] | Amazon ECS as a client: which images a deployment has |
//! | [`containerd`] | the image verifier that containerd calls, with the service or without |
//! | [`server`] | connections, TLS, limits, load shedding, shutdown; probes and metrics |
//! | [`service`] | from a configuration to a running service; reload |
//! | [`registries`] | which registry is asked, and with whose credentials |
//! | [`cluster`] | access to Kubernetes: pull secrets and labels of namespaces |
//! | [`scan`] | what runs in a cluster, judged again |
//! | [`shared_cache`] | what replicas share, in Redis or Valkey |
//! | [`cache`] | memory that is bounded by bytes and time, and one question for all who ask at the same time |
//! | [`metrics`], [`log`] | what is counted, and one line for each decision |
//! | [`status`] | what the page `/status` shows |
//! | [`trace`] | what requests were spent on, for an OpenTelemetry collector |
//! | [`manifests`] | files of Kubernetes objects as the requests that the API server would send |
//!
//! Verification itself is in `notation`, the specifications are in `notary`.

pub mod cache;
pub mod cluster;
pub mod config;
pub mod containerd;
pub mod convert;
pub mod decision;
pub mod ecs;
pub mod frontends;
pub mod log;
pub mod manifests;
pub mod metrics;
pub mod registries;
pub mod scan;
pub mod server;
pub mod service;
pub mod shared_cache;
pub mod status;
pub mod trace;
