//! What the tests of several packages share: signed layouts, processes, servers with faults, the real peers, and the
//! JSON Schemas.
//!
//! Each test has its own registry, signing service and notation home. Tests that start a peer are ignored by default;
//! `scripts/test` builds the peers and includes these tests. Bytes that are right or wrong (certificates, envelopes)
//! are in `testing`, which needs none of this workspace's crates and serves their unit tests too.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test fails by panicking")]

pub mod authority;
pub mod child;
pub mod cli;
pub mod containerd;
pub mod docker_registry;
pub mod fault;
pub mod forge;
pub mod http;
pub mod images;
pub mod kubernetes;
pub mod local_signer;
pub mod notation;
pub mod own_key;
pub mod plugin;
pub mod process;
pub mod programs;
pub mod redis_server;
pub mod registry;
pub mod schemas;
pub mod server;
pub mod service;
pub mod terminal;
pub mod test_env;
pub mod tsa;
pub mod vector;
mod world;

pub use programs::peers;
pub use world::World;
