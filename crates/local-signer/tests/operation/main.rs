//! The operation of a running local signer: configuration and reload, quotas, faults, events, the audit log,
//! monitoring, HTTPS, snapshots.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod audit;
mod client;
mod events;
mod faults;
mod https;
mod monitoring;
mod quotas;
mod reload;
mod snapshot;
