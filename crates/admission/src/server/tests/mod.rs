//! Tests over real sockets.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod attacks;
mod client;
mod ending;
mod own_ca;
mod requests;
mod setup;
mod tls;
