//! The API's model as data: which parameters an operation has, where they are in a request, and which values they may
//! have, as in AWS's service model of Signer (2017-08-25).
//!
//! [`Parameters::read`] reads a request, [`validate`] checks it, and [`Parameters::parse`] gives the operation its
//! typed input. The operations themselves are in [`crate::operations`].

mod parameters;
mod quota;
mod shape;
pub mod shapes;
mod timestamp;
mod validate;

pub use self::parameters::{Parameters, PathValues};
pub use self::quota::Quota;
pub use self::shape::{At, Member, Pattern, Shape};
pub use self::timestamp::Timestamp;
pub use self::validate::validate;
