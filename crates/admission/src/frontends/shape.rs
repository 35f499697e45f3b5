//! Values at their places: reading members with the types that they must have. A value of another type is an error that
//! names its place, never skipped.

use std::fmt;

use notary::text::{printable, start_of};

use super::json::{Json, JsonError};

/// Why a request is malformed: HTTP 400.
#[derive(Debug, thiserror::Error)]
pub(super) enum Malformed {
    /// The body cannot be read.
    #[error("the body is not acceptable JSON: {0}")]
    Json(#[from] JsonError),
    /// A member that must be there is not.
    #[error("{0} is missing")]
    Missing(String),
    /// A member has another type.
    #[error("{path} is {found}; expected {expected}")]
    WrongType {
        /// The place.
        path: String,
        /// The type that is there.
        found: &'static str,
        /// The type that must be there.
        expected: &'static str,
    },
    /// A member has a value that is not supported.
    #[error("{path} is \"{found}\"; expected {expected}")]
    Unsupported {
        /// The place.
        path: String,
        /// The value.
        found: String,
        /// The supported values.
        expected: &'static str,
    },
    /// A member is not known.
    #[error("{path} is not known; expected {expected}")]
    Unknown {
        /// The place.
        path: String,
        /// The known ones.
        expected: &'static str,
    },
    /// There are more values than are read.
    #[error("{what} has more than {most} values{}", Setting(*setting))]
    TooMany {
        /// What has too many.
        what: &'static str,
        /// The most.
        most: usize,
        /// The setting that permits more, if there is one.
        setting: Option<&'static str>,
    },
    /// Members contradict each other.
    #[error("{first} and {second} do not belong together")]
    Contradiction {
        /// A value with its place.
        first: String,
        /// The other one.
        second: String,
    },
}

/// The setting that permits more.
struct Setting(Option<&'static str>);

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |setting| write!(f, ", the limit of {setting}"))
    }
}

impl Malformed {
    /// The sentence for the sender of the document.
    pub(super) fn sentence(&self, document: &str) -> String {
        match self {
            Self::Json(_) => self.to_string(),
            _ => format!("{document} is malformed: {self}"),
        }
    }
}

/// Text of others for logs and messages.
pub(super) fn short(text: &str) -> String {
    printable(&start_of(text))
}

/// A value and its place.
#[derive(Clone, Copy)]
pub(super) struct Node<'v, 'p> {
    value: &'v Json<'v>,
    place: Place<'p>,
}

/// A place in the document, innermost part first. The text is made for errors only.
#[derive(Clone, Copy)]
enum Place<'p> {
    /// The document itself.
    Root,
    /// A member of the value at another place.
    Member(&'p Place<'p>, &'p str),
    /// A value of the array at another place.
    Item(&'p Place<'p>, usize),
}

impl<'v> Node<'v, '_> {
    /// The document itself.
    pub(super) fn root(value: &'v Json<'v>) -> Self {
        Self { value, place: Place::Root }
    }

    /// The member of an object; `null` counts as absent, as Go's readers have it.
    ///
    /// # Errors
    /// Returns an error if the value is not an object.
    pub(super) fn member<'p>(&'p self, name: &'p str) -> Result<Option<Node<'v, 'p>>, Malformed> {
        if self.value.object().is_none() {
            return Err(self.wrong_type("an object"));
        }
        let place = Place::Member(&self.place, name);
        Ok(self.value.present(name).map(|value| Node { value, place }))
    }

    /// The member of an object that must be there.
    ///
    /// # Errors
    /// Returns an error if the value is not an object, or has no such member.
    pub(super) fn required<'p>(&'p self, name: &'p str) -> Result<Node<'v, 'p>, Malformed> {
        self.member(name)?.ok_or_else(|| Malformed::Missing(Place::Member(&self.place, name).to_string()))
    }

    /// The text of a string.
    ///
    /// # Errors
    /// Returns an error if the value is not a string.
    pub(super) fn text(&self) -> Result<&'v str, Malformed> {
        self.value.str().ok_or_else(|| self.wrong_type("a string"))
    }

    /// The text of a member. Empty text counts as absent, as it does in Kubernetes.
    ///
    /// # Errors
    /// Returns an error if the value is not an object, or the member not a string.
    pub(super) fn text_of(&self, name: &str) -> Result<Option<&'v str>, Malformed> {
        let text = self.member(name)?.map(|member| member.text()).transpose()?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// The text of a string that must be so.
    ///
    /// # Errors
    /// Returns an error if the value is not a string, or not `expected`.
    pub(super) fn checked(
        &self,
        is_so: impl FnOnce(&str) -> bool,
        expected: &'static str,
    ) -> Result<&'v str, Malformed> {
        let text = self.text()?;
        if is_so(text) {
            Ok(text)
        } else {
            Err(Malformed::Unsupported { path: self.place(), found: short(text), expected })
        }
    }

    /// Checks that a member has one value.
    ///
    /// # Errors
    /// Returns an error if the member is missing, or another.
    pub(super) fn exactly(&self, name: &str, expected: &'static str) -> Result<(), Malformed> {
        self.required(name)?.checked(|text| text == expected, expected).map(drop)
    }

    /// The members of an object, in their order.
    ///
    /// # Errors
    /// Returns an error if the value is not an object.
    pub(super) fn members<'p>(&'p self) -> Result<impl Iterator<Item = (&'v str, Node<'v, 'p>)>, Malformed>
    where
        'v: 'p,
    {
        let members = self.value.object().ok_or_else(|| self.wrong_type("an object"))?;
        let node =
            |(name, value): &'v (&'v str, Json<'v>)| (*name, Node { value, place: Place::Member(&self.place, name) });
        Ok(members.iter().map(node))
    }

    /// The value of a boolean.
    ///
    /// # Errors
    /// Returns an error if the value is not a boolean.
    pub(super) fn bool(&self) -> Result<bool, Malformed> {
        self.value.bool().ok_or_else(|| self.wrong_type("a boolean"))
    }

    /// The value of a number.
    ///
    /// # Errors
    /// Returns an error if the value is not a number.
    pub(super) fn number(&self) -> Result<f64, Malformed> {
        match self.value {
            Json::Number(number) => Ok(number.as_f64()),
            _ => Err(self.wrong_type("a number")),
        }
    }

    /// The value itself.
    pub(super) fn value(&self) -> &'v Json<'v> {
        self.value
    }

    /// The values of an array.
    ///
    /// # Errors
    /// Returns an error if the value is not an array.
    pub(super) fn items<'p>(&'p self) -> Result<impl Iterator<Item = Node<'v, 'p>>, Malformed> {
        let items = self.value.array().ok_or_else(|| self.wrong_type("an array"))?;
        let node = |(index, value)| Node { value, place: Place::Item(&self.place, index) };
        Ok(items.iter().enumerate().map(node))
    }

    /// Passes on the value that the tokens of a JSON pointer lead to; `None` if something on the way is absent.
    ///
    /// # Errors
    /// Returns an error if something on the way is neither an object nor an array, and those of `found`.
    pub(super) fn follow<'t, T>(
        &self,
        mut tokens: impl Iterator<Item = &'t str>,
        found: impl FnOnce(Option<&Node<'v, '_>>) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        self.follow_dyn(&mut tokens, found)
    }

    fn follow_dyn<'t, T>(
        &self,
        tokens: &mut dyn Iterator<Item = &'t str>,
        found: impl FnOnce(Option<&Node<'v, '_>>) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        let Some(token) = tokens.next() else { return found(Some(self)) };
        let name = token.replace("~1", "/").replace("~0", "~");
        let next = match (self.value.array(), token.parse()) {
            (Some(items), Ok(index)) => {
                items.get(index).map(|value| Node { value, place: Place::Item(&self.place, index) })
            }
            _ => self.member(&name)?,
        };
        match next {
            Some(next) => next.follow_dyn(tokens, found),
            None => found(None),
        }
    }

    /// Its place.
    pub(super) fn place(&self) -> String {
        self.place.to_string()
    }

    fn wrong_type(&self, expected: &'static str) -> Malformed {
        Malformed::WrongType { path: self.place(), found: self.value.type_name(), expected }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("the document"),
            Self::Member(Self::Root, name) => f.write_str(&short(name)),
            Self::Member(parent, name) => write!(f, "{parent}.{}", short(name)),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}
