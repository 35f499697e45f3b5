//! Reading the structure of a zip file so that every reader sees the same: PKWARE's APPNOTE.TXT.
//!
//! Readers of zip files differ. Some start at the end and follow the central directory, some read entry after entry
//! from the start; some look for the last end record, some for the first. A file that they read differently could pass
//! a check and be unpacked to something else. So there is one form that is accepted:
//!
//! - The local entries follow each other from the first byte to the central directory, without gaps and overlaps.
//! - The end record follows the central directory, and its comment ends the file. The comment has no second one, and
//!   the last header of the central directory no locator of a Zip64 end record.
//! - Local header, data descriptor and central directory agree in name, method, flags, CRC and sizes.
//! - Names are unique relative paths in UTF-8. Methods are *stored* and *deflated*. There is no encryption, no second
//!   disk, and no Zip64 end record, which only archives beyond the limits need.

use std::ops::Range;

use super::error::ZipError;
use super::extra::Extra;
use super::limits::Limits;
use super::name;
use super::record::{CENTRAL_SIZE, Central, Descriptor, END_SIZE, End, Fields, LOCAL_SIZE, Local};
use crate::content::{Content, read};

/// Flag: encrypted.
const ENCRYPTED: u16 = 1;
/// Flag: CRC and sizes are in a data descriptor after the data.
const DESCRIBED: u16 = 1 << 3;
/// Flags that say how to read the entry: encryption, descriptor, patch data, strong encryption, UTF-8, masked headers.
const MEANINGFUL: u16 = ENCRYPTED | DESCRIBED | (1 << 5) | (1 << 6) | (1 << 11) | (1 << 13);
/// Flags that are not supported.
const UNSUPPORTED: u16 = ENCRYPTED | (1 << 5) | (1 << 6) | (1 << 13);
/// The longest comment, and the longest name or extra field.
const LONGEST: u64 = u16::MAX as u64;

/// How the data of an entry is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Stored,
    /// With DEFLATE, RFC 1951.
    Deflated,
}

/// An entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path; that of a folder ends with `/`.
    pub name: String,
    /// The number of bytes when unpacked.
    pub size: u64,
    /// How its data is compressed.
    pub compression: Compression,
    /// MS-DOS time in the low half, date in the high half, as in the central directory.
    pub modified: u32,
    /// The system (high byte) and the version of the program that made the entry. The system defines the attributes.
    pub made_by: u16,
    /// The external attributes: on Unix, the mode in the high half.
    pub attributes: u32,
    pub(crate) crc: u32,
    /// Where the compressed data is.
    pub(crate) data: Range<u64>,
    /// Where the local header, the data and the data descriptor are.
    pub(crate) record: Range<u64>,
    /// Where the header of the central directory is.
    pub(crate) header: Range<u64>,
}

/// The structure of a zip file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// The entries, in the order of the central directory.
    pub entries: Vec<Entry>,
    /// Where the central directory is.
    pub(crate) directory: Range<u64>,
    /// The comment of the archive.
    pub(crate) comment: Vec<u8>,
}

impl Archive {
    /// Reads the structure. The data of the entries is not read.
    ///
    /// # Errors
    /// Returns [`ZipError`] if the file is not a zip file of the form above, or exceeds the limits.
    pub fn read(content: &(impl Content + ?Sized), limits: &Limits) -> Result<Self, ZipError> {
        let size = content.size()?;
        if size == 0 {
            return Err(ZipError::Empty);
        }
        if size > limits.size {
            return Err(ZipError::too_large(size, limits));
        }
        let (end, comment) = end_record(content, size)?;
        let directory = u64::from(end.directory_offset)..size - END_SIZE as u64 - comment.len() as u64;
        if directory.end.checked_sub(directory.start) != Some(end.directory_size.into()) {
            return Err(ZipError::Malformed(
                "data precedes or follows its parts: the end record does not follow the central directory",
            ));
        }
        if end.entries == 0 {
            return Err(match directory.end {
                0 => ZipError::Empty,
                _ => ZipError::Malformed("bytes that belong to no entry"),
            });
        }
        if u64::from(end.entries) > limits.entries {
            return Err(ZipError::TooManyEntries { entries: end.entries.into(), most: limits.entries });
        }
        let mut entries = directory_entries(content, &directory, end.entries.into())?;
        locate(content, &mut entries, directory.start)?;
        name::check_places(entries.iter().map(|entry| entry.name.as_str()))?;
        let unpacked = entries.iter().try_fold(0u64, |sum, entry| sum.checked_add(entry.size));
        if unpacked.is_none_or(|unpacked| unpacked > limits.unpacked) {
            return Err(ZipError::TooLargeUnpacked { most: limits.unpacked });
        }
        Ok(Self { entries, directory, comment })
    }
}

/// Finds the end record, whose comment must end the file.
fn end_record(content: &(impl Content + ?Sized), size: u64) -> Result<(End, Vec<u8>), ZipError> {
    const END: &[u8] = b"PK\x05\x06";
    const ZIP64_LOCATOR: &[u8] = b"PK\x06\x07";
    const ZIP64_LOCATOR_SIZE: usize = 20;
    let tail = read(content, size.saturating_sub(END_SIZE as u64 + LONGEST)..size)?;
    // Readers that look for the last signature must find the same record, so none may be in the comment.
    let at = tail.windows(END.len()).rposition(|bytes| bytes == END);
    let found = at.and_then(|at| Some((at, End::read(&tail[at..])?, tail.get(at + END_SIZE..)?)));
    let Some((at, end, comment)) = found else {
        return Err(ZipError::Malformed("not a zip file, or it is cut off"));
    };
    if comment.len() != usize::from(end.comment_length) {
        return Err(ZipError::Malformed("data follows the archive, or its comment has a signature of an end record"));
    }
    let locator = at.checked_sub(ZIP64_LOCATOR_SIZE).and_then(|start| tail.get(start..start + ZIP64_LOCATOR.len()));
    let is_beyond = end.entries == u16::MAX || end.directory_size == u32::MAX || end.directory_offset == u32::MAX;
    if is_beyond || locator == Some(ZIP64_LOCATOR) {
        return Err(ZipError::Malformed("it has a Zip64 end record, for more than 65,534 entries or 4 GiB"));
    }
    Ok((end, comment.to_vec()))
}

/// Reads the central directory. The places of the data are known only from the local headers.
fn directory_entries(
    content: &(impl Content + ?Sized),
    directory: &Range<u64>,
    count: usize,
) -> Result<Vec<Entry>, ZipError> {
    let mut entries = Vec::with_capacity(count);
    let mut at = directory.start;
    for _ in 0..count {
        let entry = central_entry(content, at, directory.end)?;
        at = entry.header.end;
        entries.push(entry);
    }
    if at == directory.end {
        return Ok(entries);
    }
    Err(ZipError::Malformed("the central directory has more or fewer bytes than its entries"))
}

fn central_entry(content: &(impl Content + ?Sized), at: u64, end: u64) -> Result<Entry, ZipError> {
    const CUT: ZipError = ZipError::Malformed("the central directory is cut off, or its end record is wrong");
    let fixed = at.checked_add(CENTRAL_SIZE as u64).filter(|fixed| *fixed <= end).ok_or(CUT)?;
    let bytes = read(content, at..fixed)?;
    let central = Central::read(&mut Fields(&bytes)).ok_or(CUT)?;
    let local = &central.local;
    let lengths = [local.name_length, local.extra_length, central.comment_length].map(u64::from);
    let header = at..fixed + lengths.iter().sum::<u64>();
    if header.end > end {
        return Err(CUT);
    }
    let bytes = read(content, fixed..header.end)?;
    let (name, rest) = bytes.split_at(local.name_length.into());
    let extra = &rest[..local.extra_length.into()];
    let text = String::from_utf8_lossy(name);
    let wrong = |problem| ZipError::entry(&text, problem);
    if let Some(problem) = name::problem(&text) {
        return Err(wrong(problem));
    }
    if std::str::from_utf8(name).is_err() {
        return Err(wrong("the name is not UTF-8"));
    }
    if local.flags & UNSUPPORTED != 0 {
        return Err(wrong("encrypted entries and patches are not supported"));
    }
    let compression = match local.method {
        0 => Compression::Stored,
        8 => Compression::Deflated,
        _ => return Err(wrong("its compression method is neither stored nor deflated")),
    };
    if central.disk != 0 {
        return Err(wrong("it is on another disk"));
    }
    let extra = Extra::read(extra).ok_or_else(|| wrong("its extra field is broken"))?;
    if extra.renames(name) {
        return Err(wrong("its extra field has another name"));
    }
    let resolved = extra.resolve([local.size, local.compressed, central.offset]);
    let [size, compressed, offset] = resolved.ok_or_else(|| wrong("its 64-bit sizes are missing"))?;
    if text.ends_with('/') && size != 0 {
        return Err(wrong("a folder has data"));
    }
    if compression == Compression::Stored && size != compressed {
        return Err(wrong("it is not compressed, but has two sizes"));
    }
    Ok(Entry {
        size,
        compression,
        modified: local.modified,
        made_by: central.made_by,
        attributes: central.external_attributes,
        crc: local.crc,
        // Until the local header is read: where it begins, and how long the data is.
        data: 0..compressed,
        record: offset..offset,
        header,
        name: text.into_owned(),
    })
}

/// Reads the local headers, which must follow each other up to the central directory and agree with it.
fn locate(content: &(impl Content + ?Sized), entries: &mut [Entry], directory: u64) -> Result<(), ZipError> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|at| entries[*at].record.start);
    let mut at = 0;
    for (position, index) in order.iter().enumerate() {
        let next = order.get(position + 1).map_or(directory, |next| entries[*next].record.start);
        let entry = &mut entries[*index];
        if entry.record.start != at || next > directory {
            let problem = "there are bytes before it that belong to no entry, or it overlaps another entry";
            return Err(ZipError::entry(&entry.name, problem));
        }
        entry.record.end = next;
        locate_data(content, entry)?;
        at = next;
    }
    Ok(())
}

fn locate_data(content: &(impl Content + ?Sized), entry: &mut Entry) -> Result<(), ZipError> {
    let wrong = |problem| Err(ZipError::entry(&entry.name, problem));
    const CUT: &str = "its local header is missing, or it is cut off";
    const OTHER: &str = "its local header differs from the central directory";
    let record = entry.record.clone();
    let fixed = record.start + LOCAL_SIZE as u64;
    if fixed > record.end {
        return wrong(CUT);
    }
    let Some(local) = Local::read(&read(content, record.start..fixed)?) else { return wrong(CUT) };
    let start = fixed + u64::from(local.name_length) + u64::from(local.extra_length);
    let Some(end) = start.checked_add(entry.data.end).filter(|end| *end <= record.end) else { return wrong(CUT) };
    let bytes = read(content, fixed..start)?;
    let (name, extra) = bytes.split_at(local.name_length.into());
    let central =
        Central::read(&mut Fields(&read(content, entry.header.start..entry.header.start + CENTRAL_SIZE as u64)?));
    let Some(Central { local: listed, .. }) = central else { return wrong(OTHER) };
    if name != entry.name.as_bytes()
        || local.method != listed.method
        || local.flags & MEANINGFUL != listed.flags & MEANINGFUL
    {
        return wrong(OTHER);
    }
    let Some(extra) = Extra::read(extra) else { return wrong("the extra field of its local header is broken") };
    if extra.renames(name) {
        return wrong("the extra field of its local header has another name");
    }
    let Some([size, compressed]) = extra.resolve([local.size, local.compressed]) else {
        return wrong("its 64-bit sizes are missing in the local header");
    };
    let given = Descriptor { crc: local.crc, compressed, size };
    let expected = Descriptor { crc: entry.crc, compressed: entry.data.end, size: entry.size };
    if local.flags & DESCRIBED == 0 {
        if given != expected || end != record.end {
            return wrong(if given == expected { "there are bytes after its data" } else { OTHER });
        }
    } else {
        let unknown = Descriptor { crc: 0, compressed: 0, size: 0 };
        if given != expected && given != unknown {
            return wrong(OTHER);
        }
        if record.end - end > Descriptor::MOST {
            return wrong("there are bytes after its data");
        }
        match Descriptor::read(&read(content, end..record.end)?) {
            Some(found) if found == expected => {}
            _ => return wrong("its data descriptor is missing or differs from the central directory"),
        }
    }
    entry.data = start..end;
    Ok(())
}
