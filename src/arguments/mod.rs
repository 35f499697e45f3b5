//! The command line: what its arguments are, turned once into what they mean.

pub mod artifact_reference;
pub mod envelope_file;
pub mod help;
pub mod metadata;
pub mod number;
pub mod registry;
pub mod roots;
pub mod signer;
pub mod usage;
