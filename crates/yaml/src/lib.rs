//! A strict reader of configuration files in YAML 1.2: typed values, each with its line and column. Pure: bytes in,
//! values or an error out.
//!
//! ```
//! # fn main() -> Result<(), yaml::Error> {
//! let document = yaml::parse(b"quotas: {enabled: true, default: 25}")?;
//! let mut members = document.root().members()?;
//! let mut quotas = members.required("quotas")?.members()?;
//! assert!(quotas.required("enabled")?.boolean()?);
//! assert_eq!(quotas.required("default")?.integer(1..=1000)?, 25);
//! quotas.finish()?;
//! members.finish()?;
//! # Ok(())
//! # }
//! ```
//!
//! Strict means: one document, no tags, keys are text and unique, text that looks like a number or a truth value is
//! quoted, and members that a program does not ask for are errors. Size, depth and number of values are limited, also
//! of what aliases repeat.
//!
//! | Module | What it has |
//! |---|---|
//! | `document` | [`parse`]: from bytes to a [`Document`], within [`Limits`] |
//! | `field` | [`Field`]: a value with its path, read as the type that the program expects |
//! | `members` | [`Members`]: the members of a mapping, each read once, none left over |
//! | `scalar` | What a plain scalar means: the core schema of YAML 1.2 |
//! | `error` | [`Error`], [`Position`] |

mod document;
mod error;
mod field;
mod members;
mod scalar;
#[cfg(test)]
mod tests;

pub use document::{Document, Limits, parse, parse_within};
pub use error::{Error, Position};
pub use field::Field;
pub use members::{Key, Members};
