//! Reading DER element by element. Bytes that were signed or hashed are kept as they are, which derived decoders do
//! not offer.

use der::asn1::{IntRef, Null};
use der::{Decode, ErrorKind, Header, Reader as _, SliceReader, Tag, TagNumber};

/// An element of a constructed encoding.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: Tag,
    /// The element without tag and length.
    pub(crate) content: &'a [u8],
    /// The whole element.
    pub(crate) der: &'a [u8],
}

/// The elements of a constructed encoding, in their order.
#[derive(Debug)]
pub(crate) struct Elements<'a>(SliceReader<'a>);

/// The tag `[number]` of a constructed element.
pub(crate) const fn context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// Reads `der` as one element with this tag, and nothing after it.
pub(crate) fn single(der: &[u8], tag: Tag) -> der::Result<Element<'_>> {
    let mut elements = Elements::of(der)?;
    let element = elements.required(tag)?;
    elements.finish()?;
    Ok(element)
}

impl<'a> Element<'a> {
    /// Returns the elements that this one consists of.
    pub(crate) fn elements(&self) -> der::Result<Elements<'a>> {
        Elements::of(self.content)
    }

    /// Checks that the element and all that it consists of has the form of DER: tags, lengths, and the values of
    /// BOOLEAN, INTEGER and NULL. At most `depth` constructed elements may be around a value.
    pub(crate) fn check(&self, depth: usize) -> der::Result<()> {
        if !self.tag.is_constructed() {
            return match self.tag {
                Tag::Boolean => self.decode::<bool>().map(drop),
                Tag::Integer => self.decode::<IntRef<'_>>().map(drop),
                Tag::Null => self.decode::<Null>().map(drop),
                _ => Ok(()),
            };
        }
        let depth = depth.checked_sub(1).ok_or(ErrorKind::Overlength)?;
        let mut elements = self.elements()?;
        while !elements.is_finished() {
            elements.next()?.check(depth)?;
        }
        Ok(())
    }

    /// Decodes the element as a value of a type with a tag of its own.
    pub(crate) fn decode<T: Decode<'a, Error = der::Error>>(&self) -> der::Result<T> {
        T::from_der(self.der)
    }
}

impl<'a> Elements<'a> {
    /// Returns the elements of the content of a constructed encoding.
    pub(crate) fn of(content: &'a [u8]) -> der::Result<Self> {
        Ok(Self(SliceReader::new(content)?))
    }

    /// Returns the next element, whatever its tag.
    pub(crate) fn next(&mut self) -> der::Result<Element<'a>> {
        let der = self.0.tlv_bytes()?;
        let mut header = SliceReader::new(der)?;
        let tag = Header::decode(&mut header)?.tag();
        let start = usize::try_from(header.position())?;
        Ok(Element { tag, content: der.get(start..).unwrap_or_default(), der })
    }

    /// Returns the next element, which must have this tag.
    pub(crate) fn required(&mut self, tag: Tag) -> der::Result<Element<'a>> {
        let element = self.next()?;
        element.tag.assert_eq(tag)?;
        Ok(element)
    }

    /// Returns the next element if it has this tag.
    pub(crate) fn optional(&mut self, tag: Tag) -> der::Result<Option<Element<'a>>> {
        if self.is_finished() || Tag::peek(&self.0)? != tag {
            return Ok(None);
        }
        self.next().map(Some)
    }

    /// Decodes the next element.
    pub(crate) fn decode<T: Decode<'a, Error = der::Error>>(&mut self) -> der::Result<T> {
        self.next()?.decode()
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// Ends reading: more elements are an error.
    pub(crate) fn finish(self) -> der::Result<()> {
        self.0.finish()
    }
}

/// The value of an INTEGER, without the zero byte that marks it as positive. `None` if it is negative.
pub(crate) fn unsigned<'a>(integer: &Element<'a>) -> der::Result<Option<&'a [u8]>> {
    // Checks the tag, and that the encoding is the shortest.
    integer.decode::<IntRef<'_>>()?;
    Ok(match integer.content {
        [0, rest @ ..] => Some(rest),
        [first, ..] if first & 0x80 != 0 => None,
        content => Some(content),
    })
}
