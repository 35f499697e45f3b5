//! Listing the trust stores in notation's folder, and adding and removing their certificates.

use std::path::{Path, PathBuf};
use std::{fs, io};

use files::{FileError, check_folder, read_file, sync_folder};
use notary::trust::policy::{TrustStoreName, TrustStoreType};
use notary::x509::Certificate;

use super::NotationFolder;
use super::write::{WrittenFile, back_up, write};
use crate::trust_store::{MAX_FILE, MAX_FILES, TrustStoreError, check, parse_certificates};

/// The maximum number of trust stores of a type.
const MAX_STORES: usize = 1000;

/// A file of a trust store.
#[derive(Debug)]
pub struct StoredFile {
    /// The trust store.
    pub store: TrustStoreName,
    /// The path of the file.
    pub path: PathBuf,
    /// Its certificates, or the error that makes verification reject the whole store.
    pub certificates: Result<Vec<Certificate>, TrustStoreError>,
}

/// An error while adding a file to a trust store.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The file has no valid certificates, or the store cannot be read.
    #[error(transparent)]
    Store(#[from] TrustStoreError),
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file name is not allowed in a trust store.
    #[error(
        "{0:?} is not allowed as a file name in a trust store: rename the file, using only a-z A-Z 0-9 _ . - and no \
         dot at the start"
    )]
    Name(String),
    /// All certificates of the file are already in the store, so there is nothing to do.
    #[error(
        "the certificates are already in the trust store {store}: {path}",
        store = .0.store,
        path = .0.path.display()
    )]
    Present(Box<StoredFile>),
    /// Some certificates of the file are already in the store.
    #[error("the certificate {subject} is already in the trust store {store}: {path}", path = path.display())]
    Duplicate {
        /// The certificate's subject.
        subject: String,
        /// The store.
        store: TrustStoreName,
        /// The file that contains it.
        path: PathBuf,
    },
    /// The store has another file with this name.
    #[error("{path} has other certificates: rename the new file, or replace it with --force", path = .0.display())]
    NameTaken(PathBuf),
}

impl NotationFolder {
    /// Returns the files of all trust stores, ordered by type, store name and file name. Stores without files are
    /// omitted.
    ///
    /// # Errors
    /// Returns [`FileError`] if a folder cannot be read. Errors of a single file are in [`StoredFile::certificates`].
    pub fn stored_files(&self) -> Result<Vec<StoredFile>, FileError> {
        let mut all = Vec::new();
        for kind in TrustStoreType::ALL {
            let folder = self.root.join("truststore/x509").join(kind.as_str());
            for path in entries(&folder, MAX_STORES)? {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                if let Ok(store) = TrustStoreName::new(kind, name) {
                    all.extend(self.files_of(&store)?);
                }
            }
        }
        Ok(all)
    }

    /// Returns the files of a trust store; empty if it does not exist.
    ///
    /// # Errors
    /// Returns [`FileError`] if its folder cannot be read.
    pub fn files_of(&self, store: &TrustStoreName) -> Result<Vec<StoredFile>, FileError> {
        let folder = self.trust_store_folder(store);
        match check_folder(&folder) {
            Err(FileError::Missing(_)) => return Ok(Vec::new()),
            checked => checked?,
        }
        let file = |path: PathBuf| StoredFile { store: store.clone(), certificates: read(store, &path), path };
        Ok(entries(&folder, MAX_FILES)?.into_iter().map(file).collect())
    }

    /// Atomically adds certificates to a trust store, under the name of `file`. `replace` allows replacing a file of
    /// that name, which is then kept outside of the store. Returns the stored file, and the backup if it replaces one.
    ///
    /// # Errors
    /// Returns [`AddError`] and leaves the store unchanged if the certificates or the file name are not allowed, the
    /// name is taken, or the store cannot be written. Returns [`AddError::Present`] if the store already has all
    /// certificates.
    pub fn add_certificates(
        &self,
        store: &TrustStoreName,
        file: &Path,
        content: &[u8],
        replace: bool,
    ) -> Result<(StoredFile, WrittenFile), AddError> {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_safe = !name.is_empty()
            && !name.starts_with('.')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
        if !is_safe {
            return Err(AddError::Name(name.to_owned()));
        }
        let path = self.trust_store_folder(store).join(name);
        let certificates = certificates_of(store, file, content)?;
        let mut files = self.files_of(store)?;
        let others = |file: &&StoredFile| !(replace && file.path == path);
        let has =
            |file: &StoredFile, certificate| file.certificates.as_deref().unwrap_or_default().contains(certificate);
        if certificates.iter().all(|certificate| files.iter().filter(others).any(|file| has(file, certificate)))
            && let Some(first) = certificates.first()
            && let Some(place) = files.iter().position(|file| others(&file) && has(file, first))
        {
            return Err(AddError::Present(Box::new(files.swap_remove(place))));
        }
        for file in files.iter().filter(others) {
            let stored = file.certificates.as_deref().unwrap_or_default();
            if let Some(twice) = certificates.iter().find(|certificate| stored.contains(certificate)) {
                let subject = twice.subject().to_owned();
                let store = store.clone();
                return Err(AddError::Duplicate { subject, store, path: file.path.clone() });
            }
        }
        if !replace && files.iter().any(|file| file.path == path) {
            return Err(AddError::NameTaken(path));
        }
        let backup = write(&path, content, &self.backup_folder(store))?;
        let written = WrittenFile { path: path.clone(), backup };
        Ok((StoredFile { store: store.clone(), path, certificates: Ok(certificates) }, written))
    }

    /// Moves a file of a trust store to the backups, and removes the folder of the store if it is then empty. Returns
    /// the backup.
    ///
    /// # Errors
    /// Returns [`FileError`] if the file cannot be kept or removed.
    pub fn remove_stored_file(&self, file: &StoredFile) -> Result<Option<PathBuf>, FileError> {
        let error = |source: io::Error| FileError::Io { path: file.path.clone(), source };
        let folder = self.trust_store_folder(&file.store);
        let backup = back_up(&file.path, &self.backup_folder(&file.store))?;
        fs::remove_file(&file.path).map_err(error)?;
        sync_folder(&folder).map_err(error)?;
        // Fails while the folder has other files, as intended.
        let _ = fs::remove_dir(&folder);
        Ok(backup)
    }
}

fn read(store: &TrustStoreName, path: &Path) -> Result<Vec<Certificate>, TrustStoreError> {
    let bytes = read_file(path, MAX_FILE).map_err(|source| TrustStoreError::File { name: store.clone(), source })?;
    certificates_of(store, path, &bytes)
}

/// Parses certificates and checks that the type of the store allows them.
fn certificates_of(store: &TrustStoreName, path: &Path, bytes: &[u8]) -> Result<Vec<Certificate>, TrustStoreError> {
    let certificates = parse_certificates(path, bytes)?;
    for certificate in &certificates {
        check(store.store_type(), certificate).map_err(|why| TrustStoreError::Untrustworthy {
            name: store.clone(),
            path: path.to_owned(),
            subject: certificate.subject().to_owned(),
            why,
        })?;
    }
    Ok(certificates)
}

/// Lists a folder, ordered by name; empty if it does not exist.
fn entries(folder: &Path, most: usize) -> Result<Vec<PathBuf>, FileError> {
    let error = |source: io::Error| FileError::Io { path: folder.to_owned(), source };
    let listed = match fs::read_dir(folder) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.map_err(error)?,
    };
    let mut paths = Vec::new();
    for entry in listed {
        if paths.len() == most {
            return Err(error(io::Error::other(format!("it has more than {most} entries"))));
        }
        paths.push(entry.map_err(error)?.path());
    }
    paths.sort();
    Ok(paths)
}
