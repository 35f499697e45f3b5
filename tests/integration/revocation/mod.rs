//! Revocation checks by OCSP and CRLs over HTTP, compared with the real notation.

mod authority;
mod notation;
mod servers;
mod sources;

use testing::{der, status};
