//! notation's configuration folder, `{NOTATION_CONFIG}`: the Notary Project's directory structure.

use std::ffi::OsString;
use std::path::PathBuf;

/// The environment does not say where the folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfigFolderError {
    /// Neither variable is set.
    #[error("set HOME or XDG_CONFIG_HOME")]
    Unset,
    /// A variable holds a relative path. notation would read `.notation` in the working directory, which may belong to
    /// the author of what is verified.
    #[error("HOME or XDG_CONFIG_HOME is not an absolute path")]
    Relative,
}

/// The folder that notation uses with these environment variables: `$XDG_CONFIG_HOME/notation`, else
/// `$HOME/.config/notation`; on macOS `$HOME/Library/Application Support/notation`.
///
/// # Errors
/// Returns [`ConfigFolderError`] if the variables are not set, or not to an absolute path.
pub fn config_folder(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, ConfigFolderError> {
    folder(cfg!(target_os = "macos"), variable)
}

fn folder(is_macos: bool, variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, ConfigFolderError> {
    let path = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let under_home = if is_macos { "Library/Application Support" } else { ".config" };
    let config = path("XDG_CONFIG_HOME").filter(|_| !is_macos);
    let config = config.or_else(|| path("HOME").map(|home| home.join(under_home))).ok_or(ConfigFolderError::Unset)?;
    if config.is_relative() {
        return Err(ConfigFolderError::Relative);
    }
    Ok(config.join("notation"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn finds_the_folder_that_notation_uses() {
        let of = |is_macos, xdg: &str, home: &str| {
            let value = |name: &str| Some(if name == "HOME" { home } else { xdg }.into());
            folder(is_macos, value).map(|folder| folder.to_str().unwrap().to_owned()).ok()
        };
        assert_eq!(of(false, "/c", "/h").as_deref(), Some("/c/notation"));
        assert_eq!(of(false, "", "/h").as_deref(), Some("/h/.config/notation"));
        assert_eq!(of(true, "/c", "/h").as_deref(), Some("/h/Library/Application Support/notation"));
        for (xdg, home) in [("", ""), ("c", "/h"), ("", "h")] {
            assert_eq!(of(false, xdg, home), None);
        }
    }
}
