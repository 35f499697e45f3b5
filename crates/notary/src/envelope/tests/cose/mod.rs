//! Envelopes in the COSE form with one thing changed. Each test quotes or names the sentence that decides it:
//! notaryproject/specifications, `signature-envelope-cose.md` ("COSE" below), and RFC 8949, 9052 and 9360.

mod accepted;
mod form;
mod protected;
mod signature;
mod times;
mod unprotected;

use testing::certificate::NOW;
use testing::cose::CoseDraft;

use crate::envelope::{
    AttributeError, Envelope, EnvelopeError, EnvelopeFormat, SignedAttributes, VerifiedEnvelope, VerifyError,
};

fn parse(bytes: &[u8]) -> Result<Envelope, EnvelopeError> {
    Envelope::parse(EnvelopeFormat::Cose, bytes)
}

/// What the library makes of a draft.
trait ParseCose {
    fn parse(&self) -> Result<Envelope, EnvelopeError>;
    fn verify(&self) -> Result<VerifiedEnvelope, VerifyError>;
    fn attributes(&self) -> SignedAttributes;
    fn refused(&self) -> EnvelopeError;
}

impl ParseCose for CoseDraft {
    fn parse(&self) -> Result<Envelope, EnvelopeError> {
        parse(&self.sign())
    }

    fn verify(&self) -> Result<VerifiedEnvelope, VerifyError> {
        ParseCose::parse(self).unwrap().verify(NOW)
    }

    fn attributes(&self) -> SignedAttributes {
        self.verify().unwrap().attributes().clone()
    }

    fn refused(&self) -> EnvelopeError {
        ParseCose::parse(self).unwrap_err()
    }
}

/// Why the protected header is refused.
fn refused_header(draft: &CoseDraft) -> AttributeError {
    match draft.refused() {
        EnvelopeError::Attributes(why) => why,
        other => panic!("{other:?}"),
    }
}
