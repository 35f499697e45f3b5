//! The command line tool against real registries, with the real notation as the second verifier.

mod arguments;
mod attach;
mod bad_input;
mod blob;
mod concurrency;
mod copy;
mod errors;
mod image_stores;
mod inspect;
mod interop;
mod interrupted;
mod list;
mod log;
mod output_files;
mod policy;
mod profile_names;
mod proxies;
mod revoke;
mod setup;
mod setup_keeps;
mod sign;
mod terminal;
mod tls;
mod trust;
mod verify;
mod version;
