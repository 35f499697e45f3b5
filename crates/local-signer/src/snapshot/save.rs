//! Making a snapshot, also of a directory that another process serves.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use notary::text::rfc3339;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use tempfile::NamedTempFile;
use time::OffsetDateTime;

use super::manifest::{Entry, Manifest};
use super::{Contents, SnapshotError};
use crate::directory::restored::MANIFEST;
use crate::directory::{self, STATE, STORE, at};

/// How long the copy of the database waits for another process that holds it.
const BUSY: Duration = Duration::from_secs(30);

/// Writes the state in `directory` to the file `to`, which is replaced in one step. The copy of the database is the
/// state at one moment; requests are served meanwhile.
///
/// # Errors
/// Returns [`SnapshotError`] if the state cannot be read or the file cannot be written.
pub fn save(directory: &Path, to: &Path) -> Result<Contents, SnapshotError> {
    let missing = || SnapshotError::NoState(directory.to_owned());
    if !directory.join(STORE).is_file() {
        return Err(missing());
    }
    let directory = directory::prepare(directory)?;
    let folder = match to.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let database = NamedTempFile::new_in(folder).map_err(at(folder))?;
    copy_database(&directory.join(STORE), database.path())?;

    let mut sources = vec![(STORE.to_owned(), Source::Copy(database))];
    for name in STATE {
        find(&directory, name, &mut sources)?;
    }
    let entries = sources.iter().map(|(name, source)| source.entry(name)).collect::<Result<Vec<_>, _>>()?;
    let contents = Contents { files: entries.len(), bytes: entries.iter().map(|entry| entry.size).sum() };
    let now = OffsetDateTime::now_utc();
    let manifest = Manifest::new(rfc3339(now.replace_nanosecond(0).unwrap_or(now)), entries);

    let mut archive = NamedTempFile::new_in(folder).map_err(at(folder))?;
    write(&manifest, &sources, archive.as_file_mut()).map_err(at(to))?;
    archive.as_file().sync_all().map_err(at(to))?;
    archive.persist(to).map_err(|error| at(to)(error.error))?;
    files::sync_folder(folder).map_err(at(folder))?;
    Ok(contents)
}

/// Copies the database as one transaction sees it.
fn copy_database(from: &Path, to: &Path) -> Result<(), SnapshotError> {
    let source =
        Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    source.busy_timeout(BUSY)?;
    let mut copy = Connection::open(to)?;
    {
        let backup = Backup::new(&source, &mut copy)?;
        // All pages in one step: the copy is of one moment, and a writer does not make it start again.
        if backup.step(-1)? != StepResult::Done {
            return Err(SnapshotError::Busy);
        }
    }
    // One file, without a log beside it.
    copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    Ok(copy.close().map_err(|(_, error)| error)?)
}

/// Where the content of a file comes from.
enum Source {
    /// The copy of the database.
    Copy(NamedTempFile),
    /// Another file, read at once: it may be replaced while the snapshot is written.
    Content(Vec<u8>),
}

impl Source {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Copy(file) => Box::new(File::open(file.path())?),
            Self::Content(content) => Box::new(content.as_slice()),
        })
    }

    fn entry(&self, name: &str) -> Result<Entry, SnapshotError> {
        let path = Path::new(name);
        let mut reader = self.open().map_err(at(path))?;
        let mut hash = Context::new(&SHA256);
        let mut size = 0;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = reader.read(&mut buffer).map_err(at(path))?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
            size += read as u64;
        }
        Ok(Entry { path: name.to_owned(), size, sha256: hex::encode(hash.finish()) })
    }
}

/// Adds the file `name`, or all files in the folder `name`, if it exists.
fn find(directory: &Path, name: &str, sources: &mut Vec<(String, Source)>) -> Result<(), SnapshotError> {
    let path = directory.join(name);
    let metadata = match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(at(&path))?,
    };
    if metadata.is_file() {
        match fs::read(&path) {
            Ok(content) => sources.push((name.to_owned(), Source::Content(content))),
            // Removed meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(at(&path)(error).into()),
        }
    } else if metadata.is_dir() {
        let mut names = Vec::new();
        for entry in fs::read_dir(&path).map_err(at(&path))? {
            names.push(entry.map_err(at(&path))?.file_name());
        }
        names.sort();
        // Temporary files have names with a dot.
        for inner in names.iter().filter_map(|inner| inner.to_str()).filter(|inner| !inner.starts_with('.')) {
            find(directory, &format!("{name}/{inner}"), sources)?;
        }
    }
    Ok(())
}

fn write(manifest: &Manifest, sources: &[(String, Source)], archive: &mut File) -> io::Result<()> {
    let mut builder = tar::Builder::new(io::BufWriter::new(archive));
    let text = serde_json::to_vec_pretty(manifest)?;
    builder.append_data(&mut header(text.len() as u64), MANIFEST, text.as_slice())?;
    for (entry, (name, source)) in manifest.files.iter().zip(sources) {
        builder.append_data(&mut header(entry.size), name, source.open()?)?;
    }
    builder.into_inner()?.flush()
}

fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    header
}
