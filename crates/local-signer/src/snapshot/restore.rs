//! Restoring a snapshot: everything is written and checked beside the state, and takes effect by one rename. A crash
//! before it leaves the old state; after it, the next process that opens the directory completes the step, see
//! [`complete`].

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};

use super::manifest::{self, Entry, Manifest};
use super::{Contents, SnapshotError};
use crate::ca::CertificateAuthority;
use crate::credentials::Credentials;
use crate::directory::restored::{LOGS, MANIFEST, RESTORED, RESTORING, complete, remove};
use crate::directory::{Directory, DirectoryError, STATE, STORE, at};
use crate::principals::PrincipalStore;
use crate::store::Store;

/// What happens to a state that is in the directory already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It is kept, and nothing is restored.
    Keep,
    /// It is replaced.
    Replace,
}

/// Restores the snapshot in the file `from` to `directory`, which is created if it does not exist. Other files in it,
/// such as the configuration, are kept.
///
/// # Errors
/// Returns [`SnapshotError`] if the directory is in use or has a state that is to be kept, or the snapshot is damaged;
/// nothing is changed then.
pub fn restore(directory: &Path, from: &Path, existing: Existing) -> Result<Contents, SnapshotError> {
    let archive = File::open(from).map_err(at(from))?;
    let locked = Directory::open(directory)?;
    let path = locked.path();
    let is_there = |name: &&str| path.join(name).symlink_metadata().is_ok();
    if existing == Existing::Keep && (is_there(&STORE) || STATE.iter().any(is_there)) {
        return Err(SnapshotError::Exists(path.to_owned()));
    }
    let new = path.join(RESTORING);
    let restored = write(archive, from, &new).and_then(|contents| check(&new).map(|()| contents));
    let contents = match restored {
        Ok(contents) => contents,
        Err(error) => {
            // The error of the restore is reported; the next one removes what is left.
            let _ = fs::remove_dir_all(&new);
            return Err(error);
        }
    };
    let ready = path.join(RESTORED);
    fs::rename(&new, &ready).map_err(at(&ready))?;
    files::sync_folder(path).map_err(at(path))?;
    complete(path)?;
    Ok(contents)
}

/// Writes the files of the archive to the folder `new`, and compares them with the manifest.
fn write(archive: File, from: &Path, new: &Path) -> Result<Contents, SnapshotError> {
    let damaged = |problem: String| SnapshotError::Damaged { path: from.to_owned(), problem };
    let unreadable = |error: io::Error| damaged(error.to_string());
    fs::DirBuilder::new().mode(0o700).create(new).map_err(at(new))?;
    let mut archive = tar::Archive::new(io::BufReader::new(archive));
    let mut entries = archive.entries().map_err(unreadable)?;
    let mut next = || match entries.next() {
        None => Ok::<_, SnapshotError>(None),
        Some(entry) => {
            let entry = entry.map_err(unreadable)?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            Ok(Some((name, entry)))
        }
    };

    let Some((name, first)) = next()? else { return Err(damaged("it is empty".to_owned())) };
    if name != MANIFEST {
        return Err(damaged(format!("it does not start with {}", MANIFEST)));
    }
    let mut text = Vec::new();
    first.take(manifest::MAX_SIZE).read_to_end(&mut text).map_err(unreadable)?;
    let manifest = parse(&text, from)?;
    store(&new.join(MANIFEST), &text)?;

    for expected in &manifest.files {
        let path = new.join(&expected.path);
        let Some((name, entry)) = next()? else { return Err(damaged(format!("{} is missing", expected.path))) };
        if name != expected.path || !entry.header().entry_type().is_file() {
            return Err(damaged(format!("it has {name:?} instead of {}", expected.path)));
        }
        if let Some(parent) = path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(at(parent))?;
        }
        let mut file = create(&path)?;
        if !copy(entry, &mut file, expected).map_err(unreadable)? {
            return Err(damaged(format!("{name} does not have its checksum")));
        }
        file.sync_all().map_err(at(&path))?;
        sync_folders(new, &path)?;
    }
    if let Some((name, _)) = next()? {
        return Err(damaged(format!("it has the unexpected entry {name:?}")));
    }
    let bytes = manifest.files.iter().map(|entry| entry.size).sum();
    Ok(Contents { files: manifest.files.len(), bytes })
}

/// Reads the manifest; its version first, as a later one may have other members.
fn parse(text: &[u8], from: &Path) -> Result<Manifest, SnapshotError> {
    let damaged = |problem: String| SnapshotError::Damaged { path: from.to_owned(), problem };
    let malformed = |error: serde_json::Error| damaged(format!("{}: {error}", MANIFEST));
    let value: serde_json::Value = serde_json::from_slice(text).map_err(malformed)?;
    let found = value.get("version").and_then(serde_json::Value::as_u64);
    if let Some(found) = found.filter(|found| *found > manifest::VERSION) {
        return Err(SnapshotError::Newer { path: from.to_owned(), found, known: manifest::VERSION });
    }
    let manifest: Manifest = serde_json::from_value(value).map_err(malformed)?;
    match manifest.problem() {
        Some(problem) => Err(damaged(problem)),
        None => Ok(manifest),
    }
}

/// Copies an entry; returns whether it has the size and the checksum of the manifest.
fn copy(entry: impl Read, file: &mut File, expected: &Entry) -> io::Result<bool> {
    let mut entry = entry.take(expected.size.saturating_add(1));
    let mut hash = Context::new(&SHA256);
    let mut size = 0;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = entry.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        size += read as u64;
        file.write_all(&buffer[..read])?;
    }
    Ok(size == expected.size && hex::encode(hash.finish()) == expected.sha256)
}

fn create(path: &Path) -> Result<File, DirectoryError> {
    File::options().write(true).create_new(true).mode(0o600).open(path).map_err(at(path))
}

fn store(path: &Path, content: &[u8]) -> Result<(), DirectoryError> {
    let mut file = create(path)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(at(path))
}

/// Makes the name of `path` and of the folders above it durable, up to `top`.
fn sync_folders(top: &Path, path: &Path) -> Result<(), DirectoryError> {
    for folder in path.ancestors().skip(1).take_while(|folder| folder.starts_with(top)) {
        files::sync_folder(folder).map_err(at(folder))?;
    }
    Ok(())
}

/// Opens the restored state as a service does, so that one that cannot be served does not replace another.
fn check(new: &Path) -> Result<(), SnapshotError> {
    Store::open(&new.join(STORE))?;
    let authority = new.join("ca");
    if authority.exists() {
        CertificateAuthority::open(&authority)?;
    }
    PrincipalStore::check(new)?;
    let credentials = new.join("credentials");
    if credentials.exists() {
        Credentials::load_or_create(&credentials)?;
    }
    // Closing the store removed its log.
    for log in LOGS {
        remove(&new.join(log))?;
    }
    Ok(())
}
