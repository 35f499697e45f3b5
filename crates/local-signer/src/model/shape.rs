//! Members and shapes: the types of parameters with their constraints.

/// The place of a parameter in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// A segment of the path.
    Path,
    /// A parameter of the query; a list has one for each value.
    Query,
    /// A member of the JSON body.
    Body,
}

/// A parameter of an operation, or a member of a structure.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// Its name in the API.
    pub name: &'static str,
    /// Where a request has it.
    pub at: At,
    /// Whether a request must have it.
    pub required: bool,
    /// Its type.
    pub shape: Shape,
}

impl Member {
    /// A required parameter in the path.
    #[must_use]
    pub const fn path(name: &'static str, shape: Shape) -> Self {
        Self { name, at: At::Path, required: true, shape }
    }

    /// An optional parameter in the query.
    #[must_use]
    pub const fn query(name: &'static str, shape: Shape) -> Self {
        Self { name, at: At::Query, required: false, shape }
    }

    /// An optional member of the body, or of a structure.
    #[must_use]
    pub const fn body(name: &'static str, shape: Shape) -> Self {
        Self { name, at: At::Body, required: false, shape }
    }

    /// The same parameter, required.
    #[must_use]
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

/// A pattern of AWS's model. The local signer needs few of them, so each is a function instead of a regular expression.
#[derive(Debug, Clone, Copy)]
pub struct Pattern {
    /// The regular expression in AWS's model, for messages.
    pub text: &'static str,
    /// Whether the whole of a text matches.
    pub matches: fn(&str) -> bool,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// A text; lengths count characters.
    String {
        /// The shortest length.
        min: usize,
        /// The longest length.
        max: usize,
        /// The pattern.
        pattern: Option<&'static Pattern>,
    },
    /// One of some texts.
    Enum(&'static [&'static str]),
    /// A whole number.
    Integer {
        /// The smallest value.
        min: i64,
        /// The largest value.
        max: i64,
    },
    /// True or false.
    Boolean,
    /// A time: RFC 3339 in a query, Unix seconds in a body.
    Timestamp,
    /// Bytes, as base64; lengths count bytes.
    Blob {
        /// The shortest length.
        min: usize,
        /// The longest length.
        max: usize,
    },
    /// A list.
    List {
        /// The type of the elements.
        of: &'static Shape,
        /// The least number of elements.
        min: usize,
        /// The greatest number of elements.
        max: usize,
    },
    /// A map of texts.
    Map {
        /// The type of the keys, a [`Shape::String`].
        key: &'static Shape,
        /// The type of the values.
        value: &'static Shape,
        /// The least number of entries.
        min: usize,
        /// The greatest number of entries.
        max: usize,
    },
    /// A structure.
    Structure(&'static [Member]),
}
