//! The link in containerd's folder of image verifiers, and the drop-in for its configuration.

use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::super::report::{Item, Part};
use super::effective::Effective;
use super::shown;
use crate::commands::admission::verify_image;
use crate::output::exit::CliError;

/// The plugin that calls verifiers.
pub const VERIFIER: &str = "io.containerd.image-verifier.v1.bindir";
/// The name of the link.
pub const LINK: &str = verify_image::NAME;
/// The folder of verifiers unless the configuration names another.
const BIN_DIR: &str = "/opt/containerd/image-verifier/bin";
/// The folder of drop-ins, beside containerd's configuration.
const DROP_INS: &str = "conf.d";
const DROP_IN: &str = "notation-aws-signer.toml";

/// The folder of verifiers.
pub fn bin_dir(effective: &Effective) -> PathBuf {
    let configured = effective.plugin(VERIFIER).and_then(|plugin| plugin.get("bin_dir")?.as_str());
    configured.filter(|folder| !folder.is_empty()).map_or_else(|| PathBuf::from(BIN_DIR), PathBuf::from)
}

/// What is to be installed.
pub struct Installation<'a> {
    /// containerd's configuration.
    containerd: &'a Path,
    /// The admission configuration.
    admission: &'a Path,
    bin_dir: PathBuf,
    /// The version of the form of containerd's configuration.
    form: i64,
    /// Whether containerd reads the drop-in already.
    is_imported: bool,
}

/// containerd runs this program as root, so only root may be able to replace it.
fn check_this_program() -> Option<Item> {
    let program = std::env::current_exe().and_then(std::fs::canonicalize);
    let (program, why) = match program {
        Ok(program) => match files::check_chosen_program(&program) {
            Ok(_) => return None,
            Err(why) => (program, CliError::file(why)),
        },
        Err(why) => (PathBuf::from("/proc/self/exe"), CliError::file(why)),
    };
    let why = why.with_advice("Install the program where root alone can write, such as /usr/local/bin.");
    Some(Item::failed(Part::Verifier, why).about(program.display()))
}

impl<'a> Installation<'a> {
    pub fn new(containerd: &'a Path, effective: &Effective, admission: &'a Path) -> Self {
        let form = effective.config.get("version").and_then(toml::Value::as_integer).unwrap_or(3);
        let folder = folder_of(containerd).join(DROP_INS);
        let reads = |import: &&str| {
            let import = folder_of(containerd).join(import);
            import == folder.join(DROP_IN) || (import.parent() == Some(&folder) && import.ends_with("*.toml"))
        };
        let is_imported = effective.texts("imports").iter().any(reads);
        Self { containerd, admission, bin_dir: bin_dir(effective), form, is_imported }
    }

    fn link(&self) -> PathBuf {
        self.bin_dir.join(LINK)
    }

    fn drop_in(&self) -> PathBuf {
        folder_of(self.containerd).join(DROP_INS).join(DROP_IN)
    }

    fn imports(&self) -> String {
        format!("imports = [{:?}]", folder_of(self.containerd).join(DROP_INS).join("*.toml").display().to_string())
    }

    fn drop_in_content(&self) -> String {
        format!(
            "# Written by `notation-aws-signer setup containerd`.\nversion = {}\n\n[plugins.\"{VERIFIER}\"]\n  bin_dir = {:?}\n  \
             max_verifiers = -1\n  per_verifier_timeout = \"10s\"\n",
            self.form,
            self.bin_dir.display().to_string()
        )
    }

    /// Whether the link leads to a program that can be run.
    pub fn check(&self) -> Vec<Item> {
        let link = self.link();
        let item = match std::fs::metadata(&link) {
            Ok(found) if !found.is_file() => not_linked("it is not a program"),
            Ok(_) => match is_this_program(&link) {
                Ok(true) => Item::ok(Part::Verifier, "containerd runs this program"),
                Ok(false) => not_linked("it leads to another program"),
                Err(why) => not_linked(&why.to_string()),
            },
            Err(why) if why.kind() == io::ErrorKind::NotFound => not_linked("it does not exist"),
            Err(why) => not_linked(&why.to_string()),
        };
        let mut items = vec![item.about(link.display())];
        items.extend(check_this_program());
        items.extend(self.check_folder());
        items.extend(self.check_configuration());
        items
    }

    /// Programs that others may put there would be run as root, and might say that all is well.
    fn check_folder(&self) -> Option<Item> {
        let why = files::check_folder(&self.bin_dir).err()?;
        if !self.bin_dir.exists() {
            return None;
        }
        let why = CliError::file(why).with_advice("Make it writable by root alone.");
        Some(Item::failed(Part::Verifier, why).about(self.bin_dir.display()))
    }

    /// Whether the verifier finds the admission configuration, which containerd does not name.
    fn check_configuration(&self) -> Option<Item> {
        if self.admission == Path::new(verify_image::CONFIG) {
            return None;
        }
        let is_default =
            std::fs::canonicalize(self.admission).ok().zip(std::fs::canonicalize(verify_image::CONFIG).ok());
        if is_default.is_some_and(|(given, default)| given == default) {
            return None;
        }
        let variable = verify_image::CONFIG_VARIABLE;
        let why = format!("{} is not {}", shown(self.admission), verify_image::CONFIG);
        let advice = format!(
            "Move it there, or add Environment={variable}={} to containerd's systemd unit.",
            shown(self.admission)
        );
        Some(Item::warning(Part::AdmissionConfiguration, CliError::configuration(why).with_advice(advice)))
    }

    /// Links this program and writes the drop-in.
    pub fn ensure(&self) -> Vec<Item> {
        if let Some(item) = check_this_program() {
            return vec![item];
        }
        let mut items = vec![self.ensure_link(), self.ensure_drop_in()];
        items.extend(self.check_folder());
        items.extend(self.check_configuration());
        items
    }

    fn ensure_link(&self) -> Item {
        let link = self.link();
        let item = match self.make_link(&link) {
            Ok(false) => Item::ok(Part::Verifier, "containerd runs this program"),
            Ok(true) => Item::changed(Part::Verifier, "linked to this program"),
            Err(why) => Item::failed(Part::Verifier, unwritable(&why)),
        };
        item.about(link.display())
    }

    /// Whether the link was made now.
    fn make_link(&self, link: &Path) -> io::Result<bool> {
        if is_this_program(link).unwrap_or(false) {
            return Ok(false);
        }
        let program = std::env::current_exe()?;
        files::create_folders(&self.bin_dir, 0o755)?;
        if let Ok(found) = link.symlink_metadata()
            && !found.is_symlink()
        {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "another program has this name; remove it first"));
        }
        // In one step: an image that is pulled meanwhile must not find the folder empty.
        let new = self.bin_dir.with_file_name(format!(".{LINK}.{}", std::process::id()));
        let _ = std::fs::remove_file(&new);
        symlink(program, &new)?;
        std::fs::rename(&new, link).inspect_err(|_| {
            let _ = std::fs::remove_file(&new);
        })?;
        Ok(true)
    }

    fn ensure_drop_in(&self) -> Item {
        let path = self.drop_in();
        let item = match self.write_drop_in(&path) {
            Ok(false) => Item::ok(Part::DropIn, "up to date"),
            Ok(true) => Item::changed(Part::DropIn, "written"),
            Err(why) => Item::failed(Part::DropIn, unwritable(&why)),
        };
        if item.is_ok() || self.is_imported || !self.containerd.exists() {
            return item.about(path.display());
        }
        // containerd's own file belongs to its administrator.
        let why =
            format!("{} does not import it; containerd's own settings and defaults apply", shown(self.containerd));
        let why = CliError::configuration(why).with_advice(format!("Add {} to it.", self.imports()));
        Item::warning(Part::DropIn, why).about(path.display())
    }

    /// Whether it was written now. Without a configuration of containerd, one that reads it is written, too.
    fn write_drop_in(&self, path: &Path) -> io::Result<bool> {
        let content = self.drop_in_content();
        let mut is_new = false;
        if std::fs::read(path).ok().as_deref() != Some(content.as_bytes()) {
            if let Some(folder) = path.parent() {
                files::create_folders(folder, 0o755)?;
            }
            files::replace(path, content.as_bytes(), 0o644)?;
            is_new = true;
        }
        if !self.containerd.exists() {
            let content = format!("version = {}\n{}\n", self.form, self.imports());
            files::create(self.containerd, content.as_bytes(), 0o644)?;
            is_new = true;
        }
        Ok(is_new)
    }
}

/// The folder of containerd's configuration.
fn folder_of(containerd: &Path) -> &Path {
    containerd.parent().unwrap_or(Path::new("/"))
}

/// Whether a link leads to this program.
fn is_this_program(link: &Path) -> io::Result<bool> {
    Ok(std::fs::canonicalize(link)? == std::fs::canonicalize(std::env::current_exe()?)?)
}

fn not_linked(why: &str) -> Item {
    let why = CliError::configuration(format!("{why}, so images are pulled unverified"));
    Item::failed(Part::Verifier, why.with_advice("Run `notation-aws-signer setup containerd`."))
}

fn unwritable(why: &io::Error) -> CliError {
    let error = CliError::file(why);
    match why.kind() {
        io::ErrorKind::PermissionDenied => error.with_advice("Run it as root."),
        _ => error,
    }
}
