//! Installs the plugin in notation's plugin folder.

use std::path::{Path, PathBuf};

use notary::ReasonCode;
use notary::text::printable;
use notation::install::{InstallError, InstalledPlugin, find_beside, install, installed, installed_path};

use super::report::{Item, Part};
use crate::output::exit::CliError;
use crate::output::unwritable;

/// How to install the plugin.
pub(super) struct Plugin<'a> {
    /// notation's plugin folder.
    pub folder: &'a Path,
    /// The program given with `--plugin`.
    pub program: Option<&'a PathBuf>,
    /// Whether another implementation, a newer version or a broken program may be replaced.
    pub replace: bool,
    /// Only check, change nothing.
    pub check: bool,
}

impl Plugin<'_> {
    pub(super) async fn ensure(&self) -> Item {
        let there = installed(self.folder).await;
        match there {
            Ok(Some(plugin)) if self.is_right(&plugin) => {
                Item::ok(Part::Plugin, format!("version {} is installed", plugin.version)).about(plugin.path.display())
            }
            Ok(Some(plugin)) if self.may_replace(&plugin) => {
                let before = format!("in place of version {}", plugin.version);
                let why = if plugin.is_ours() {
                    format!("version {} is installed, this is {}", plugin.version, env!("CARGO_PKG_VERSION"))
                } else {
                    format!("{:?}, version {}, is installed", plugin.description, plugin.version)
                };
                self.install_over(&why, &before).await
            }
            Ok(Some(plugin)) => {
                let is_newer = plugin.is_ours() && plugin.is_newer();
                let (what, advice) = match is_newer {
                    true => (
                        "a newer version",
                        "Install the newer release of this tool, or downgrade the plugin with --replace-plugin.",
                    ),
                    false => ("another implementation", "Pass --replace-plugin to replace it."),
                };
                let why = format!("{what} is installed: {:?}, version {}", plugin.description, plugin.version);
                let error = CliError::new(ReasonCode::Exists, why).with_advice(advice);
                let item = if is_newer && self.check { Item::warning } else { Item::failed };
                item(Part::Plugin, error).about(plugin.path.display())
            }
            Ok(None) => self.install_over("not installed", "").await,
            Err(why) if self.replace => self.install_over(&why.to_string(), "in place of a broken one").await,
            Err(why) => {
                let error = CliError::configuration(why);
                Item::failed(
                    Part::Plugin,
                    error.with_advice("Run `notation-aws-signer setup --replace-plugin` to replace it."),
                )
            }
        }
    }

    /// Whether to keep the installed plugin.
    fn is_right(&self, plugin: &InstalledPlugin) -> bool {
        let is_same = plugin.is_ours() && !plugin.is_newer() && !plugin.is_older();
        is_same && (self.check || (!self.replace && self.program.is_none()))
    }

    fn may_replace(&self, plugin: &InstalledPlugin) -> bool {
        self.replace || (plugin.is_ours() && !plugin.is_newer())
    }

    /// The plugin that would be replaced although it is not an older version of this one.
    pub(super) async fn goes(&self) -> Option<String> {
        let path = installed_path(self.folder);
        let path = printable(&path.display().to_string());
        match installed(self.folder).await {
            Ok(Some(plugin)) if self.replace && (!plugin.is_ours() || plugin.is_newer()) => {
                Some(format!("the plugin {path}: {:?}, version {}", plugin.description, plugin.version))
            }
            Err(why) if self.replace => Some(format!("the plugin {path}, which does not work: {why}")),
            _ => None,
        }
    }

    /// Installs the plugin, or reports in check mode why it would.
    async fn install_over(&self, why: &str, before: &str) -> Item {
        let path = installed_path(self.folder);
        if self.check {
            let error = CliError::configuration(why).with_advice("Run `notation-aws-signer setup`.");
            return Item::failed(Part::Plugin, error).about(path.display());
        }
        match self.install().await {
            Ok((plugin, backup)) => {
                let kept = backup.map(|backup| format!("; the earlier one is in {}", backup.display()));
                let message = format!("installed version {} {before}", plugin.version);
                Item::changed(Part::Plugin, message.trim_end().to_owned() + &kept.unwrap_or_default())
                    .about(path.display())
            }
            Err(why) => {
                let error = unwritable::plugin_error(&why, self.folder);
                let error = match why {
                    InstallError::Io { .. } => error,
                    _ => error.with_advice(
                        "Install the tool and the plugin from the same release, or build the plugin with `cargo build`.",
                    ),
                };
                Item::failed(Part::Plugin, error)
            }
        }
    }

    async fn install(&self) -> Result<(InstalledPlugin, Option<PathBuf>), InstallError> {
        let program = match self.program {
            Some(program) => program.clone(),
            None => {
                let own = std::env::current_exe();
                find_beside(&own.map_err(|source| InstallError::Io { path: "the program itself".into(), source })?)?
            }
        };
        // An older version of this plugin can be had again.
        let keep = !matches!(installed(self.folder).await, Ok(Some(plugin)) if plugin.is_ours() && !plugin.is_newer());
        install(&program, self.folder, keep).await
    }
}
