//! Revocation checks by OCSP and CRLs over HTTP. The package of the tool compares them with the real notation's.

mod servers;
mod sources;
