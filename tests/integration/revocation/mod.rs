//! OCSP and CRLs over HTTP: what verification makes of what an authority's servers say, and whether the real notation makes the
//! same of it.

mod authority;
#[path = "../../../src/testing/der.rs"]
#[allow(dead_code, reason = "the library's tests use the rest of it")]
mod der;
mod notation;
mod servers;
mod sources;
#[path = "../../../src/testing/status.rs"]
#[allow(dead_code, reason = "the library's tests use the rest of it")]
mod status;
