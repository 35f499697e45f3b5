//! Zip files, read strictly and extended without a change: PKWARE's APPNOTE.TXT.

mod append;
mod archive;
mod data;
mod error;
mod extra;
mod limits;
mod name;
mod record;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use append::NewEntry;
pub use archive::{Archive, Compression, Entry};
pub use data::Sha384;
pub use error::ZipError;
pub use limits::Limits;
