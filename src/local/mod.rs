//! The embedded AWS-Signer-compatible service.
