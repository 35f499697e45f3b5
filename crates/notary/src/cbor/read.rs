//! Reading a data item: `minicbor` decodes each head, and this module walks over the nested items within the limits.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use minicbor::data::Type;
use minicbor::decode::{Decoder, Error};

use super::item::Float;
use super::{CborError, Item, MAX_DEPTH, MAX_ITEMS};

/// Parses exactly one data item.
///
/// # Errors
/// Returns [`CborError`] if the bytes are not one well-formed data item, a map has a key twice, or the item exceeds the
/// limits.
pub(crate) fn parse(bytes: &[u8]) -> Result<Item<'_>, CborError> {
    let mut reader = Reader { input: Decoder::new(bytes), left: MAX_ITEMS };
    let item = reader.item(MAX_DEPTH)?;
    match bytes.len() - reader.input.position() {
        0 => Ok(item),
        trailing => Err(CborError::Trailing(trailing)),
    }
}

struct Reader<'a> {
    input: Decoder<'a>,
    /// How many more items are read.
    left: usize,
}

impl<'a> Reader<'a> {
    /// Reads an item with at most `depth` levels.
    fn item(&mut self, depth: usize) -> Result<Item<'a>, CborError> {
        self.count()?;
        let position = self.input.position();
        let malformed = |why: Error| malformed(position, &why);
        match self.kind()? {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => {
                Ok(Item::Integer(self.input.int().map_err(malformed)?.into()))
            }
            Type::Bytes => Ok(Item::Bytes(Cow::Borrowed(self.input.bytes().map_err(malformed)?))),
            Type::BytesIndef => {
                let mut bytes = Vec::new();
                for part in self.input.bytes_iter().map_err(malformed)? {
                    bytes.extend_from_slice(part.map_err(malformed)?);
                    self.left = self.left.checked_sub(1).ok_or(CborError::TooMany)?;
                }
                Ok(Item::Bytes(Cow::Owned(bytes)))
            }
            Type::String => Ok(Item::Text(Cow::Borrowed(self.input.str().map_err(malformed)?))),
            Type::StringIndef => {
                let mut text = String::new();
                for part in self.input.str_iter().map_err(malformed)? {
                    text.push_str(part.map_err(malformed)?);
                    self.left = self.left.checked_sub(1).ok_or(CborError::TooMany)?;
                }
                Ok(Item::Text(Cow::Owned(text)))
            }
            Type::Array | Type::ArrayIndef => {
                let depth = depth.checked_sub(1).ok_or(CborError::TooDeep)?;
                let length = self.input.array().map_err(malformed)?;
                let mut items = Vec::new();
                while self.has_more(length, items.len())? {
                    items.push(self.item(depth)?);
                }
                Ok(Item::Array(items))
            }
            Type::Map | Type::MapIndef => {
                let depth = depth.checked_sub(1).ok_or(CborError::TooDeep)?;
                let length = self.input.map().map_err(malformed)?;
                let mut entries = BTreeMap::new();
                while self.has_more(length, entries.len())? {
                    let key = self.item(depth)?;
                    let value = self.item(depth)?;
                    match entries.entry(key) {
                        Entry::Vacant(entry) => drop(entry.insert(value)),
                        Entry::Occupied(entry) => return Err(CborError::DuplicateKey(entry.key().shown())),
                    }
                }
                Ok(Item::Map(entries))
            }
            Type::Tag => {
                let depth = depth.checked_sub(1).ok_or(CborError::TooDeep)?;
                let tag = self.input.tag().map_err(malformed)?;
                Ok(Item::Tag(tag.as_u64(), Box::new(self.item(depth)?)))
            }
            Type::Bool => Ok(if self.input.bool().map_err(malformed)? { Item::TRUE } else { Item::FALSE }),
            Type::Null => self.input.null().map(|()| Item::NULL).map_err(malformed),
            Type::Undefined => self.input.undefined().map(|()| Item::UNDEFINED).map_err(malformed),
            Type::Simple => self.simple(position),
            Type::F16 => Ok(Item::Float(Float::new(self.input.f16().map_err(malformed)?.into()))),
            Type::F32 => Ok(Item::Float(Float::new(self.input.f32().map_err(malformed)?.into()))),
            Type::F64 => Ok(Item::Float(Float::new(self.input.f64().map_err(malformed)?))),
            Type::Break => Err(self.wrong(position, "a break without an item of indefinite length")),
            Type::Unknown(_) => Err(self.wrong(position, "a reserved additional information")),
        }
    }

    /// A simple value. "An encoder MUST NOT issue two-byte sequences that start with 0xf8 [...] and continue with a
    /// byte less than 0x20": RFC 8949, section 3.3.
    fn simple(&mut self, position: usize) -> Result<Item<'a>, CborError> {
        let value = self.input.simple().map_err(|why| malformed(position, &why))?;
        let is_long = self.input.position() - position > 1;
        if is_long && value < 32 {
            return Err(self.wrong(position, "a simple value below 32 in two bytes"));
        }
        Ok(Item::Simple(value))
    }

    /// Whether an array or a map has more than `read` entries. Ends one of indefinite length at its break.
    fn has_more(&mut self, length: Option<u64>, read: usize) -> Result<bool, CborError> {
        match length {
            Some(length) => Ok((read as u64) < length),
            None if self.kind()? == Type::Break => {
                self.input.set_position(self.input.position() + 1);
                Ok(false)
            }
            None => Ok(true),
        }
    }

    fn kind(&self) -> Result<Type, CborError> {
        self.input.datatype().map_err(|why| malformed(self.input.position(), &why))
    }

    fn count(&mut self) -> Result<(), CborError> {
        self.left = self.left.checked_sub(1).ok_or(CborError::TooMany)?;
        Ok(())
    }

    fn wrong(&self, position: usize, why: &str) -> CborError {
        CborError::Malformed { position, why: why.to_owned() }
    }
}

fn malformed(position: usize, why: &Error) -> CborError {
    let why = if why.is_end_of_input() { "it ends too early".to_owned() } else { why.to_string() };
    CborError::Malformed { position, why }
}
