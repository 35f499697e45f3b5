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
//! | `target`, `write` | [`create`], [`replace`], [`Target`]: a crash leaves the old content or the new; files for logs and locks |
//! | `write` | [`create`], [`replace`]: a crash leaves the old content or the new |
//! | `backup` | [`back_up`]: keeps a file under another name before it is replaced or removed |
//! | `beneath` | [`Beneath`]: files in a folder by paths from outside, which cannot lead out of it |
//! | `trusted` | [`read_file`], [`check_program`]: files that only their owner can change |
//! | `folder` | [`Folder`]: several such files in one folder, which stays open |
//! | `walk`, `owner` | following a path folder by folder, and who may change what is found |
//! | `error` | [`FileError`] |

mod backup;
mod beneath;
mod error;
mod folder;
mod owner;
mod read;
mod target;
mod temporary;
#[cfg(test)]
mod tests;
mod trusted;
mod walk;
mod write;

pub use backup::back_up;
pub use beneath::{Beneath, NewFile};
pub use error::FileError;
pub use folder::Folder;
pub use read::read_up_to;
pub use target::{Named, Target};
pub use trusted::{
    check_chosen_program, check_content, check_folder, check_parent, check_program, read_file, read_file_or_pipe,
    read_linked_file,
};
pub use write::{create, create_folders, open_lock, open_to_append, replace, sync_folder};
