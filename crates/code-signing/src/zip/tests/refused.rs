//! Each of these is read in different ways by different programs, or costs more than it seems.

use super::forge::{Forged, archive, archive_with, deflated};
use crate::zip::{Archive, Limits, ZipError};

/// Reads structure and data, as signing does.
fn refusal(zip: &Vec<u8>) -> String {
    let read = || -> Result<(), ZipError> {
        let archive = Archive::read(zip, &Limits::LAMBDA)?;
        archive.entries.iter().try_for_each(|entry| entry.hash(zip).map(|_| ()))
    };
    read().map_or_else(|why| why.to_string(), |()| "accepted".to_owned())
}

fn refuses(zip: &Vec<u8>, why: &str) {
    let found = refusal(zip);
    assert!(found.contains(why), "{found:?} does not say {why:?}");
}

fn a() -> Forged {
    Forged::stored("a", b"content")
}

#[test]
fn files_that_are_no_archives() {
    refuses(&Vec::new(), "empty");
    refuses(&archive(&[]), "empty");
    refuses(&b"#!/bin/sh\n".to_vec(), "not a zip file");
    let whole = archive(&[a()]);
    for length in 1..whole.len() {
        let found = refusal(&whole[..length].to_vec());
        assert!(found.contains("malformed"), "{length}: {found}");
    }
}

#[test]
fn data_around_the_archive() {
    let whole = archive(&[a()]);
    refuses(&[b"#!/bin/sh\n", &whole[..]].concat(), "precedes or follows");
    refuses(&[&whole[..], b"x"].concat(), "data follows the archive");
    // With correct offsets: a self-extracting archive.
    let mut bytes = b"#!/bin/sh\n".to_vec();
    let at = u32::try_from(bytes.len()).unwrap();
    a().write_local(&mut bytes);
    let start = u32::try_from(bytes.len()).unwrap();
    a().write_central(at, &mut bytes);
    let size = u32::try_from(bytes.len()).unwrap() - start;
    crate::zip::record::End { entries: 1, directory_size: size, directory_offset: start, comment_length: 0 }
        .write(&mut bytes);
    refuses(&bytes, "bytes before it");
}

#[test]
fn a_second_archive_in_the_comment() {
    let inner = archive(&[Forged::stored("evil", b"evil")]);
    refuses(&archive_with(&[a()], &inner, |_| {}), "precedes or follows");
    refuses(&archive_with(&[a()], b"PK\x05\x06", |_| {}), "not a zip file");
    let other = [&b"PK\x05\x06"[..], &[0; 30]].concat();
    refuses(&archive_with(&[a()], &other, |_| {}), "has a signature of an end record");
}

#[test]
fn archives_of_64_bits_and_of_several_disks() {
    refuses(&archive_with(&[a()], b"", |end| end.entries = u16::MAX), "Zip64");
    refuses(&archive_with(&[a()], b"", |end| end.directory_offset = u32::MAX), "Zip64");
    // Python uses a locator before the end record, whatever the end record says.
    let locator = [&b"PK\x06\x07"[..], &[0; 16]].concat();
    refuses(&archive(&[a().with(|entry| entry.comment = locator)]), "Zip64");
    refuses(&archive(&[a().with(|entry| entry.central.disk = 1)]), "another disk");
}

#[test]
fn end_records_that_do_not_fit() {
    for change in [
        (|end| end.entries = 2) as fn(&mut crate::zip::record::End),
        |end| end.entries = 0,
        |end| end.directory_size -= 1,
        |end| end.directory_size += 1,
        |end| end.directory_offset -= 1,
        |end| end.directory_offset += 1,
    ] {
        let found = refusal(&archive_with(&[a()], b"", change));
        assert!(found.contains("malformed"), "{found}");
    }
}

#[test]
fn local_headers_that_differ_from_the_directory() {
    let differs = "local header differs";
    refuses(&archive(&[a().with(|entry| entry.local_name = b"b".to_vec())]), differs);
    refuses(&archive(&[a().with(|entry| entry.local.crc ^= 1)]), differs);
    refuses(&archive(&[a().with(|entry| entry.local.size += 1)]), differs);
    refuses(&archive(&[a().with(|entry| entry.local.compressed += 1)]), differs);
    refuses(&archive(&[a().with(|entry| entry.local.flags = 1 << 11)]), differs);
    refuses(&archive(&[Forged::deflated("a", b"content").with(|entry| entry.local.method = 0)]), differs);
    let streamed = || Forged::deflated("a", b"content").streamed(true, false);
    refuses(&archive(&[streamed().with(|entry| entry.local.size = 3)]), differs);
    refuses(&archive(&[streamed().with(|entry| entry.descriptor[4] ^= 1)]), "data descriptor");
    refuses(&archive(&[streamed().with(|entry| entry.descriptor.clear())]), "data descriptor");
    refuses(&archive(&[streamed().with(|entry| entry.descriptor.extend([0; 30]))]), "bytes after its data");
    // Without the flag, the descriptor is read as the next entry.
    refuses(&archive(&[a().with(|entry| entry.descriptor = vec![0; 12])]), "bytes after its data");
}

#[test]
fn entries_that_overlap_or_leave_gaps() {
    let twice = archive(&[a(), Forged::stored("b", b"content").with(|entry| entry.central.offset = 1)]);
    refuses(&twice, "malformed");
    // Two headers of the directory for the same data: the usual zip bomb without nesting.
    let mut bytes = Vec::new();
    a().write_local(&mut bytes);
    let start = u32::try_from(bytes.len()).unwrap();
    a().write_central(0, &mut bytes);
    a().with(|entry| entry.central_name = b"b".to_vec()).write_central(0, &mut bytes);
    let size = u32::try_from(bytes.len()).unwrap() - start;
    crate::zip::record::End { entries: 2, directory_size: size, directory_offset: start, comment_length: 0 }
        .write(&mut bytes);
    refuses(&bytes, "malformed");
    // A local entry that the directory does not list.
    let mut bytes = Vec::new();
    a().write_local(&mut bytes);
    Forged::stored("hidden", b"evil").write_local(&mut bytes);
    let start = u32::try_from(bytes.len()).unwrap();
    a().write_central(0, &mut bytes);
    let size = u32::try_from(bytes.len()).unwrap() - start;
    crate::zip::record::End { entries: 1, directory_size: size, directory_offset: start, comment_length: 0 }
        .write(&mut bytes);
    refuses(&bytes, "bytes after its data");
}

#[test]
fn names_that_lead_elsewhere() {
    for name in ["../a", "/etc/passwd", "a/../../b", "a\\b", "", "a\0b", "a//b"] {
        let found = refusal(&archive(&[Forged::stored(name, b"x")]));
        assert!(found.contains("the name"), "{name:?}: {found}");
    }
    let bytes = |entry: &mut Forged| (entry.local_name, entry.central_name) = (vec![0x81], vec![0x81]);
    refuses(&archive(&[a().with(bytes)]), "not UTF-8");
    refuses(&archive(&[Forged::stored("a", b"1"), Forged::stored("a", b"2")]), "same name");
    refuses(&archive(&[Forged::stored("a", b"../../x"), Forged::stored("a/b", b"2")]), "folder of another");
    let second = [&[0x75, 0x70, 9, 0, 1, 0, 0, 0, 0][..], b"evil"].concat();
    refuses(&archive(&[a().with(|entry| entry.central_extra = second.clone())]), "another name");
    refuses(&archive(&[a().with(|entry| entry.local_extra = second)]), "another name");
}

#[test]
fn unsupported_entries() {
    for flag in [1, 1 << 5, 1 << 6, 1 << 13] {
        let flags = |entry: &mut Forged| (entry.local.flags, entry.central.local.flags) = (flag, flag);
        refuses(&archive(&[a().with(flags)]), "not supported");
    }
    let method = |entry: &mut Forged| (entry.local.method, entry.central.local.method) = (12, 12);
    refuses(&archive(&[a().with(method)]), "neither stored nor deflated");
    refuses(&archive(&[Forged::stored("folder/", b"data")]), "a folder has data");
    refuses(&archive(&[a().with(|entry| entry.central_extra = vec![1, 0, 9])]), "extra field is broken");
    let sizes = |entry: &mut Forged| entry.central.local.size = u32::MAX;
    refuses(&archive(&[a().with(sizes)]), "64-bit sizes are missing");
}

#[test]
fn data_that_is_not_what_the_headers_say() {
    let change = |change: fn(&mut Forged)| archive(&[Forged::deflated("a", &[b'x'; 5000]).with(change)]);
    refuses(&archive(&[a().with(|entry| entry.data[0] ^= 1)]), "CRC");
    refuses(
        &change(|entry| {
            entry.local.size = 4999;
            entry.central.local.size = 4999;
        }),
        "longer than",
    );
    refuses(
        &change(|entry| {
            entry.local.size = 5001;
            entry.central.local.size = 5001;
        }),
        "shorter than",
    );
    let resized = |data: Vec<u8>| {
        let mut entry = Forged::deflated("a", b"content");
        let size = u32::try_from(data.len()).unwrap();
        (entry.local.compressed, entry.central.local.compressed, entry.data) = (size, size, data);
        archive(&[entry])
    };
    let whole = deflated(b"content");
    refuses(&resized([&whole[..], b"x"].concat()), "after the end of its compressed data");
    refuses(&resized(whole[..whole.len() - 1].to_vec()), "cut off");
    refuses(&resized(b"\xff\xff\xff".to_vec()), "broken");
}

#[test]
fn bombs_stop_at_the_limits() {
    let limits = Limits { size: 10_000, entries: 3, unpacked: 100_000 };
    let read = |zip: &Vec<u8>| Archive::read(zip, &limits).unwrap_err();
    assert!(matches!(read(&vec![0; 10_001]), ZipError::TooLarge { size: 10_001, most: 10_000 }));
    let many: Vec<Forged> = (0..4).map(|i| Forged::stored(&i.to_string(), b"")).collect();
    assert!(matches!(read(&archive(&many)), ZipError::TooManyEntries { entries: 4, most: 3 }));
    let large = archive(&[Forged::deflated("a", &vec![0; 100_001])]);
    assert!(matches!(read(&large), ZipError::TooLargeUnpacked { most: 100_000 }));
    // A bomb that lies about its size is not unpacked beyond what it says.
    let mut bomb = Forged::deflated("a", &vec![0; 5_000_000]);
    (bomb.local.size, bomb.central.local.size) = (10, 10);
    let bomb = archive(&[bomb]);
    let entry = &Archive::read(&bomb, &limits).unwrap().entries[0];
    let why = entry.hash(&bomb).unwrap_err().to_string();
    assert!(why.contains("longer than"), "{why}");
    // Sizes that overflow when added.
    let sizes = |entry: &mut Forged| {
        let data = [u64::MAX.to_le_bytes(); 2].concat();
        entry.central_extra = [&[1, 0, 16, 0][..], &data].concat();
        (entry.central.local.size, entry.central.local.compressed) = (u32::MAX, u32::MAX);
    };
    refuses(&archive(&[a().with(sizes)]), "cut off");
}
