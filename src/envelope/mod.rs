//! Signature envelopes of the Notary Project: building, parsing and verifying them.
//! Defined by notaryproject/specifications, `signature-specification.md` and `signature-envelope-jws.md`.

pub mod build;
