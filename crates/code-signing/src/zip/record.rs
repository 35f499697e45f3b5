//! The records of a zip file, field by field: PKWARE's APPNOTE.TXT, sections 4.3.7, 4.3.9, 4.3.12 and 4.3.16.

/// The size of a local file header without name and extra field.
pub(crate) const LOCAL_SIZE: usize = 30;
/// The size of a central directory header without name, extra field and comment.
pub(crate) const CENTRAL_SIZE: usize = 46;
/// The size of the end of central directory record without comment.
pub(crate) const END_SIZE: usize = 22;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;

/// Little-endian fields in order.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.bytes(2)?.try_into().ok()?))
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.bytes(4)?.try_into().ok()?))
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.bytes(8)?.try_into().ok()?))
    }
}

/// A local file header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Local {
    pub(crate) version_needed: u16,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    /// MS-DOS time in the low half, date in the high half.
    pub(crate) modified: u32,
    pub(crate) crc: u32,
    pub(crate) compressed: u32,
    pub(crate) size: u32,
    pub(crate) name_length: u16,
    pub(crate) extra_length: u16,
}

impl Local {
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        if fields.u32()? != LOCAL {
            return None;
        }
        Some(Self {
            version_needed: fields.u16()?,
            flags: fields.u16()?,
            method: fields.u16()?,
            modified: fields.u32()?,
            crc: fields.u32()?,
            compressed: fields.u32()?,
            size: fields.u32()?,
            name_length: fields.u16()?,
            extra_length: fields.u16()?,
        })
    }

    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        to.extend(LOCAL.to_le_bytes());
        to.extend(self.version_needed.to_le_bytes());
        to.extend(self.flags.to_le_bytes());
        to.extend(self.method.to_le_bytes());
        to.extend(self.modified.to_le_bytes());
        to.extend(self.crc.to_le_bytes());
        to.extend(self.compressed.to_le_bytes());
        to.extend(self.size.to_le_bytes());
        to.extend(self.name_length.to_le_bytes());
        to.extend(self.extra_length.to_le_bytes());
    }
}

/// A header of the central directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Central {
    pub(crate) made_by: u16,
    pub(crate) local: Local,
    pub(crate) comment_length: u16,
    pub(crate) disk: u16,
    pub(crate) internal_attributes: u16,
    pub(crate) external_attributes: u32,
    pub(crate) offset: u32,
}

impl Central {
    pub(crate) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        if fields.u32()? != CENTRAL {
            return None;
        }
        Some(Self {
            made_by: fields.u16()?,
            local: Local {
                version_needed: fields.u16()?,
                flags: fields.u16()?,
                method: fields.u16()?,
                modified: fields.u32()?,
                crc: fields.u32()?,
                compressed: fields.u32()?,
                size: fields.u32()?,
                name_length: fields.u16()?,
                extra_length: fields.u16()?,
            },
            comment_length: fields.u16()?,
            disk: fields.u16()?,
            internal_attributes: fields.u16()?,
            external_attributes: fields.u32()?,
            offset: fields.u32()?,
        })
    }

    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        let local = &self.local;
        to.extend(CENTRAL.to_le_bytes());
        to.extend(self.made_by.to_le_bytes());
        to.extend(local.version_needed.to_le_bytes());
        to.extend(local.flags.to_le_bytes());
        to.extend(local.method.to_le_bytes());
        to.extend(local.modified.to_le_bytes());
        to.extend(local.crc.to_le_bytes());
        to.extend(local.compressed.to_le_bytes());
        to.extend(local.size.to_le_bytes());
        to.extend(local.name_length.to_le_bytes());
        to.extend(local.extra_length.to_le_bytes());
        to.extend(self.comment_length.to_le_bytes());
        to.extend(self.disk.to_le_bytes());
        to.extend(self.internal_attributes.to_le_bytes());
        to.extend(self.external_attributes.to_le_bytes());
        to.extend(self.offset.to_le_bytes());
    }
}

/// The end of central directory record of an archive on one disk, without its comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) entries: u16,
    pub(crate) directory_size: u32,
    pub(crate) directory_offset: u32,
    pub(crate) comment_length: u16,
}

impl End {
    /// Reads the record. `None` if it is another one, or that of an archive on several disks.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let is_whole = fields.u32()? == END && fields.u16()? == 0 && fields.u16()? == 0;
        let entries = fields.u16()?;
        if !is_whole || fields.u16()? != entries {
            return None;
        }
        Some(Self {
            entries,
            directory_size: fields.u32()?,
            directory_offset: fields.u32()?,
            comment_length: fields.u16()?,
        })
    }

    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        to.extend(END.to_le_bytes());
        to.extend([0; 4]);
        to.extend(self.entries.to_le_bytes());
        to.extend(self.entries.to_le_bytes());
        to.extend(self.directory_size.to_le_bytes());
        to.extend(self.directory_offset.to_le_bytes());
        to.extend(self.comment_length.to_le_bytes());
    }
}

/// A data descriptor: CRC and sizes that a writer knew only after the data. Its signature is optional, and its sizes
/// have 4 or 8 bytes, so its length tells which form it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Descriptor {
    pub(crate) crc: u32,
    pub(crate) compressed: u64,
    pub(crate) size: u64,
}

impl Descriptor {
    /// The longest form.
    pub(crate) const MOST: u64 = 24;

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (is_signed, is_long) = match bytes.len() {
            12 => (false, false),
            16 => (true, false),
            20 => (false, true),
            24 => (true, true),
            _ => return None,
        };
        let mut fields = Fields(bytes);
        if is_signed && fields.u32()? != DESCRIPTOR {
            return None;
        }
        let crc = fields.u32()?;
        let mut size = || if is_long { fields.u64() } else { fields.u32().map(u64::from) };
        Some(Self { crc, compressed: size()?, size: size()? })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn written_records_read_back() {
        let local = Local {
            version_needed: 20,
            flags: 8,
            method: 8,
            modified: 0x5a21_1234,
            crc: 7,
            compressed: 8,
            size: 9,
            name_length: 1,
            extra_length: 2,
        };
        let mut bytes = Vec::new();
        local.write(&mut bytes);
        assert_eq!(bytes.len(), LOCAL_SIZE);
        assert_eq!(Local::read(&bytes).unwrap(), local);
        let central = Central {
            made_by: 0x0314,
            local,
            comment_length: 3,
            disk: 0,
            internal_attributes: 1,
            external_attributes: 0o100_644 << 16,
            offset: 77,
        };
        let mut bytes = Vec::new();
        central.write(&mut bytes);
        assert_eq!(bytes.len(), CENTRAL_SIZE);
        assert_eq!(Central::read(&mut Fields(&bytes)).unwrap(), central);
        let end = End { entries: 3, directory_size: 4, directory_offset: 5, comment_length: 6 };
        let mut bytes = Vec::new();
        end.write(&mut bytes);
        assert_eq!(bytes.len(), END_SIZE);
        assert_eq!(End::read(&bytes).unwrap(), end);
        bytes[4] = 1;
        assert_eq!(End::read(&bytes), None, "an archive on several disks");
    }
}
