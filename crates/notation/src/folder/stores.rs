//! The trust stores of notation's folder as a whole: listing them, adding certificates, removing them.

use std::path::{Path, PathBuf};
use std::{fs, io};

use files::{FileError, check_folder, read_file, sync_folder};
use notary::trust::policy::{TrustStoreName, TrustStoreType};
use notary::x509::Certificate;

use super::NotationFolder;
use super::write::write;
use crate::trust_store::{MAX_FILE, MAX_FILES, StoreError, check, parse_certificates};

/// How many trust stores of a type are listed.
const MAX_STORES: usize = 1000;

/// A file of a trust store.
#[derive(Debug)]
pub struct StoredFile {
    /// The trust store.
    pub store: TrustStoreName,
    /// Where the file is.
    pub path: PathBuf,
    /// Its certificates, or why verification refuses the whole store because of it.
    pub certificates: Result<Vec<Certificate>, StoreError>,
}

/// Why a file was not added to a trust store.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The file has no certificates, or the store's files cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file's name does not do for a file of a trust store.
    #[error(
        "{0:?} cannot be the name of a file of a trust store: rename it so that it has the characters a-z A-Z 0-9 _ . - and \
         does not begin with a dot"
    )]
    Name(String),
    /// All certificates of the file are in the store, in another file or in this one: nothing has to be done.
    #[error("the certificates are in the trust store {store} already: {path}", store = .0.store, path = .0.path.display())]
    Present(Box<StoredFile>),
    /// A certificate of the file is in the store, and others are not.
    #[error("the certificate {subject} is in the trust store {store} already: {path}", path = path.display())]
    Duplicate {
        /// The certificate's subject.
        subject: String,
        /// The store.
        store: TrustStoreName,
        /// The file that has it.
        path: PathBuf,
    },
    /// There is another file of that name.
    #[error("{path} has other certificates: rename the new file, or replace it with --force", path = .0.display())]
    NameTaken(PathBuf),
}

impl NotationFolder {
    /// All files of all trust stores, by type, name and file name. A store without files is not listed.
    ///
    /// # Errors
    /// [`FileError`] when a folder cannot be read. What is wrong with a file is told with it.
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

    /// The files of one trust store; none where it does not exist.
    ///
    /// # Errors
    /// [`FileError`] when its folder cannot be read.
    pub fn files_of(&self, store: &TrustStoreName) -> Result<Vec<StoredFile>, FileError> {
        let folder = self.trust_store_folder(store);
        match check_folder(&folder) {
            Err(FileError::Missing(_)) => return Ok(Vec::new()),
            checked => checked?,
        }
        let file = |path: PathBuf| StoredFile { store: store.clone(), certificates: read(store, &path), path };
        Ok(entries(&folder, MAX_FILES)?.into_iter().map(file).collect())
    }

    /// Adds the content of `file`, certificates, to a trust store, under the file's name and in one step. `replace` allows it to take
    /// the place of a file of that name. Gives the file as it is in the store.
    ///
    /// # Errors
    /// [`AddError`]; the store is then as it was. [`AddError::Present`] when it has all of them.
    pub fn add_certificates(
        &self,
        store: &TrustStoreName,
        file: &Path,
        content: &[u8],
        replace: bool,
    ) -> Result<StoredFile, AddError> {
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
                let (subject, store) = (twice.subject(), store.clone());
                return Err(AddError::Duplicate { subject, store, path: file.path.clone() });
            }
        }
        if !replace && files.iter().any(|file| file.path == path) {
            return Err(AddError::NameTaken(path));
        }
        write(&path, content)?;
        Ok(StoredFile { store: store.clone(), path, certificates: Ok(certificates) })
    }

    /// Removes a file of a trust store, and the store's folder with its last file.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn remove_stored_file(&self, file: &StoredFile) -> Result<(), FileError> {
        let error = |source: io::Error| FileError::Io { path: file.path.clone(), source };
        let folder = self.trust_store_folder(&file.store);
        fs::remove_file(&file.path).map_err(error)?;
        sync_folder(&folder).map_err(error)?;
        // It fails while there are others, which is right.
        let _ = fs::remove_dir(&folder);
        Ok(())
    }
}

fn read(store: &TrustStoreName, path: &Path) -> Result<Vec<Certificate>, StoreError> {
    let bytes = read_file(path, MAX_FILE).map_err(|source| StoreError::File { name: store.clone(), source })?;
    certificates_of(store, path, &bytes)
}

/// The certificates in these bytes, which must all be such as the type of the store allows.
fn certificates_of(store: &TrustStoreName, path: &Path, bytes: &[u8]) -> Result<Vec<Certificate>, StoreError> {
    let certificates = parse_certificates(path, bytes)?;
    for certificate in &certificates {
        check(store.store_type(), certificate).map_err(|why| StoreError::Untrustworthy {
            name: store.clone(),
            path: path.to_owned(),
            subject: certificate.subject(),
            why,
        })?;
    }
    Ok(certificates)
}

/// What is in a folder, in the order of the names; nothing where it does not exist.
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
