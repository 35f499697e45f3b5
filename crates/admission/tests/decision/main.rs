//! The decision as a whole: caches, quota, policies, credentials and rules, with a registry and a source of revocation
//! status that do what a test says.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod ageing;
mod coalescing;
mod collector;
mod credentials;
mod faults;
mod lines;
mod policies;
mod property;
mod quota;
mod redis_clients;
mod registry;
mod reload;
mod rules;
mod scene;
mod shared;
mod sharing;
mod source;
mod stale;
mod traces;
