//! Files: reading with bounds, writing in one step, and refusing files that other users may change.
//!
//! ```
//! # fn main() -> std::io::Result<()> {
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("settings.json");
//! files::create(&path, b"{}", 0o600)?;
//! files::replace(&path, b"{\"a\":1}", 0o600)?;
//! assert_eq!(files::read_up_to(&path, 1024)?, b"{\"a\":1}");
//! # Ok(())
//! # }
//! ```
//!
//! | Module | What it has |
//! |---|---|
//! | `read` | [`read_up_to`]: files that a user names, pipes included, with limits on size and time |
//! | `write` | [`create`], [`replace`]: a crash leaves the old content or the new |
//! | `backup` | [`back_up`]: keeps a file under another name before it is replaced or removed |
//! | `trusted` | [`read_file`], [`check_program`]: files that only their owner can change |

mod backup;
mod read;
mod trusted;
mod write;

pub use backup::back_up;
pub use read::read_up_to;
pub use trusted::{FileError, check_folder, check_parent, check_program, read_file};
pub use write::{create, replace, sync_folder};
