//! Names of entries, as every program that unpacks them must understand them: relative, with `/`, in UTF-8.

use std::collections::BTreeSet;
use std::ops::Bound;

use super::error::ZipError;

/// The longest path that Linux opens.
const MOST: usize = 4096;

/// The problem of a name, if it has one.
pub(crate) fn problem(name: &str) -> Option<&'static str> {
    let path = name.strip_suffix('/').unwrap_or(name);
    if name.len() > MOST {
        return Some("the name has more than 4,096 bytes");
    }
    if path.is_empty() {
        return Some("the name is empty");
    }
    if name.contains('\0') {
        return Some("the name contains a NUL character");
    }
    if name.contains('\\') {
        return Some("the name contains a backslash; folders are separated by /");
    }
    if name.starts_with('/') {
        return Some("the name is an absolute path");
    }
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Some("the name contains an empty part, . or ..");
    }
    None
}

/// Checks that no two entries are unpacked to the same place: the same name twice, also with and without a `/` at the
/// end, or a file that is a folder of another entry.
pub(crate) fn check_places<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Result<(), ZipError> {
    let place = |name: &'a str| name.strip_suffix('/').unwrap_or(name);
    let mut places = BTreeSet::new();
    for name in names.clone() {
        if !places.insert(place(name)) {
            return Err(ZipError::entry(name, "another entry has the same name"));
        }
    }
    for file in names.filter(|name| !name.ends_with('/')) {
        let folder = format!("{file}/");
        // Of all places in the folder, the first in order is not before the folder's own name.
        let inside = places.range::<str, _>((Bound::Included(folder.as_str()), Bound::Unbounded)).next();
        if inside.is_some_and(|inside| inside.starts_with(&folder)) {
            return Err(ZipError::entry(file, "it is a file, and the folder of another entry"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_relative_paths_only() {
        for good in ["a", "a/b", "a/", "..a/b..", "ü/日本.py", "a b"] {
            assert_eq!(problem(good), None, "{good}");
        }
        for bad in ["", "/", "/a", "a//b", "./a", "a/../b", "..", "a/.", "a\\b", "a\0b", "//a"] {
            assert!(problem(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn rejects_entries_with_the_same_place() {
        assert!(check_places(["a/", "a/b", "c"].into_iter()).is_ok());
        for names in [&["a", "a"][..], &["a", "a/"], &["a", "a/b"], &["a/b/c", "a/b"]] {
            assert!(check_places(names.iter().copied()).is_err(), "{names:?}");
        }
    }
}
