//! Independent implementations as judges of what this workspace makes and accepts: josekit for JWS envelopes, coset for
//! COSE envelopes, oci-client for registries, sha2 for digests. The README's dependency table says why the product does
//! not link them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod cose;
mod differential;
mod envelopes;
mod hashes;
mod registries;

use testbed as support;
