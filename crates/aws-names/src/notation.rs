//! The names by which AWS Signer and Notation know each other.

/// The signing platform of container image signatures, as `GetRevocationStatus` expects it.
pub const NOTATION_PLATFORM: &str = "Notation-OCI-SHA384-ECDSA";
/// The name of the verification plugin in AWS Signer's envelopes.
pub const PLUGIN_NAME: &str = "com.amazonaws.signer.notation.plugin";
/// The description of this project's plugin, which differs from that of AWS's plugin of the same name.
pub const PLUGIN_DESCRIPTION: &str = "AWS Signer plugin for Notation (independent of AWS)";
