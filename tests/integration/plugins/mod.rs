//! Signatures that name a verification plugin other than AWS Signer's: real programs, and the same verdicts as the real
//! notation.

mod answers;
mod fixture;
mod program;
