//! Bounds on what one operation may take: time ([`Deadline`]) and memory ([`MemoryBudget`]).

mod deadline;
mod memory;

pub use deadline::Deadline;
pub use memory::{MemoryBudget, Reservation};
