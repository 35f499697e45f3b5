//! What was found out about an image, from the verdict about its signatures.

use std::collections::HashMap;
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
    signer: Option<Arc<Signer>>,
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
        self.signer.as_ref().map_or(0, |signer| signer.bytes) + why
    }
}

/// A signer. In a judgement it is one pointer.
#[derive(Debug)]
struct Signer {
    name: Arc<str>,
    /// The bytes on the heap, unless they are shared with other judgements.
    bytes: usize,
}

/// The signers, each once: many images have the same.
#[derive(Debug, Default)]
pub struct Signers(Mutex<HashMap<Arc<str>, Arc<Signer>>>);

impl Signers {
    fn named(&self, name: &str) -> Arc<Signer> {
        let mut signers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = signers.get(name) {
            return Arc::clone(known);
        }
        let is_shared = signers.len() < MAX_SIGNERS && name.len() <= MAX_SHARED;
        let bytes = if is_shared { 0 } else { size_of::<Signer>() + name.len() + 48 };
        let signer = Arc::new(Signer { name: name.into(), bytes });
        if is_shared {
            signers.insert(Arc::clone(&signer.name), Arc::clone(&signer));
        }
        signer
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

    /// It was verified before, and this says why revocation cannot be checked now.
    #[must_use]
    pub fn stale(self, why: Option<Arc<Why>>, until: Instant) -> Self {
        Self { why, stale_until: Some(until), is_stale: true, ..self }
    }

    /// Who signed.
    #[must_use]
    pub fn signer(&self) -> Option<Arc<str>> {
        self.signer.as_ref().map(|signer| Arc::clone(&signer.name))
    }

    fn signed_by(mut self, signature: Option<&SignatureVerdict>, signers: &Signers) -> Self {
        if let Some(signed) = signature.and_then(|signature| signature.signed.as_ref()) {
            self.signer = Some(signers.named(&signed.signer()));
        }
        self
    }

    /// Nothing was found out, for this reason.
    pub fn undetermined(why: Arc<Why>) -> Self {
        Self { outcome: Outcome::Undetermined, why: Some(why), ..Self::verified() }
    }

    fn verified() -> Self {
        Self { outcome: Outcome::Verified, signer: None, why: None, stale_until: None, is_stale: false }
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
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_name_counts_once_unless_there_are_too_many_or_it_is_long() {
        let signers = Signers::default();
        let of = |name: &str| Judged { signer: Some(signers.named(name)), ..Judged::verified() };
        assert!(Arc::ptr_eq(&of("signer").signer().unwrap(), &of("signer").signer().unwrap()));
        assert_eq!(of("signer").heap(), 0);
        let long = "x".repeat(MAX_SHARED + 1);
        for _ in 0..2 {
            let judged = of(&long);
            assert!(judged.signer().as_deref() == Some(&*long) && judged.heap() > long.len());
        }
        for number in 0..MAX_SIGNERS {
            let _ = of(&number.to_string());
        }
        assert_eq!(of("signer").heap(), 0);
        assert!(of("one more").heap() > "one more".len());
    }

    #[test]
    fn a_verdict_takes_few_bytes() {
        // A hundred thousand of them are kept, each with its times and counters in an allocation of 80 bytes.
        assert!(size_of::<Judged>() <= 40, "{}", size_of::<Judged>());
    }
}
