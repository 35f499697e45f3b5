//! The COSE envelope: its form, its headers and its times.

mod changes;
mod claims;
mod content;
mod forms;
mod signatures;
mod times;
mod unprotected;

use super::case::Case;

pub fn cases() -> Vec<Case> {
    let tables = [
        signatures::keys(),
        signatures::signatures(),
        forms::forms(),
        claims::critical_headers(),
        claims::claims(),
        times::times(),
        unprotected::unprotected_headers(),
        content::shared(),
    ];
    tables.into_iter().flatten().collect()
}
