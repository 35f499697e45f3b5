use proptest::prelude::*;

use super::forge::{Forged, archive};
use crate::zip::{Archive, Limits};

fn sample() -> Vec<u8> {
    archive(&[
        Forged::stored("a", b"content"),
        Forged::deflated("b/c", &[b'x'; 300]).streamed(true, false),
        Forged::deflated("b/d", b"more").with(|entry| entry.comment = b"comment".to_vec()),
    ])
}

proptest! {
    #[test]
    fn changed_archives_do_not_panic(changes in proptest::collection::vec((0usize..600, any::<u8>()), 1..6)) {
        let mut zip = sample();
        for (at, byte) in changes {
            let length = zip.len();
            zip[at % length] = byte;
        }
        if let Ok(archive) = Archive::read(&zip, &Limits::LAMBDA) {
            for entry in &archive.entries {
                let _ = entry.hash(&zip);
            }
        }
    }

    #[test]
    fn any_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Archive::read(&bytes, &Limits::LAMBDA);
    }
}
