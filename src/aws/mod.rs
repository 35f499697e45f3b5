//! AWS Signer as this project uses it: ARNs, client configuration, `SignPayload`, `GetRevocationStatus`, error mapping.

pub mod arn;
