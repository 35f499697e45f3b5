//! The data of an entry: unpacked with a bound, compared with what the headers say, and hashed.

use std::io;

use aws_lc_rs::digest::{Context, SHA384};
use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::archive::{Compression, Entry};
use super::error::ZipError;
use crate::content::{Content, for_each_piece};

/// How many unpacked bytes are held at a time.
const PIECE: usize = 64 * 1024;

/// SHA-384 of something.
pub type Sha384 = [u8; 48];

impl Entry {
    /// Unpacks the entry and returns the SHA-384 of its content.
    ///
    /// # Errors
    /// Returns [`ZipError::Entry`] if the data is broken, has another size or CRC than the headers say, or goes on
    /// after its end. No more than the size in the headers is unpacked.
    pub fn hash(&self, content: &(impl Content + ?Sized)) -> Result<Sha384, ZipError> {
        let mut hash = Context::new(&SHA384);
        self.unpack(content, |piece| hash.update(piece))?;
        let mut sha384 = [0; 48];
        sha384.copy_from_slice(hash.finish().as_ref());
        Ok(sha384)
    }

    /// Unpacks the entry into memory. The caller bounds its size.
    ///
    /// # Errors
    /// As [`Self::hash`].
    pub(crate) fn bytes(&self, content: &(impl Content + ?Sized)) -> Result<Vec<u8>, ZipError> {
        let mut bytes = Vec::new();
        self.unpack(content, |piece| bytes.extend_from_slice(piece))?;
        Ok(bytes)
    }

    fn unpack(&self, content: &(impl Content + ?Sized), mut take: impl FnMut(&[u8])) -> Result<(), ZipError> {
        let wrong = |problem| ZipError::entry(&self.name, problem);
        let mut crc = Crc::new();
        let mut size = 0u64;
        let mut unpacked = |piece: &[u8]| {
            size += piece.len() as u64;
            if size > self.size {
                return Err(wrong("its data is longer than its headers say"));
            }
            crc.update(piece);
            take(piece);
            Ok(())
        };
        match self.compression {
            Compression::Stored => for_each_piece(content, self.data.clone(), unpacked)?,
            Compression::Deflated => self.inflate(content, &mut unpacked)?,
        }
        if size != self.size {
            return Err(wrong("its data is shorter than its headers say"));
        }
        if crc.sum() != self.crc {
            return Err(wrong("its CRC is wrong: the data was changed or damaged"));
        }
        Ok(())
    }

    fn inflate(
        &self,
        content: &(impl Content + ?Sized),
        unpacked: &mut impl FnMut(&[u8]) -> Result<(), ZipError>,
    ) -> Result<(), ZipError> {
        // Some programs write no compressed data for nothing, and readers unpack it to nothing.
        if self.data.is_empty() && self.size == 0 {
            return Ok(());
        }
        let broken = || ZipError::entry(&self.name, "its compressed data is broken");
        let mut inflate = Decompress::new(false);
        let mut buffer = vec![0; PIECE];
        let mut at_end = false;
        for_each_piece(content, self.data.clone(), |piece| {
            let mut rest = piece;
            loop {
                if at_end {
                    let problem = "there are bytes after the end of its compressed data";
                    return if rest.is_empty() { Ok(()) } else { Err(ZipError::entry(&self.name, problem)) };
                }
                let (read, written) = (inflate.total_in(), inflate.total_out());
                let status = inflate.decompress(rest, &mut buffer, FlushDecompress::None).map_err(|_| broken())?;
                let read = usize::try_from(inflate.total_in() - read).map_err(io::Error::other)?;
                let written = usize::try_from(inflate.total_out() - written).map_err(io::Error::other)?;
                rest = rest.get(read..).ok_or_else(broken)?;
                unpacked(&buffer[..written])?;
                at_end = status == Status::StreamEnd;
                // A full buffer may mean that there is more in the decompressor.
                if !at_end && rest.is_empty() && written < buffer.len() {
                    return Ok(());
                }
                if !at_end && read == 0 && written == 0 {
                    return Err(broken());
                }
            }
        })?;
        if at_end { Ok(()) } else { Err(ZipError::entry(&self.name, "its compressed data is cut off")) }
    }
}
