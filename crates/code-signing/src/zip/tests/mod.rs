#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accepted;
pub(crate) mod forge;
mod properties;
mod refused;
