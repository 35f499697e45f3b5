//! The reader: serde_json's parser drives it, so that each text is read once and strings are not copied.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;

use bumpalo::Bump;
use notary::text::{printable, start_of};
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Below, Json, JsonError, LeaveOut, MAX_DEPTH, MAX_VALUES, Number};

/// Ordinary objects have no more members and items that are not complete at a time.
const USUAL: usize = 64;

/// Objects up to this size are searched for duplicates by comparing each name with each.
const SMALL: usize = 16;

/// Reads a text that is one JSON value.
pub(super) fn read<'a>(text: &'a [u8], leave_out: LeaveOut, arena: &'a Bump) -> Result<Json<'a>, JsonError> {
    // Once for the whole text: the parser would otherwise check each string.
    let text = std::str::from_utf8(text).map_err(|error| JsonError::NotUtf8(error.valid_up_to()))?;
    let mut parser = serde_json::Deserializer::from_str(text);
    let reading = Reading {
        arena,
        left: Cell::new(MAX_VALUES),
        values: RefCell::new(Vec::with_capacity(USUAL)),
        members: RefCell::new(Vec::with_capacity(USUAL)),
    };
    let value = Value { reading: &reading, depth: 0, leave_out }.deserialize(&mut parser)?;
    parser.end()?;
    Ok(value)
}

/// What all values of a text share.
struct Reading<'a> {
    arena: &'a Bump,
    /// How many more values the text may have.
    left: Cell<usize>,
    /// The values of the arrays that are not complete, the outer first.
    values: RefCell<Vec<Json<'a>>>,
    /// The members of the objects that are not complete, the outer first.
    members: RefCell<Vec<(&'a str, Json<'a>)>>,
}

/// Reads a value at a depth.
#[derive(Clone, Copy)]
struct Value<'r, 'a> {
    reading: &'r Reading<'a>,
    /// How many arrays and objects it is in.
    depth: usize,
    /// What is left out of it, if it is an object.
    leave_out: LeaveOut,
}

impl Value<'_, '_> {
    /// The reader of what an array or object has, all of it.
    fn inside<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            return Err(E::custom(format_args!("arrays and objects are nested more than {MAX_DEPTH} levels deep")));
        }
        Ok(Self { depth, leave_out: &[], ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, 'de> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let Some(left) = self.reading.left.get().checked_sub(1) else {
            return Err(D::Error::custom(format_args!("more than {MAX_VALUES} values")));
        };
        self.reading.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, 'de> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Json::Number(Number::Unsigned(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Json::Number(Number::Signed(value)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        if value.is_finite() { Ok(Json::Number(Number::Float(value))) } else { Err(E::custom("number out of range")) }
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Json::String(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Json::String(self.reading.arena.alloc_str(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let inside = self.inside()?;
        let Reading { arena, values, .. } = self.reading;
        let start = values.borrow().len();
        while let Some(value) = access.next_element_seed(inside)? {
            values.borrow_mut().push(value);
        }
        let mut values = values.borrow_mut();
        let array = arena.alloc_slice_copy(&values[start..]);
        values.truncate(start);
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let inside = self.inside()?;
        let Reading { arena, members, .. } = self.reading;
        let start = members.borrow().len();
        while let Some(name) = access.next_key_seed(Name(arena))? {
            let value = match self.leave_out.iter().find(|(member, _)| *member == name) {
                None => access.next_value_seed(inside)?,
                Some((_, Below::Members(leave_out))) => access.next_value_seed(Self { leave_out, ..inside })?,
                Some((_, Below::All)) => access.next_value::<IgnoredAny>().map(|_| Json::LeftOut)?,
            };
            members.borrow_mut().push((name, value));
        }
        let mut members = members.borrow_mut();
        let object = &members[start..];
        if let Some(name) = duplicate(object) {
            let name = printable(&start_of(name));
            return Err(A::Error::custom(format_args!("an object has the member \"{name}\" twice; it ends")));
        }
        let object = arena.alloc_slice_copy(object);
        members.truncate(start);
        Ok(Json::Object(object))
    }
}

/// Reads a member's name.
struct Name<'a>(&'a Bump);

impl<'de> DeserializeSeed<'de> for Name<'de> {
    type Value = &'de str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name<'de> {
    type Value = &'de str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(self.0.alloc_str(value))
    }
}

/// A name that occurs twice. The standard library's hashing is keyed, so names cannot be chosen to collide.
fn duplicate<'m>(members: &[(&'m str, Json<'_>)]) -> Option<&'m str> {
    if members.len() <= SMALL {
        let before = |index: usize, name: &str| members[..index].iter().any(|(other, _)| *other == name);
        return members.iter().enumerate().find(|(index, (name, _))| before(*index, name)).map(|(_, (name, _))| *name);
    }
    let mut seen = HashSet::with_capacity(members.len());
    members.iter().map(|(name, _)| *name).find(|name| !seen.insert(*name))
}
