//! Chains with one thing wrong, or with one thing that looks wrong and is not.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cache;
mod links;
mod parsing;
mod requirements;
mod tbs;

use testing::certificate::{NOW, Spec, issue, specs};

use super::{CertificateChain, ChainError};

/// The result for a chain after `change`, judged at [`NOW`].
fn judge(change: impl FnOnce(&mut Vec<Spec>)) -> Result<(), ChainError> {
    let mut specs = specs();
    change(&mut specs);
    judge_der(issue(&specs))
}

fn judge_der(certificates: Vec<Vec<u8>>) -> Result<(), ChainError> {
    CertificateChain::from_der(certificates)?.check_code_signing(NOW).map(drop)
}
