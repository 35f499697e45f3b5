use notary::envelope::Payload;

use super::{sample, signed};
use crate::lambda::{MANIFEST, MANIFEST_MEDIA_TYPE, Manifest, SIGNATURE, SignError, SignedZip};
use crate::zip::tests::forge::{Forged, archive};
use crate::zip::{Archive, Limits, ZipError};

#[test]
fn entries_keep_every_byte_and_the_signature_follows() {
    let before = sample();
    let after = signed(&before).unwrap();
    let [old, new] = [&before, &after].map(|zip| Archive::read(zip, &Limits::LAMBDA.with_signature()).unwrap());
    assert_eq!(new.entries.len(), old.entries.len() + 2);
    let names: Vec<&str> = new.entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names[names.len() - 2..], [MANIFEST, SIGNATURE]);
    let records = usize::try_from(old.directory.start).unwrap();
    assert_eq!(before[..records], after[..records], "local headers, data and descriptors");
    let directory = |zip: &[u8], archive: &Archive, length: u64| {
        let start = usize::try_from(archive.directory.start).unwrap();
        zip[start..start + usize::try_from(length).unwrap()].to_vec()
    };
    let length = old.directory.end - old.directory.start;
    assert_eq!(directory(&before, &old, length), directory(&after, &new, length), "headers of the directory");
    assert_eq!(new.comment, b"comment");
    let opened = SignedZip::open(&after, &Limits::LAMBDA).unwrap();
    assert_eq!(opened.entries(), old.entries.len());
    assert_eq!(opened.unsigned().unwrap().to_bytes(&after).unwrap(), before);
    assert_eq!(opened.compare(&after).unwrap(), []);
}

#[test]
fn the_payload_names_the_manifest_and_its_type() {
    let after = signed(&sample()).unwrap();
    let opened = SignedZip::open(&after, &Limits::LAMBDA).unwrap();
    let payload = Payload::parse(opened.envelope().strip_prefix(b"envelope of ").unwrap()).unwrap();
    assert_eq!(payload.target_artifact.media_type, MANIFEST_MEDIA_TYPE);
    assert!(payload.target_artifact.digest.matches(opened.manifest()));
    assert_eq!(payload.target_artifact.size, opened.manifest().len() as u64);
    assert_eq!(payload.target_artifact.digest.algorithm().as_str(), "sha384");
    let manifest = Manifest::parse(opened.manifest()).unwrap();
    let modes: Vec<_> = manifest.entries.iter().map(|entry| (entry.name.as_str(), entry.mode().unwrap())).collect();
    let expected =
        [("lambda.py", 0o100_644), ("lib/data.json", 0o100_644), ("bin/", 0o100_644), ("bin/tool", 0o100_755)];
    assert_eq!(modes, expected);
}

#[test]
fn a_file_that_is_signed_is_not_signed_again() {
    let after = signed(&sample()).unwrap();
    assert!(matches!(signed(&after), Err(SignError::Zip(ZipError::AlreadySigned))));
    for name in [
        "META-INF/notation-aws-signer/other",
        "meta-inf/Notation-AWS-Signer/signature.jws",
        "META-INF/notation-aws-signer",
        "META-INF/notation-aws-signer/",
    ] {
        let zip = archive(&[Forged::stored(name, b"")]);
        assert!(matches!(signed(&zip), Err(SignError::Zip(ZipError::AlreadySigned))), "{name}");
    }
    assert!(signed(&archive(&[Forged::stored("META-INF/MANIFEST.MF", b"x")])).is_ok(), "a jar");
    let file = archive(&[Forged::stored("META-INF", b"x")]);
    assert!(matches!(signed(&file), Err(SignError::Zip(ZipError::Entry { .. }))));
}

#[test]
fn an_error_of_the_key_is_returned() {
    let why = crate::lambda::sign(&sample(), &Limits::LAMBDA, time::OffsetDateTime::UNIX_EPOCH, |_| Err("no key"));
    assert!(matches!(why, Err(SignError::Signing("no key"))));
}

#[test]
fn limits_leave_room_for_the_signature() {
    let limits = Limits { size: 2000, entries: 2, unpacked: 100 };
    let zip = archive(&[Forged::stored("a", &[1; 50]), Forged::stored("b", &[2; 50])]);
    let made = crate::lambda::sign(&zip, &limits, time::OffsetDateTime::UNIX_EPOCH, |_| Ok::<_, ()>(vec![0; 3000]));
    let after = made.unwrap().to_bytes(&zip).unwrap();
    assert_eq!(SignedZip::open(&after, &limits).unwrap().entries(), 2);
}
