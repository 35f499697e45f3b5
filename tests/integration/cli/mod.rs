//! The command line tool against real registries, with the real notation as the second opinion.

mod concurrency;
mod sign;
mod trust;
