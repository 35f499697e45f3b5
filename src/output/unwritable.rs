//! What to do if notation's folder cannot be written.

use std::io;
use std::io::ErrorKind;
use std::path::Path;

use files::FileError;
use notation::install::InstallError;
use notation::{AddError, FolderError};

use super::exit::CliError;

/// The error of writing a trust policy. `folder` is notation's configuration folder.
#[must_use]
pub fn folder_error(why: FolderError, folder: &Path) -> CliError {
    let advice = match &why {
        FolderError::File(FileError::Io { source, .. }) => advice(source, folder),
        _ => None,
    };
    with(why.into(), advice)
}

/// The error of writing to a trust store.
#[must_use]
pub fn store_error(why: AddError, folder: &Path) -> CliError {
    let advice = match &why {
        AddError::File(FileError::Io { source, .. }) => advice(source, folder),
        _ => None,
    };
    with(why.into(), advice)
}

/// The error of installing the plugin.
#[must_use]
pub fn plugin_error(why: &InstallError, folder: &Path) -> CliError {
    let advice = match why {
        InstallError::Io { path, source } if path.starts_with(folder) => advice(source, folder),
        _ => None,
    };
    with(CliError::file(why), advice)
}

fn with(error: CliError, advice: Option<String>) -> CliError {
    advice.into_iter().fold(error, CliError::with_advice)
}

/// What to do about an error that concerns the folder and not the file: permissions, a read-only or full file system.
fn advice(source: &io::Error, folder: &Path) -> Option<String> {
    let there = folder.ancestors().find(|one| std::fs::symlink_metadata(one).is_ok()).unwrap_or(Path::new("/"));
    let is_absent =
        matches!(source.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::NotFound);
    if let Some(home) = missing_home(folder).filter(|_| is_absent) {
        let home = home.display();
        return Some(format!("The home folder {home} does not exist: set HOME or XDG_CONFIG_HOME to one that exists."));
    }
    if there == Path::new("/") && is_absent {
        return Some("Set XDG_CONFIG_HOME to a folder that you can write, for notation too.".to_owned());
    }
    let there = there.display();
    let elsewhere = "or set XDG_CONFIG_HOME to another folder, for notation too";
    match source.kind() {
        ErrorKind::PermissionDenied => Some(format!(
            "Run the command as the owner of {there}, make {there} writable (`ls -ld {there}`), {elsewhere}."
        )),
        ErrorKind::ReadOnlyFilesystem => {
            Some(format!("{there} is on a read-only file system: mount it for writing, {elsewhere}."))
        }
        ErrorKind::NotADirectory => Some(format!("{there} is not a folder: correct HOME or XDG_CONFIG_HOME.")),
        ErrorKind::NotFound => Some(format!("No folder can be created in {there}: correct HOME, {elsewhere}.")),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(format!("Free some space for {there}, {elsewhere}.")),
        _ => None,
    }
}

/// The home folder that notation's folder is in, if it does not exist.
fn missing_home(folder: &Path) -> Option<&Path> {
    let home = folder.ancestors().find_map(|config| match config.ends_with("Library/Application Support") {
        true => config.parent()?.parent(),
        false => config.parent().filter(|_| config.ends_with(".config")),
    });
    home.filter(|home| std::fs::symlink_metadata(home).is_err())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn names_the_folder_that_exists() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".config/notation");
        for kind in [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem, ErrorKind::NotFound] {
            let said = advice(&kind.into(), &folder).unwrap();
            assert!(said.contains(home.path().to_str().unwrap()) && said.contains("XDG_CONFIG_HOME"), "{said}");
            assert!(!said.contains(".config"), "{said}");
        }
        assert_eq!(advice(&ErrorKind::InvalidData.into(), &folder), None);
    }

    #[test]
    fn never_suggests_to_make_the_root_folder_writable() {
        for kind in [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem, ErrorKind::NotFound] {
            let of_home = advice(&kind.into(), Path::new("/nonexistent/.config/notation/plugins")).unwrap();
            assert!(of_home.contains("The home folder /nonexistent does not exist"), "{of_home}");
            let of_config = advice(&kind.into(), Path::new("/nonexistent/notation")).unwrap();
            assert!(of_config.contains("XDG_CONFIG_HOME"), "{of_config}");
            for said in [of_home, of_config] {
                assert!(!said.contains("make") && !said.contains("owner"), "{said}");
            }
        }
    }
}
