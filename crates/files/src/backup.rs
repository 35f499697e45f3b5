//! Keeping a file under another name before it is replaced or removed.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::{create, create_folders, sync_folder};

/// How many backups of a file are kept.
const MAX_BACKUPS: usize = 999;

/// Keeps the content of a file under `name.bak` in `folder`, which is created if it does not exist; under `name.bak.2`
/// and so on if such files have other content. Returns the path of the backup, or `None` if there is no such file.
///
/// # Errors
/// Returns the system's error. Then there is no backup, and the caller must not replace the file.
pub fn back_up(path: &Path, folder: &Path, name: &str) -> io::Result<Option<PathBuf>> {
    let seen = match fs::symlink_metadata(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
        seen => seen?,
    };
    create_folders(folder, 0o700)?;
    for number in 1..=MAX_BACKUPS {
        let backup = folder.join(if number == 1 { format!("{name}.bak") } else { format!("{name}.bak.{number}") });
        // A link keeps owner, mode and content, and never replaces a file.
        match fs::hard_link(path, &backup) {
            Ok(()) => return sync_folder(folder).map(|()| Some(backup)),
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
            // The file system has no such links, or the folders are on different ones.
            Err(_) if seen.is_file() && fs::symlink_metadata(&backup).is_err() => {
                match create(&backup, &fs::read(path)?, seen.mode() & 0o777) {
                    Err(why) if why.kind() == io::ErrorKind::AlreadyExists => continue,
                    created => return created.map(|()| Some(backup)),
                }
            }
            Err(why) => return Err(why),
        }
        let is_same = fs::symlink_metadata(&backup).is_ok_and(|there| there.is_file() && there.len() == seen.len());
        if is_same && fs::read(&backup)? == fs::read(path)? {
            return Ok(Some(backup));
        }
    }
    Err(io::Error::other(format!("{} has {MAX_BACKUPS} backups in {}: remove some", path.display(), folder.display())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn keeps_every_different_content_once() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("a.json");
        let back_up = || back_up(&file, home.path(), "a.json").unwrap();
        assert_eq!(back_up(), None);
        for (content, backup) in [("1", "a.json.bak"), ("1", "a.json.bak"), ("2", "a.json.bak.2"), ("1", "a.json.bak")]
        {
            crate::replace(&file, content.as_bytes(), 0o600).unwrap();
            let kept = back_up().unwrap();
            assert_eq!(kept, home.path().join(backup));
            assert_eq!(fs::read_to_string(&kept).unwrap(), content);
        }
        // Replacing the file afterwards leaves the backup.
        crate::replace(&file, b"3", 0o600).unwrap();
        assert_eq!(fs::read_to_string(home.path().join("a.json.bak")).unwrap(), "1");
    }

    #[test]
    fn a_backup_does_not_follow_or_replace_a_link() {
        let home = tempfile::tempdir().unwrap();
        let (file, other) = (home.path().join("a"), home.path().join("other"));
        fs::write(&file, "1").unwrap();
        fs::write(&other, "x").unwrap();
        std::os::unix::fs::symlink(&other, home.path().join("a.bak")).unwrap();
        assert_eq!(back_up(&file, home.path(), "a").unwrap(), Some(home.path().join("a.bak.2")));
        assert_eq!(fs::read_to_string(&other).unwrap(), "x");
    }
}
