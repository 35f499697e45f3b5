//! Envelopes with a single defect.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accepted;
mod form;
mod properties;
mod protected;
mod signature;
mod unprotected;
