//! Tests that run the built programs: against AWS's SDK, against faulty clients and services, and with the real
//! notation and a real registry.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod admission;
mod api_clients;
mod aws;
mod blobs;
mod cli;
mod copy;
mod coverage_page;
mod demo;
mod differential;
mod ecr;
mod environment;
mod examples;
mod faults;
mod from_notation;
mod fuzz_seeds;
mod interchange;
mod interop;
mod jobs;
mod kubernetes;
mod local_signer;
mod local_signer_crash;
mod local_signer_operation;
mod ownership;
mod packages;
mod pipelines;
mod plugins;
mod policies;
mod principals;
mod registry;
mod registry_faults;
mod revocation;
mod strangers;
mod timestamps;
use testbed as support;
mod vectors;
