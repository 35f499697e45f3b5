//! Installing the plugin for notation: notaryproject/specifications, `plugin-extensibility.md`, "Plugin installation".
//! The executable `{plugins}/NAME/notation-NAME` is replaced atomically.

use std::cmp::Ordering;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use aws_names::{PLUGIN_DESCRIPTION, PLUGIN_NAME};
use files::{FileError, back_up, check_chosen_program, check_folder, check_program, sync_folder};
use limits::Deadline;
use notary::text::printable;

use crate::plugin_host::{metadata, parse_version};

/// The name that cargo gives the plugin's program: cargo allows no dots.
const CARGO_NAME: &str = "notation-aws-signer-plugin";
/// The folder of plugins in packages, below the prefix `/usr`: the Notary Project's directory structure.
const PACKAGED_PLUGINS: &str = "libexec/notation/plugins";
/// The time limit for a plugin's `get-plugin-metadata`.
const TIME: Duration = Duration::from_secs(10);

/// Why the plugin was not installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The plugin's program was not found at the expected paths.
    #[error(
        "the plugin's program was not found; looked for: {}. Pass its path with --plugin FILE",
        .0.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    NotFound(Vec<PathBuf>),
    /// The program does not answer as a notation plugin.
    #[error("{path} is not a working plugin: {why}", path = path.display())]
    NotAPlugin {
        /// The program.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// The program is another plugin.
    #[error("{path} is the plugin {found:?}, not {PLUGIN_NAME}", path = path.display())]
    OtherPlugin {
        /// The program.
        path: PathBuf,
        /// Its name.
        found: String,
    },
    /// Other users could change the program, before it is run or later.
    #[error("the plugin is not installed: {0}")]
    Untrusted(#[from] FileError),
    /// A file or folder cannot be read or written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}

/// An installed plugin for AWS Signer, as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InstalledPlugin {
    /// The path of its program.
    pub path: PathBuf,
    /// Its version.
    pub version: String,
    /// Its description.
    pub description: String,
}

impl InstalledPlugin {
    /// Whether it is this project's plugin, by its description.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.description == PLUGIN_DESCRIPTION
    }

    /// Whether its version is newer than that of this program. A malformed version counts as newer.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        self.compared_with_this().is_none_or(Ordering::is_gt)
    }

    /// Whether its version is older than that of this program.
    #[must_use]
    pub fn is_older(&self) -> bool {
        self.compared_with_this().is_some_and(Ordering::is_lt)
    }

    fn compared_with_this(&self) -> Option<Ordering> {
        let theirs = parse_version(&self.version).ok()?;
        let own = parse_version(env!("CARGO_PKG_VERSION")).ok()?;
        Some(theirs.cmp_precedence(&own))
    }
}

/// The path of the plugin's program in notation's plugin folder.
#[must_use]
pub fn installed_path(plugins: &Path) -> PathBuf {
    plugins.join(PLUGIN_NAME).join(file_name())
}

fn file_name() -> String {
    format!("notation-{PLUGIN_NAME}")
}

/// Finds the plugin's program in the folder of this program, by the name in archives or by cargo's name, or where the
/// packages of distributions have it: `/usr/libexec/notation/plugins` for the program `/usr/bin/notation-aws-signer`.
///
/// # Errors
/// Returns [`InstallError::NotFound`] with the searched paths if the program is in none of them.
pub fn find_beside(program: &Path) -> Result<PathBuf, InstallError> {
    let folder = program.parent().unwrap_or(Path::new("/"));
    let prefix = folder.parent().unwrap_or(Path::new("/"));
    let packaged = installed_path(&prefix.join(PACKAGED_PLUGINS));
    let candidates = [folder.join(file_name()), folder.join(CARGO_NAME), packaged];
    let found = candidates.iter().find(|path| path.is_file()).cloned();
    found.ok_or_else(|| InstallError::NotFound(candidates.into()))
}

/// The installed plugin, if there is one.
///
/// # Errors
/// Returns [`InstallError`] if the installed program is not a working plugin.
pub async fn installed(plugins: &Path) -> Result<Option<InstalledPlugin>, InstallError> {
    let path = installed_path(plugins);
    match check_program(&path) {
        Ok(()) => inspect(&path).await.map(Some),
        Err(FileError::Missing(_)) => Ok(None),
        Err(why) => Err(InstallError::NotAPlugin { path, why: printable(&why.to_string()) }),
    }
}

/// Copies the plugin's program into notation's plugin folder atomically: a notation that starts meanwhile runs the old
/// or the new program. Before and after the copy, the program must identify itself as the plugin. With `keep`, the
/// program that it replaces is kept as a `.bak` file beside it. Returns the plugin and the backup.
///
/// # Errors
/// Returns [`InstallError`] if the program is not the plugin, other users could change it, or it cannot be copied. The
/// previously installed plugin is then unchanged, unless the copy does not run.
pub async fn install(
    given: &Path,
    plugins: &Path,
    keep: bool,
) -> Result<(InstalledPlugin, Option<PathBuf>), InstallError> {
    // The whole path: a name without a folder would be run from the PATH, but copied from the current folder.
    let program = &check_chosen_program(given)?;
    inspect(program).await?;
    let path = installed_path(plugins);
    let folder = path.parent().unwrap_or(plugins);
    let error = |source| InstallError::Io { path: path.clone(), source };
    files::create_folders(folder, 0o700).map_err(error)?;
    check_folder(folder)?;
    // notation runs only the file with the exact name.
    let backup = if keep { back_up(&path, folder, &file_name()).map_err(error)? } else { None };
    copy(program, &path, folder).map_err(error)?;
    check_program(&path)?;
    Ok((inspect(&path).await?, backup))
}

fn copy(program: &Path, path: &Path, folder: &Path) -> io::Result<()> {
    // The temporary file is in the plugin's folder: notation ignores names that do not start with `notation-`.
    let mut temporary = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
    io::copy(&mut fs::File::open(program)?, &mut temporary)?;
    temporary.as_file().set_permissions(Permissions::from_mode(0o755))?;
    temporary.as_file().sync_all()?;
    // Close the file before renaming: the system does not run a file that is open for writing ("text file busy").
    temporary.into_temp_path().persist(path)?;
    sync_folder(folder)
}

/// Asks a program for its plugin metadata. This needs neither credentials nor network.
async fn inspect(path: &Path) -> Result<InstalledPlugin, InstallError> {
    let metadata = metadata(path, Deadline::new(TIME)).await;
    let metadata =
        metadata.map_err(|why| InstallError::NotAPlugin { path: path.to_owned(), why: printable(&why.to_string()) })?;
    if metadata.name != PLUGIN_NAME {
        return Err(InstallError::OtherPlugin { path: path.to_owned(), found: printable(&metadata.name) });
    }
    Ok(InstalledPlugin {
        path: path.to_owned(),
        version: printable(&metadata.version),
        description: printable(&metadata.description),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn plugin(version: &str) -> InstalledPlugin {
        let description = PLUGIN_DESCRIPTION.to_owned();
        InstalledPlugin { path: PathBuf::new(), version: version.to_owned(), description }
    }

    /// A shell script with these lines, as the plugin's program.
    fn program(folder: &Path, lines: &str) -> PathBuf {
        let path = folder.join("program");
        fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn compares_versions_and_treats_malformed_ones_as_newer() {
        assert!(plugin("99.0.0").is_newer() && plugin("1.10.0").is_older());
        assert!(!plugin(env!("CARGO_PKG_VERSION")).is_newer() && !plugin(env!("CARGO_PKG_VERSION")).is_older());
        assert!(plugin("nightly").is_newer() && !plugin("nightly").is_older());
    }

    #[tokio::test]
    async fn rejects_programs_that_are_not_the_plugin() {
        let home = tempfile::tempdir().unwrap();
        let other = r#"echo '{"name": "com.example.other", "version": "1.0.0", "description": "x", "url": "x"}'"#;
        for (lines, why) in [
            ("echo hello", "not a valid JSON"),
            ("exit 1", "get-plugin-metadata failed"),
            ("head -c 2000000 /dev/zero", "more than"),
            (r#"echo '{"name": "com.amazonaws.signer.notation.plugin"}'"#, "version is missing"),
            (other, "is the plugin \"com.example.other\""),
        ] {
            let plugins = home.path().join("plugins");
            let refused = install(&program(home.path(), lines), &plugins, true).await.unwrap_err();
            assert!(refused.to_string().contains(why), "{lines}: {refused}");
            assert_eq!(installed(&plugins).await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn installs_an_executable_under_notations_name() {
        let home = tempfile::tempdir().unwrap();
        let answer =
            r#"{"name": "com.amazonaws.signer.notation.plugin", "version": "2.0.0", "description": "x", "url": "x"}"#;
        let plugins = home.path().join("plugins");
        let script = program(home.path(), &format!("echo '{answer}'"));
        let (there, backup) = install(&script, &plugins, true).await.unwrap();
        assert_eq!(backup, None);
        assert_eq!(there.path, plugins.join(PLUGIN_NAME).join(format!("notation-{PLUGIN_NAME}")));
        assert_eq!(fs::metadata(&there.path).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_dir(plugins.join(PLUGIN_NAME)).unwrap().count(), 1);
        assert_eq!(installed(&plugins).await.unwrap(), Some(there));
        let newer = program(home.path(), &format!("echo '{}'", answer.replace("2.0.0", "2.0.1")));
        let (there, backup) = install(&newer, &plugins, true).await.unwrap();
        let backup = backup.unwrap();
        assert_eq!((there.version.as_str(), backup.extension().unwrap().to_str()), ("2.0.1", Some("bak")));
        assert_eq!(inspect(&backup).await.unwrap().version, "2.0.0");
    }

    #[test]
    fn finds_the_plugin_where_packages_have_it() {
        let root = tempfile::tempdir().unwrap();
        let packaged = installed_path(&root.path().join("usr/libexec/notation/plugins"));
        fs::create_dir_all(packaged.parent().unwrap()).unwrap();
        fs::write(&packaged, "").unwrap();
        assert_eq!(find_beside(&root.path().join("usr/bin/notation-aws-signer")).unwrap(), packaged);
        let beside = root.path().join("usr/bin").join(file_name());
        fs::create_dir(root.path().join("usr/bin")).unwrap();
        fs::write(&beside, "").unwrap();
        assert_eq!(find_beside(&root.path().join("usr/bin/notation-aws-signer")).unwrap(), beside);
    }

    #[test]
    fn names_the_searched_paths() {
        let why = find_beside(Path::new("/nowhere/notation-aws-signer")).unwrap_err().to_string();
        assert!(why.contains("/nowhere/notation-com.amazonaws.signer.notation.plugin"), "{why}");
        assert!(why.contains("/nowhere/notation-aws-signer-plugin"), "{why}");
    }
}
