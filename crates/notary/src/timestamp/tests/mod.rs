#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cached;
mod chain;
mod content;
mod form;
mod properties;
mod response;
mod signer;

use testing::timestamp::{TokenDraft, Tsa};

use super::{TimestampError, TimestampToken, VerifiedTimestamp};
use crate::x509::Certificate;

/// The signature that is timestamped.
const MESSAGE: &[u8] = b"a signature";

fn certificate(der: &[u8]) -> Certificate {
    Certificate::from_der(der.to_vec()).unwrap()
}

/// Parses and verifies a token with the root of the authority.
fn verify(token: &[u8], tsa: &Tsa) -> Result<VerifiedTimestamp, TimestampError> {
    TimestampToken::parse(token)?.verify(MESSAGE, &[certificate(tsa.root())])
}

/// The error of a token that was changed before it was signed.
fn refused(tsa: &Tsa, change: impl FnOnce(&mut TokenDraft)) -> TimestampError {
    let mut draft = tsa.draft(MESSAGE);
    change(&mut draft);
    verify(&tsa.sign(&draft), tsa).unwrap_err()
}

/// Checks that a token that was changed before it was signed is accepted.
fn accepted(tsa: &Tsa, change: impl FnOnce(&mut TokenDraft)) -> VerifiedTimestamp {
    let mut draft = tsa.draft(MESSAGE);
    change(&mut draft);
    verify(&tsa.sign(&draft), tsa).unwrap()
}
