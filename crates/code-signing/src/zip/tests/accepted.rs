use super::forge::{Forged, archive, archive_with};
use crate::zip::{Archive, Limits};

const CONTENT: &[u8] = b"def handler(event, context): return 1\n";

fn contents(zip: &Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let archive = Archive::read(zip, &Limits::LAMBDA).unwrap_or_else(|why| panic!("{why}"));
    let content =
        |entry: &crate::zip::Entry| (entry.name.clone(), entry.bytes(zip).unwrap_or_else(|why| panic!("{why}")));
    archive.entries.iter().map(content).collect()
}

#[test]
fn reads_what_common_programs_write() {
    let zip64 = |values: &[u64]| {
        let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        [&[1, 0][..], &u16::try_from(data.len()).unwrap().to_le_bytes(), &data].concat()
    };
    let size = CONTENT.len() as u64;
    for (who, entry) in [
        ("zip -0", Forged::stored("a.py", CONTENT)),
        ("zip", Forged::deflated("a.py", CONTENT)),
        ("Go and Java, which stream", Forged::deflated("a.py", CONTENT).streamed(true, false)),
        ("a descriptor without its optional signature", Forged::deflated("a.py", CONTENT).streamed(false, false)),
        ("zip from standard input, with 64-bit sizes", {
            let mut entry = Forged::deflated("a.py", CONTENT).streamed(true, true);
            entry.local_extra = zip64(&[0, 0]);
            entry
        }),
        ("Python's force_zip64", {
            let mut entry = Forged::stored("a.py", CONTENT);
            (entry.local.size, entry.local.compressed) = (u32::MAX, u32::MAX);
            entry.local_extra = zip64(&[size, size]);
            entry
        }),
        ("with level bits and other times in the local header", {
            let mut entry = Forged::deflated("a.py", CONTENT);
            entry.local.flags |= 2;
            entry.local.modified = 1;
            entry
        }),
        ("with a comment, and Info-ZIP's times", {
            let mut entry = Forged::deflated("a.py", CONTENT);
            entry.comment = b"a comment".to_vec();
            entry.local_extra = b"UT\x05\0\x01\0\0\0\0".to_vec();
            entry
        }),
    ] {
        let zip = archive(&[entry, Forged::stored("d/", b""), Forged::deflated("d/\u{fc}", b"")]);
        let expected =
            [("a.py", CONTENT), ("d/", b""), ("d/\u{fc}", b"")].map(|(name, bytes)| (name.to_owned(), bytes.to_vec()));
        assert_eq!(contents(&zip), expected, "{who}");
    }
}

#[test]
fn reads_data_of_many_pieces() {
    let mut seed = 7u32;
    let noise = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    });
    let noise: Vec<u8> = noise.take(700_000).collect();
    let zeros = vec![0; 900_000];
    let zip = archive(&[
        Forged::deflated("noise", &noise),
        Forged::deflated("zeros", &zeros),
        Forged::stored("stored", &noise),
    ]);
    let read = contents(&zip);
    assert!(read[0].1 == noise && read[1].1 == zeros && read[2].1 == noise);
}

#[test]
fn accepts_a_comment_and_any_order_of_the_directory() {
    let zip = archive_with(&[Forged::stored("a", b"1")], b"made by hand", |_| {});
    assert_eq!(Archive::read(&zip, &Limits::LAMBDA).unwrap().comment, b"made by hand");
    let (first, second) = (Forged::stored("a", b"1"), Forged::stored("b", b"22"));
    let mut bytes = Vec::new();
    first.write_local(&mut bytes);
    let at = u32::try_from(bytes.len()).unwrap();
    second.write_local(&mut bytes);
    let start = u32::try_from(bytes.len()).unwrap();
    second.write_central(at, &mut bytes);
    first.write_central(0, &mut bytes);
    let size = u32::try_from(bytes.len()).unwrap() - start;
    let end = crate::zip::record::End { entries: 2, directory_size: size, directory_offset: start, comment_length: 0 };
    end.write(&mut bytes);
    let read = contents(&bytes);
    assert_eq!(read, [("b".to_owned(), b"22".to_vec()), ("a".to_owned(), b"1".to_vec())]);
}
