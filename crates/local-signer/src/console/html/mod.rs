//! The parts that pages share. `maud` escapes all text.

pub(super) mod layout;
pub(super) mod pages;
pub(super) mod parts;
pub(super) mod table;
