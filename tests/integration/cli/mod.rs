//! The command line tool against real registries, with the real notation as the second opinion.

mod concurrency;
mod policy;
mod revoke;
mod setup;
mod sign;
mod trust;
