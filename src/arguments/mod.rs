//! The command line: its parser, and the options that several commands share. Values are parsed here, once.

pub mod artifact_reference;
pub mod elsewhere;
pub mod envelope_file;
pub mod help;
pub mod input_file;
mod layout_name;
pub mod metadata;
pub mod number;
pub mod own_signer;
pub mod profiles;
pub mod registry;
pub mod roots;
pub mod signer;
pub mod signing_profile;
pub mod size;
pub mod timestamping;
pub mod usage;
mod validity;
