//! Signatures that name a verification plugin other than AWS Signer's: real programs, judged beside the real notation.

mod answers;
mod fixture;
mod program;
