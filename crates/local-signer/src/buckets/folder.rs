//! Folders that play buckets. A version of an object is `null`, the file as it is, or the SHA-256 of its content in
//! lower-case hexadecimal: so a job signs what its caller has seen, also without a history.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Read as _, Write as _};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use code_signing::SignedContent;
use files::{Beneath, FileError};
use s3::Written;

use super::error::BucketError;
use crate::store::SourceObject;

/// The version of the file as it is.
const NULL: &str = "null";
const PIECE: usize = 128 * 1024;

/// Copies a version of an object into a file.
pub(super) fn read(folder: &Path, source: &SourceObject, most: u64, to: &mut File) -> Result<(), BucketError> {
    let SourceObject { bucket_name, key, version } = source;
    let is_hash = version.len() == 64 && version.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if version != NULL && !is_hash {
        return Err(BucketError::Version(version.clone()));
    }
    let no_object =
        || BucketError::NoObject { bucket: bucket_name.clone(), key: key.clone(), version: version.clone() };
    let failed = |why: io::Error| match why.kind() {
        ErrorKind::NotFound => no_object(),
        _ => BucketError::File { bucket: bucket_name.clone(), key: key.clone(), why },
    };
    let mut file = open(folder, bucket_name)?.read(key).map_err(failed)?;
    let mut hash = Context::new(&SHA256);
    let mut piece = vec![0; PIECE];
    let mut size = 0u64;
    loop {
        let length = match file.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => length,
            Err(why) if why.kind() == ErrorKind::Interrupted => continue,
            Err(why) => return Err(failed(why)),
        };
        size += length as u64;
        if size > most {
            return Err(BucketError::TooLarge { most });
        }
        hash.update(&piece[..length]);
        to.write_all(&piece[..length]).map_err(BucketError::Temporary)?;
    }
    // The copy is compared: the file may change at any time.
    if version != NULL && hex::encode(hash.finish()) != *version {
        return Err(no_object());
    }
    Ok(())
}

/// Writes a signed object in one step.
pub(super) fn write(
    folder: &Path,
    bucket: &str,
    key: &str,
    content: &SignedContent,
    source: &File,
) -> Result<Written, BucketError> {
    let failed = |why| BucketError::File { bucket: bucket.to_owned(), key: key.to_owned(), why };
    let mut new = open(folder, bucket)?.create(key, 0o644).map_err(failed)?;
    let mut writer = BufWriter::with_capacity(PIECE, new.file());
    content.write(source, &mut writer).and_then(|()| writer.flush()).map_err(failed)?;
    drop(writer);
    match new.publish() {
        Ok(()) => Ok(Written::Now),
        Err(why) if why.kind() == ErrorKind::AlreadyExists => Ok(Written::Already),
        Err(why) => Err(failed(why)),
    }
}

fn open(folder: &Path, bucket: &str) -> Result<Beneath, BucketError> {
    Beneath::open(folder).map_err(|why| match why {
        FileError::Missing(_) => BucketError::NoBucket(bucket.to_owned()),
        why => BucketError::File { bucket: bucket.to_owned(), key: String::new(), why: why.into() },
    })
}
