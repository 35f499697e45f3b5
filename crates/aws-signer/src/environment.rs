//! The environment variables that AWS's tools read.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A snapshot of the environment variables. Values that are not UTF-8 are kept as they can be shown.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads the variables of this process that start with `AWS_`, and `HOME`.
    #[must_use]
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// Returns a variable without spaces and line ends around it. Empty variables count as unset, as in AWS's SDKs.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.given(name).filter(|value| !value.is_empty())
    }

    /// As [`Self::get`], with empty variables.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim())
    }

    /// Returns the first of these variables that is set, with its name.
    pub(crate) fn first<'a>(&self, names: &[&'a str]) -> Option<(&'a str, &str)> {
        names.iter().find_map(|name| Some((*name, self.get(name)?)))
    }

    /// Returns the path with the home folder in place of a leading `~`.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), self.get("HOME")) {
            (Some(rest), Some(home)) => Path::new(home).join(rest),
            _ => path.into(),
        }
    }

    /// Returns a path in the home folder, if there is one.
    pub(crate) fn in_home(&self, path: &str) -> Option<PathBuf> {
        self.get("HOME").map(|home| Path::new(home).join(path))
    }
}

impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<T: IntoIterator<Item = (OsString, OsString)>>(variables: T) -> Self {
        let text = |value: OsString| value.to_string_lossy().into_owned();
        let wanted = |name: &str| name.starts_with("AWS_") || matches!(name, "HOME" | "SECRET_ACCESS_KEY");
        Self(
            variables
                .into_iter()
                .map(|(name, value)| (text(name), value))
                .filter(|(name, _)| wanted(name))
                .map(|(name, value)| (name, text(value)))
                .collect(),
        )
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Environment {
    fn from_iter<T: IntoIterator<Item = (&'a str, &'a str)>>(variables: T) -> Self {
        variables.into_iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect()
    }
}

// The values include secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_variables_count_as_unset() {
        let environment: Environment =
            [("AWS_PROFILE", " \n"), ("AWS_REGION", "eu-west-1\n"), ("HOME", "/home/a")].into_iter().collect();
        assert_eq!(environment.get("AWS_PROFILE"), None);
        assert_eq!(environment.first(&["AWS_PROFILE", "AWS_REGION"]), Some(("AWS_REGION", "eu-west-1")));
        assert_eq!(environment.path("~/.aws/config"), Path::new("/home/a/.aws/config"));
        assert_eq!(environment.path("~other/config"), Path::new("~other/config"));
    }

    #[test]
    fn debug_shows_names_only() {
        let environment: Environment = [("AWS_SECRET_ACCESS_KEY", "hunter2")].into_iter().collect();
        assert!(!format!("{environment:?}").contains("hunter2"));
    }
}
