//! Adding entries to an archive without changing a byte of the entries that it has.

use std::ops::Range;

use flate2::Crc;
use time::OffsetDateTime;

use super::archive::Archive;
use super::record::{Central, End, Local};
use crate::content::{Part, SignedContent};

/// Made by version 2.0 of a program on Unix: the attributes are a mode.
const UNIX: u16 = 0x0314;
/// Names are in UTF-8.
const UTF8: u16 = 1 << 11;
/// A regular file that its owner may write and all may read.
const MODE: u32 = 0o100_644 << 16;

/// A new entry, which is stored without compression.
pub(crate) struct NewEntry {
    pub(crate) name: &'static str,
    pub(crate) data: Vec<u8>,
}

impl Archive {
    /// The archive with new entries at its end. `None` if the format has no room for them.
    pub(crate) fn with(&self, new: Vec<NewEntry>, modified: OffsetDateTime) -> Option<SignedContent> {
        let mut added = Vec::new();
        let mut headers = Vec::new();
        let count = u16::try_from(self.entries.len() + new.len()).ok().filter(|count| *count < u16::MAX)?;
        for NewEntry { name, data } in new {
            let offset = u32::try_from(self.directory.start + added.len() as u64).ok()?;
            let size = u32::try_from(data.len()).ok()?;
            let mut crc = Crc::new();
            crc.update(&data);
            let local = Local {
                version_needed: 20,
                flags: UTF8,
                method: 0,
                modified: dos_time(modified),
                crc: crc.sum(),
                compressed: size,
                size,
                name_length: u16::try_from(name.len()).ok()?,
                extra_length: 0,
            };
            local.write(&mut added);
            added.extend(name.as_bytes());
            added.extend(data);
            let central = Central {
                made_by: UNIX,
                local,
                comment_length: 0,
                disk: 0,
                internal_attributes: 0,
                external_attributes: MODE,
                offset,
            };
            central.write(&mut headers);
            headers.extend(name.as_bytes());
        }
        let directory_size = self.directory.end - self.directory.start + headers.len() as u64;
        let end = End {
            entries: count,
            directory_size: u32::try_from(directory_size).ok().filter(|size| *size != u32::MAX)?,
            directory_offset: u32::try_from(self.directory.start + added.len() as u64).ok()?,
            comment_length: u16::try_from(self.comment.len()).ok()?,
        };
        end.write(&mut headers);
        headers.extend(&self.comment);
        Some(SignedContent::new(vec![
            Part::Source(0..self.directory.start),
            Part::Bytes(added),
            Part::Source(self.directory.clone()),
            Part::Bytes(headers),
        ]))
    }

    /// The archive as it was before the last `count` entries were added. `None` if these are not the last ones.
    pub(crate) fn without_last(&self, count: usize) -> Option<SignedContent> {
        let (kept, added) = self.entries.split_at_checked(self.entries.len().checked_sub(count)?)?;
        let records = added.iter().map(|entry| entry.record.start).min()?..self.directory.start;
        if kept.iter().any(|entry| entry.record.start >= records.start) {
            return None;
        }
        let headers: Range<u64> = added.first()?.header.start..self.directory.end;
        let mut end = Vec::new();
        let record = End {
            entries: u16::try_from(kept.len()).ok()?,
            directory_size: u32::try_from(headers.start - self.directory.start).ok()?,
            directory_offset: u32::try_from(records.start).ok()?,
            comment_length: u16::try_from(self.comment.len()).ok()?,
        };
        record.write(&mut end);
        end.extend(&self.comment);
        Some(SignedContent::new(vec![
            Part::Source(0..records.start),
            Part::Source(self.directory.start..headers.start),
            Part::Bytes(end),
        ]))
    }
}

/// A time in the form of MS-DOS: two-second steps from 1980 to 2107; times outside become the first or the last one.
fn dos_time(time: OffsetDateTime) -> u32 {
    let time = time.to_offset(time::UtcOffset::UTC);
    let years = match time.year() - 1980 {
        ..0 => return 0x0021_0000,
        128.. => return 0xff9f_bf7d,
        years => u32::try_from(years).unwrap_or_default(),
    };
    let date = years << 9 | u32::from(u8::from(time.month())) << 5 | u32::from(time.day());
    let clock = (u32::from(time.hour()) << 11) | (u32::from(time.minute()) << 5) | (u32::from(time.second()) / 2);
    date << 16 | clock
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::dos_time;

    #[test]
    fn writes_times_of_ms_dos() {
        assert_eq!(dos_time(datetime!(1980-01-01 00:00:00 UTC)), 0x0021_0000);
        assert_eq!(dos_time(datetime!(1970-01-01 00:00:00 UTC)), 0x0021_0000);
        assert_eq!(dos_time(datetime!(2026-11-27 20:50:58 +01:00)), 0x5d7b_9e5d);
        assert_eq!(dos_time(datetime!(2107-12-31 23:59:59 UTC)), 0xff9f_bf7d);
        assert_eq!(dos_time(datetime!(2200-01-01 00:00:00 UTC)), 0xff9f_bf7d);
    }
}
