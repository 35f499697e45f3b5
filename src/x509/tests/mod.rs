//! Chains with one thing wrong, or with one thing that looks wrong and is not.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cache;
mod links;
mod parsing;
mod requirements;
mod tbs;
