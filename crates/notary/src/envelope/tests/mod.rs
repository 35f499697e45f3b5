//! Envelopes with one thing wrong.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accepted;
mod cose;
mod form;
mod properties;
mod protected;
mod signature;
mod unprotected;

use testing::certificate::NOW;
use testing::envelope::{Draft, Scheme};

use super::{Envelope, EnvelopeError, EnvelopeFormat, SigningScheme, VerifiedEnvelope, VerifyError};

/// What the library makes of a draft.
trait ParseDraft {
    fn parse(&self) -> Result<Envelope, EnvelopeError>;
    fn verify(&self) -> Result<VerifiedEnvelope, VerifyError>;
}

impl ParseDraft for Draft {
    fn parse(&self) -> Result<Envelope, EnvelopeError> {
        Envelope::parse(EnvelopeFormat::Jws, self.sign().to_string().as_bytes())
    }

    fn verify(&self) -> Result<VerifiedEnvelope, VerifyError> {
        self.parse().unwrap().verify(NOW)
    }
}

fn draft_scheme(scheme: SigningScheme) -> Scheme {
    match scheme {
        SigningScheme::X509 => Scheme::X509,
        SigningScheme::SigningAuthority => Scheme::SigningAuthority,
    }
}
