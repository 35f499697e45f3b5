//! What is remembered: bounded by bytes, for a limited time, and asked for once by all who want it at the same time.
//!
//! | File | What it has |
//! |---|---|
//! | `key` | [`Key`]: what an entry depends on, as a digest |
//! | `bounded` | [`Bounded`]: entries with a time limit within a number of bytes |
//! | `clock` | [`Clock`]: the time that entries go by |
//! | `progress` | [`Progress`]: what work under way waits for |
//! | `flights` | [`Flights`]: work that is done once for all who wait for it |

mod bounded;
mod clock;
mod flights;
mod key;
mod progress;

pub use self::bounded::{Bounded, Remembered, Weight};
pub use self::clock::Clock;
pub use self::flights::Flights;
pub use self::key::{Key, KeyBuilder};
pub use self::progress::{Progress, Seen};
