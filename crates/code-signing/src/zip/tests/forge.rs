//! Zip files for tests, valid and invalid, record by record.

use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use crate::zip::record::{Central, End, Local};

/// An entry, of which each record can be changed.
#[derive(Clone)]
pub(crate) struct Forged {
    pub(crate) local: Local,
    pub(crate) local_name: Vec<u8>,
    pub(crate) local_extra: Vec<u8>,
    pub(crate) data: Vec<u8>,
    pub(crate) descriptor: Vec<u8>,
    pub(crate) central: Central,
    pub(crate) central_name: Vec<u8>,
    pub(crate) central_extra: Vec<u8>,
    pub(crate) comment: Vec<u8>,
}

pub(crate) fn deflated(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn length(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap()
}

impl Forged {
    /// A stored file.
    pub(crate) fn stored(name: &str, content: &[u8]) -> Self {
        let mut crc = Crc::new();
        crc.update(content);
        let size = u32::try_from(content.len()).unwrap();
        let local = Local {
            version_needed: 20,
            flags: 0,
            method: 0,
            modified: 0x5a21_0000,
            crc: crc.sum(),
            compressed: size,
            size,
            name_length: 0,
            extra_length: 0,
        };
        let central = Central {
            made_by: 0x0314,
            local: local.clone(),
            comment_length: 0,
            disk: 0,
            internal_attributes: 0,
            external_attributes: 0o100_644 << 16,
            offset: 0,
        };
        Self {
            local,
            local_name: name.into(),
            local_extra: Vec::new(),
            data: content.to_vec(),
            descriptor: Vec::new(),
            central,
            central_name: name.into(),
            central_extra: Vec::new(),
            comment: Vec::new(),
        }
    }

    /// A deflated file.
    pub(crate) fn deflated(name: &str, content: &[u8]) -> Self {
        let mut entry = Self::stored(name, content);
        entry.data = deflated(content);
        let compressed = u32::try_from(entry.data.len()).unwrap();
        for local in [&mut entry.local, &mut entry.central.local] {
            local.method = 8;
            local.compressed = compressed;
        }
        entry
    }

    /// As programs write that do not know the sizes before the data: with a data descriptor.
    pub(crate) fn streamed(mut self, with_signature: bool, long: bool) -> Self {
        let local = &self.central.local;
        let (crc, compressed, size) = (local.crc, local.compressed, local.size);
        self.descriptor = if with_signature { b"PK\x07\x08".to_vec() } else { Vec::new() };
        self.descriptor.extend(crc.to_le_bytes());
        for size in [compressed, size] {
            self.descriptor.extend(&u64::from(size).to_le_bytes()[..if long { 8 } else { 4 }]);
        }
        self.local.crc = 0;
        self.local.compressed = 0;
        self.local.size = 0;
        self.local.flags |= 8;
        self.central.local.flags |= 8;
        self
    }

    /// Changes the entry.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(crate) fn write_local(&self, to: &mut Vec<u8>) {
        let (name_length, extra_length) = (length(&self.local_name), length(&self.local_extra));
        Local { name_length, extra_length, ..self.local.clone() }.write(to);
        to.extend([&self.local_name[..], &self.local_extra, &self.data, &self.descriptor].concat());
    }

    pub(crate) fn write_central(&self, offset: u32, to: &mut Vec<u8>) {
        let mut central = self.central.clone();
        central.local.name_length = length(&self.central_name);
        central.local.extra_length = length(&self.central_extra);
        central.comment_length = length(&self.comment);
        central.offset = central.offset.saturating_add(offset);
        central.write(to);
        to.extend([&self.central_name[..], &self.central_extra, &self.comment].concat());
    }
}

/// An archive of these entries.
pub(crate) fn archive(entries: &[Forged]) -> Vec<u8> {
    archive_with(entries, b"", |_| {})
}

/// An archive with a comment and a changed end record.
pub(crate) fn archive_with(entries: &[Forged], comment: &[u8], change: impl FnOnce(&mut End)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        entry.write_central(u32::try_from(bytes.len()).unwrap(), &mut directory);
        entry.write_local(&mut bytes);
    }
    let mut end = End {
        entries: u16::try_from(entries.len()).unwrap(),
        directory_size: u32::try_from(directory.len()).unwrap(),
        directory_offset: u32::try_from(bytes.len()).unwrap(),
        comment_length: length(comment),
    };
    change(&mut end);
    bytes.extend(directory);
    end.write(&mut bytes);
    bytes.extend(comment);
    bytes
}
