//! What was found out about an image, from the verdict about its signatures.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use notary::ReasonCode;
use notation::Failure;
use notation::verify::{Conclusion, Requirement, Verdict};

use super::answer::{Code, Outcome, Why};
use super::reasons::{code, outcome};
use crate::cache::Weight;

/// The most names of signers that are kept once for all judgements.
const MAX_SIGNERS: usize = 1000;

/// What was found out about an image.
#[derive(Debug)]
pub struct Judged {
    /// The outcome.
    pub outcome: Outcome,
    /// Who signed.
    pub signer: Option<Arc<str>>,
    /// Why it is refused or undetermined.
    pub why: Option<Arc<Why>>,
    /// Until when an image that was verified stays so while revocation cannot be checked.
    pub stale_until: Option<Instant>,
    /// Whether it was verified before, and revocation cannot be checked now.
    pub is_stale: bool,
}

impl Weight for Judged {
    fn heap(&self) -> usize {
        // Names of signers are shared.
        self.why.as_ref().map_or(0, |why| size_of::<Why>() + why.message.len() + 48)
    }
}

/// The names of signers, each once: many images have the same.
#[derive(Debug, Default)]
pub struct Signers(Mutex<HashSet<Arc<str>>>);

impl Signers {
    fn name(&self, signer: &str) -> Arc<str> {
        let mut signers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = signers.get(signer) {
            return Arc::clone(known);
        }
        let signer: Arc<str> = signer.into();
        if signers.len() < MAX_SIGNERS {
            signers.insert(Arc::clone(&signer));
        }
        signer
    }

    /// The signer of the signature that verified.
    fn of(&self, verdict: &Verdict) -> Option<Arc<str>> {
        let verified = verdict.signatures.iter().find(|signature| signature.is_verified())?;
        verified.signed.as_ref().map(|signed| self.name(&signed.signer()))
    }
}

impl Judged {
    /// What a verdict means, if more than one signer may be required.
    pub fn new(verdict: &Verdict, requirement: Option<&Requirement>, signers: &Signers) -> Self {
        let unmet = requirement.filter(|_| verdict.is_verified()).and_then(|required| verdict.meets(required).err());
        if let Some(unmet) = unmet {
            let why = Why::new(code(unmet.code()), unmet.to_string());
            let outcome = outcome(unmet.disposition());
            return Self { outcome, signer: signers.of(verdict), why: Some(Arc::new(why)), ..Self::verified() };
        }
        match verdict.conclusion() {
            Conclusion::Verified => Self { signer: signers.of(verdict), ..Self::verified() },
            Conclusion::Skipped => Self { outcome: Outcome::Exempt, ..Self::verified() },
            Conclusion::NotVerified(disposition) => {
                let (why, signer) = match verdict.deciding() {
                    None => (Why::new(Code::Unsigned, "the image has no signature"), None),
                    Some((signature, reason)) => {
                        let check = signature.checks.iter().find(|check| check.outcome.is_failed());
                        let check = check.map(|check| check.check.as_str());
                        let why = Why { check, ..Why::new(code(reason.code()), reason.to_string()) };
                        (why, signature.signed.as_ref().map(|signed| signers.name(&signed.signer())))
                    }
                };
                Self { outcome: outcome(disposition), signer, why: Some(Arc::new(why)), ..Self::verified() }
            }
        }
    }

    /// Nothing was found out, for this reason.
    pub fn undetermined(why: Arc<Why>) -> Self {
        Self { outcome: Outcome::Undetermined, why: Some(why), ..Self::verified() }
    }

    fn verified() -> Self {
        Self { outcome: Outcome::Verified, signer: None, why: None, stale_until: None, is_stale: false }
    }
}

/// A task panicked; the panic was reported when it happened.
pub fn unexpected() -> Failure {
    Failure::new(ReasonCode::Internal, "the verification failed unexpectedly; the log says more")
}
