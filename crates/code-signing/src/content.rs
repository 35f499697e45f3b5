//! What is signed: bytes that are read in any order and never held as a whole, and what is made of them.

use std::fs::File;
use std::io;
use std::io::Write;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How many bytes are read at a time. A multiple of three, so that pieces in base64 join without padding.
const PIECE: usize = 96 * 1024;

/// Bytes of a known number, which do not change while they are used.
pub trait Content {
    /// The number of bytes.
    ///
    /// # Errors
    /// Returns the system's error.
    fn size(&self) -> io::Result<u64>;

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    /// Returns the system's error, and `UnexpectedEof` if there are fewer bytes.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
}

impl Content for [u8] {
    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let end = start.checked_add(buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(self.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl Content for Vec<u8> {
    fn size(&self) -> io::Result<u64> {
        self.as_slice().size()
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.as_slice().read_exact_at(buffer, offset)
    }
}

impl Content for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, buffer, offset)
    }
}

/// Reads a range as a whole. The caller bounds its length.
pub(crate) fn read(content: &(impl Content + ?Sized), range: Range<u64>) -> io::Result<Vec<u8>> {
    let length = usize::try_from(range.end.saturating_sub(range.start)).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let mut bytes = vec![0; length];
    content.read_exact_at(&mut bytes, range.start)?;
    Ok(bytes)
}

/// Passes a range to `take` piece by piece.
pub(crate) fn for_each_piece<E: From<io::Error>>(
    content: &(impl Content + ?Sized),
    range: Range<u64>,
    mut take: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut buffer = vec![0; PIECE];
    let mut at = range.start;
    while at < range.end {
        let length = usize::try_from(range.end - at).unwrap_or(PIECE).min(PIECE);
        let piece = &mut buffer[..length];
        content.read_exact_at(piece, at)?;
        take(piece)?;
        at += length as u64;
    }
    Ok(())
}

/// A part of what is made of a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// New bytes.
    Bytes(Vec<u8>),
    /// A range of the content, unchanged.
    Source(Range<u64>),
    /// A range of the content in base64.
    Base64(Range<u64>),
}

/// What is made of a content: new bytes and ranges of the content, in order. It holds no copy of the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedContent {
    parts: Vec<Part>,
}

impl SignedContent {
    pub(crate) fn new(parts: Vec<Part>) -> Self {
        Self { parts }
    }

    /// A content as it is.
    pub(crate) fn source(size: u64) -> Self {
        Self::new(vec![Part::Source(0..size)])
    }

    /// The number of bytes that [`Self::write`] writes.
    #[must_use]
    pub fn size(&self) -> u64 {
        let size = |part: &Part| match part {
            Part::Bytes(bytes) => bytes.len() as u64,
            Part::Source(range) => range.end - range.start,
            Part::Base64(range) => (range.end - range.start).div_ceil(3) * 4,
        };
        self.parts.iter().map(size).sum()
    }

    /// Writes the result. `content` must be the one that was signed.
    ///
    /// # Errors
    /// Returns an error of reading or writing.
    pub fn write(&self, content: &(impl Content + ?Sized), to: &mut impl Write) -> io::Result<()> {
        for part in &self.parts {
            match part {
                Part::Bytes(bytes) => to.write_all(bytes)?,
                Part::Source(range) => for_each_piece(content, range.clone(), |piece| to.write_all(piece))?,
                Part::Base64(range) => {
                    for_each_piece(content, range.clone(), |piece| to.write_all(STANDARD.encode(piece).as_bytes()))?;
                }
            }
        }
        Ok(())
    }

    /// The result in memory.
    ///
    /// # Errors
    /// Returns an error of reading.
    pub fn to_bytes(&self, content: &(impl Content + ?Sized)) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.write(content, &mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn base64_of_several_pieces_is_that_of_the_whole() {
        for length in [0, 1, 2, 3, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 2] {
            let content: Vec<u8> = (0..length).map(|i| i as u8).collect();
            let made = SignedContent::new(vec![Part::Bytes(b"<".to_vec()), Part::Base64(0..length as u64)]);
            let bytes = made.to_bytes(&content).unwrap();
            assert_eq!(bytes, format!("<{}", STANDARD.encode(&content)).into_bytes());
            assert_eq!(made.size(), bytes.len() as u64);
        }
    }

    #[test]
    fn reading_past_the_end_is_an_error() {
        let content = b"abc".to_vec();
        let mut two = [0; 2];
        content.read_exact_at(&mut two, 1).unwrap();
        assert_eq!(&two, b"bc");
        for offset in [2, 3, u64::MAX] {
            assert_eq!(content.read_exact_at(&mut two, offset).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
