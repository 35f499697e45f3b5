//! Files: reading with bounds, writing in one step, and refusing files that other users may change.

mod read;
mod trusted;
mod write;

pub use read::read_up_to;
pub use trusted::{FileError, check_folder, check_parent, check_program, read_file};
pub use write::{create, replace, sync_folder};
