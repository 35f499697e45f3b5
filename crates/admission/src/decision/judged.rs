//! What was found out about an image, from the verdict about its signatures.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use notary::ReasonCode;
use notation::Failure;
use notation::verify::{Conclusion, Requirement, SignatureVerdict, Verdict};

use super::answer::{Code, Outcome, Why};
use super::reasons::{code, outcome};
use crate::cache::Weight;

/// The most names of signers that are kept once for all judgements.
const MAX_SIGNERS: usize = 1000;
/// The most bytes of such a name.
const MAX_SHARED: usize = 1024;

/// What was found out about an image.
#[derive(Debug)]
pub struct Judged {
    /// The outcome.
    pub outcome: Outcome,
    /// Who signed.
    pub signer: Option<Arc<str>>,
    /// The bytes of the signer's name, unless it is kept once for all judgements.
    pub(super) signer_bytes: u32,
    /// Why it is refused or undetermined.
    pub why: Option<Arc<Why>>,
    /// Until when an image that was verified stays so while revocation cannot be checked.
    pub stale_until: Option<Instant>,
    /// Whether it was verified before, and revocation cannot be checked now.
    pub is_stale: bool,
}

impl Weight for Judged {
    fn heap(&self) -> usize {
        let why = self.why.as_ref().map_or(0, |why| size_of::<Why>() + why.message.len() + 48);
        self.signer_bytes as usize + why
    }
}

/// The names of signers, each once: many images have the same.
#[derive(Debug, Default)]
pub struct Signers(Mutex<HashSet<Arc<str>>>);

impl Signers {
    /// The name, and the bytes that it takes for this judgement alone.
    fn name(&self, signer: &str) -> (Arc<str>, u32) {
        let mut signers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = signers.get(signer) {
            return (Arc::clone(known), 0);
        }
        let signer: Arc<str> = signer.into();
        if signers.len() < MAX_SIGNERS && signer.len() <= MAX_SHARED {
            signers.insert(Arc::clone(&signer));
            return (signer, 0);
        }
        let bytes = u32::try_from(signer.len() + 32).unwrap_or(u32::MAX);
        (signer, bytes)
    }
}

impl Judged {
    /// What a verdict means, if more than one signer may be required.
    pub fn new(verdict: &Verdict, requirement: Option<&Requirement>, signers: &Signers) -> Self {
        let unmet = requirement.filter(|_| verdict.is_verified()).and_then(|required| verdict.meets(required).err());
        if let Some(unmet) = unmet {
            let why = Why::new(code(unmet.code()), unmet.to_string());
            let judged = Self { outcome: outcome(unmet.disposition()), why: Some(Arc::new(why)), ..Self::verified() };
            return judged.signed_by(verified_signature(verdict), signers);
        }
        match verdict.conclusion() {
            Conclusion::Verified => Self::verified().signed_by(verified_signature(verdict), signers),
            Conclusion::Skipped => Self { outcome: Outcome::Exempt, ..Self::verified() },
            Conclusion::NotVerified(disposition) => {
                let refused =
                    |why| Self { outcome: outcome(disposition), why: Some(Arc::new(why)), ..Self::verified() };
                let Some((signature, reason)) = verdict.deciding() else {
                    return refused(Why::new(Code::Unsigned, "the image has no signature"));
                };
                let check = signature.checks.iter().find(|check| check.outcome.is_failed());
                let check = check.map(|check| check.check.as_str());
                let why = Why { check, ..Why::new(code(reason.code()), reason.to_string()) };
                refused(why).signed_by(Some(signature), signers)
            }
        }
    }

    fn signed_by(mut self, signature: Option<&SignatureVerdict>, signers: &Signers) -> Self {
        if let Some(signed) = signature.and_then(|signature| signature.signed.as_ref()) {
            let (name, bytes) = signers.name(&signed.signer());
            (self.signer, self.signer_bytes) = (Some(name), bytes);
        }
        self
    }

    /// Nothing was found out, for this reason.
    pub fn undetermined(why: Arc<Why>) -> Self {
        Self { outcome: Outcome::Undetermined, why: Some(why), ..Self::verified() }
    }

    fn verified() -> Self {
        Self {
            outcome: Outcome::Verified,
            signer: None,
            signer_bytes: 0,
            why: None,
            stale_until: None,
            is_stale: false,
        }
    }
}

fn verified_signature(verdict: &Verdict) -> Option<&SignatureVerdict> {
    verdict.signatures.iter().find(|signature| signature.is_verified())
}

/// A task panicked; the panic was reported when it happened.
pub fn unexpected() -> Failure {
    Failure::new(ReasonCode::Internal, "the verification failed unexpectedly; the log says more")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_once_unless_there_are_too_many_or_it_is_long() {
        let signers = Signers::default();
        assert_eq!(signers.name("signer"), ("signer".into(), 0));
        let long = "x".repeat(MAX_SHARED + 1);
        for _ in 0..2 {
            let (name, bytes) = signers.name(&long);
            assert!(*name == *long && bytes as usize > long.len(), "{bytes}");
        }
        for number in 0..MAX_SIGNERS {
            let _ = signers.name(&number.to_string());
        }
        assert_eq!(signers.name("signer"), ("signer".into(), 0));
        let (name, bytes) = signers.name("one more");
        let judged = Judged { signer: Some(name), signer_bytes: bytes, ..Judged::verified() };
        assert!(judged.heap() > "one more".len());
    }
}
