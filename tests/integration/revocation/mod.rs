//! OCSP and CRLs over HTTP: what verification makes of what an authority's servers say, and whether the real notation makes the
//! same of it.

mod authority;
mod notation;
mod servers;
mod sources;

use testing::{der, status};
