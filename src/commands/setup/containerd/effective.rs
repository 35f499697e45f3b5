//! What containerd is, and the configuration that it uses: its own answer, with all imports and defaults.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use notary::text::{printable, start_of};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::super::report::{Item, Part};
use super::shown;
use crate::output::exit::CliError;

/// The time for each question to the program.
const TIME: Duration = Duration::from_secs(10);
/// The largest answer.
const MAX_ANSWER: u64 = 4 * 1024 * 1024;

/// A containerd on this machine.
#[derive(Debug)]
pub struct Containerd {
    /// The program.
    pub program: PathBuf,
    /// Its configuration file, which may be missing.
    pub config: PathBuf,
}

/// The version, and the configuration in force after a restart.
#[derive(Debug)]
pub struct Effective {
    /// Major and minor.
    pub version: (u32, u32),
    /// The version as containerd says it.
    pub version_text: String,
    /// The whole configuration.
    pub config: toml::Table,
}

impl Containerd {
    /// Asks the program.
    pub async fn effective(&self) -> Result<Effective, CliError> {
        let said = self.ask(&["--version"]).await?;
        let found = said.split_whitespace().find_map(|word| Some((version(word)?, word.to_owned())));
        let Some((version, version_text)) = found else {
            let said = printable(&start_of(said.trim()));
            return Err(CliError::configuration(format!("{} has an unknown version: {said:?}", shown(&self.program))));
        };
        let config = self.config.to_string_lossy().into_owned();
        // Without its file, containerd uses the defaults.
        let said = match self.config.try_exists() {
            Ok(true) => self.ask(&["--config", &config, "config", "dump"]).await?,
            Ok(false) => self.ask(&["config", "default"]).await?,
            Err(why) => return Err(CliError::file(format!("{}: {why}", shown(&self.config)))),
        };
        let config = said.parse::<toml::Table>().map_err(|why| {
            let why = why.message().to_owned();
            CliError::configuration(format!("the configuration that containerd shows is not TOML: {why}"))
        })?;
        Ok(Effective { version, version_text, config })
    }

    async fn ask(&self, arguments: &[&str]) -> Result<String, CliError> {
        let shown = format!("{} {}", shown(&self.program), arguments.join(" "));
        let failed = |why: String| CliError::configuration(format!("{shown}: {}", printable(&why)));
        let mut command = Command::new(&self.program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command
            .spawn()
            .map_err(|why| failed(why.to_string()).with_advice("Pass the program with --containerd PROGRAM."))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let asking = async {
            let (mut said, mut complained) = (Vec::new(), Vec::new());
            let reading = async {
                match stdout {
                    Some(stdout) => stdout.take(MAX_ANSWER).read_to_end(&mut said).await.map(drop),
                    None => Ok(()),
                }
            };
            let complaining = async {
                match stderr {
                    Some(stderr) => stderr.take(MAX_ANSWER).read_to_end(&mut complained).await.map(drop),
                    None => Ok(()),
                }
            };
            tokio::try_join!(reading, complaining)?;
            Ok::<_, std::io::Error>((child.wait().await?, said, complained))
        };
        let asked = tokio::time::timeout(TIME, asking).await;
        let (status, said, complained) = match asked {
            Ok(asked) => asked.map_err(|why| failed(why.to_string()))?,
            Err(_) => return Err(failed(format!("no answer within {TIME:?}"))),
        };
        if !status.success() {
            let complained = String::from_utf8_lossy(&complained);
            return Err(failed(format!("{status}: {}", start_of(complained.trim()))));
        }
        String::from_utf8(said).map_err(|_| failed("the answer is not UTF-8".to_owned()))
    }
}

impl Effective {
    /// Whether this containerd can verify what Kubernetes pulls.
    pub fn version_item(&self) -> Item {
        let version = &self.version_text;
        if self.version < (2, 1) {
            let why = format!("version {version}: its Kubernetes plugin (CRI) pulls images without verifiers");
            let why = CliError::configuration(why).with_advice("Update containerd to 2.1 or newer.");
            return Item::failed(Part::Containerd, why);
        }
        Item::ok(Part::Containerd, format!("version {version}"))
    }

    /// The configuration of a plugin, by its full id.
    pub fn plugin(&self, id: &str) -> Option<&toml::Table> {
        self.config.get("plugins")?.as_table()?.get(id)?.as_table()
    }

    /// The texts of a list.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let list = self.config.get(name).and_then(toml::Value::as_array);
        list.into_iter().flatten().filter_map(toml::Value::as_str).collect()
    }

    /// Whether a plugin is switched off, by its id or its type.
    pub fn is_disabled(&self, id: &str) -> bool {
        let kind = id.rsplit_once('.').map_or(id, |(kind, _)| kind);
        self.texts("disabled_plugins").into_iter().any(|disabled| disabled == id || disabled == kind)
    }
}

/// Major and minor of `v2.1.4` or `1.7.2-rc1`.
pub fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.strip_prefix('v').unwrap_or(text).splitn(3, '.');
    let number = |part: Option<&str>| part?.parse().ok();
    let (major, minor) = (number(parts.next())?, number(parts.next())?);
    parts.next().map(|_| (major, minor))
}
