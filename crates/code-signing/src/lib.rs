//! What AWS Signer makes of code: signed zip files for AWS Lambda, and signed images for IoT devices. It signs and
//! verifies; it opens no files, knows no clock, and holds no copy of what is signed.
//!
//! ```
//! use code_signing::image::{ImageError, SignedImage};
//!
//! // What is parsed is not verified yet.
//! let image = br#"{"rawPayloadSize":3,"signature":"AA==","signatureAlgorithm":"SHA256withECDSA","payload":"YWJj"}"#;
//! let image = SignedImage::parse(image)?;
//! assert_eq!(image.size, 3);
//! # Ok::<(), ImageError>(())
//! ```
//!
//! | Module | What it has |
//! |---|---|
//! | [`lambda`] | Signed zip files: signing, and comparing every entry with what was signed |
//! | [`zip`] | Zip files, read so strictly that all readers see the same |
//! | [`image`] | Signed images for FreeRTOS and AWS IoT Device Management, and the certificates that sign them |
//! | `content` | [`Content`]: bytes that are read in any order; [`SignedContent`]: what is made of them |

mod content;
pub mod image;
pub mod lambda;
pub mod zip;

pub use content::{Content, SignedContent};
