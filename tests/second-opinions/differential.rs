//! The COSE envelopes of the integration tests' table, which compares this library with notation.
#![allow(
    dead_code,
    unused_imports,
    reason = "the table runs in the integration tests; only its envelopes are used here"
)]

#[path = "../integration/differential/case.rs"]
pub mod case;
#[path = "../integration/differential/cose/mod.rs"]
mod cose;
#[path = "../integration/differential/expected.rs"]
mod expected;
#[path = "../integration/differential/names.rs"]
mod names;
#[path = "../integration/differential/rules.rs"]
mod rules;

pub use cose::cases;
pub use expected::{Expected, Verdicts};
