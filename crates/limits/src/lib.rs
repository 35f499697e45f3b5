//! Bounds on what operations may take: time, memory and repeated requests. They are handed in; there is no global
//! limit.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use std::time::Duration;
//!
//! use limits::{Deadline, MemoryBudget};
//!
//! let deadline = Deadline::new(Duration::from_millis(100));
//! assert_eq!(deadline.run(async { "in time" }).await, Some("in time"));
//! assert_eq!(deadline.run(std::future::pending::<()>()).await, None);
//!
//! let budget = MemoryBudget::new(1024 * 1024);
//! let mut reservation = budget.reservation();
//! reservation.grow(64 * 1024).await; // returns to the budget when it is dropped
//! # }
//! ```
//!
//! | Module | What it has |
//! |---|---|
//! | `child` | [`ChildOutput`]: what a child process writes, up to a limit |
//! | `deadline` | [`Deadline`]: the time at which an operation gives up |
//! | `memory` | [`MemoryBudget`]: the bytes that all readers together may hold |
//! | `rate` | [`RateLimit`]: the calls per second |
//! | `shared_cache` | [`SharedCache`]: a bounded number of values, each fetched once for all who wait |
//! | `waits` | [`Waits`]: who is told that a request waits before it is repeated |

mod child;
mod deadline;
mod memory;
mod rate;
mod shared_cache;
mod waits;

pub use child::ChildOutput;
pub use deadline::Deadline;
pub use memory::{MemoryBudget, Reservation};
pub use rate::RateLimit;
pub use shared_cache::{SharedCache, Turn};
pub use waits::{Wait, Waits};
