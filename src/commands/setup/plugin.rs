//! Installs the plugin in notation's plugin folder.

use std::path::{Path, PathBuf};

use notary::ReasonCode;
use notation::install::{InstallError, InstalledPlugin, find_beside, install, installed, installed_path};

use super::report::{Item, Part};
use crate::output::exit::CliError;

/// How to install the plugin.
pub(super) struct Plugin<'a> {
    /// notation's plugin folder.
    pub folder: &'a Path,
    /// The program given with `--plugin`.
    pub program: Option<&'a PathBuf>,
    pub force: bool,
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
                self.replace(&why, &before).await
            }
            Ok(Some(plugin)) => {
                let is_newer = plugin.is_ours() && plugin.is_newer();
                let (what, advice) = match is_newer {
                    true => (
                        "a newer version",
                        "Install the newer release of this tool, or downgrade the plugin with --force.",
                    ),
                    false => ("another implementation", "Pass --force to replace it."),
                };
                let why = format!("{what} is installed: {:?}, version {}", plugin.description, plugin.version);
                let error = CliError::new(ReasonCode::Exists, why).with_advice(advice);
                let item = if is_newer && self.check { Item::warning } else { Item::failed };
                item(Part::Plugin, error).about(plugin.path.display())
            }
            Ok(None) => self.replace("not installed", "").await,
            Err(why) if self.force => self.replace(&why.to_string(), "in place of a broken one").await,
            Err(why) => {
                let error = CliError::configuration(why);
                Item::failed(Part::Plugin, error.with_advice("Run `notation-aws-signer setup --force` to replace it."))
            }
        }
    }

    /// Whether to keep the installed plugin.
    fn is_right(&self, plugin: &InstalledPlugin) -> bool {
        let is_same = plugin.is_ours() && !plugin.is_newer() && !plugin.is_older();
        is_same && (self.check || (!self.force && self.program.is_none()))
    }

    fn may_replace(&self, plugin: &InstalledPlugin) -> bool {
        self.force || (plugin.is_ours() && !plugin.is_newer())
    }

    /// Installs the plugin, or reports in check mode why it would.
    async fn replace(&self, why: &str, before: &str) -> Item {
        let path = installed_path(self.folder);
        if self.check {
            let error = CliError::configuration(why).with_advice("Run `notation-aws-signer setup`.");
            return Item::failed(Part::Plugin, error).about(path.display());
        }
        match self.install().await {
            Ok(plugin) => {
                let message = format!("installed version {} {before}", plugin.version);
                Item::changed(Part::Plugin, message.trim_end()).about(path.display())
            }
            Err(why) => {
                let error = CliError::file(why).with_advice(
                    "Install the tool and the plugin from the same release, or build the plugin with `cargo build`.",
                );
                Item::failed(Part::Plugin, error)
            }
        }
    }

    async fn install(&self) -> Result<InstalledPlugin, InstallError> {
        let program = match self.program {
            Some(program) => program.clone(),
            None => {
                let own = std::env::current_exe();
                find_beside(&own.map_err(|source| InstallError::Io { path: "the program itself".into(), source })?)?
            }
        };
        install(&program, self.folder).await
    }
}
