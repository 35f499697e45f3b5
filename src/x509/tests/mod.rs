//! Chains with a single defect, or with a single oddity that is allowed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cache;
mod links;
mod parsing;
mod requirements;
mod tbs;
