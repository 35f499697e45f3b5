//! When the configuration and its files are read again: on a signal, and when one of them changes. A configuration that
//! cannot be used as a whole changes nothing.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::{Mutex, watch};

use super::build::{Builder, LOOK};
use crate::config::{Config, LogLevel, Tls as TlsSetting, placed};
use crate::decision::{Decider, trust_store_files};
use crate::log::Field;
use crate::server::{Live, Tls};
use crate::status::Status;

/// Reads the configuration again.
#[derive(Debug)]
pub struct Reloader {
    path: PathBuf,
    level: Option<LogLevel>,
    live: Arc<Live<Decider>>,
    tls: Option<Arc<Tls>>,
    status: Arc<Status>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    builder: Builder,
    /// The configuration in force.
    config: Config,
    /// The files that the last configuration names, and their states before it was read. It may not be in force.
    read: Stamps,
}

/// The states of files.
pub(super) type Stamps = Vec<(PathBuf, Option<Stamp>)>;

/// What tells one state of a file from another, also when a link leads to another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    target: Option<PathBuf>,
}

/// The states of these files now, and of the configuration at `path`.
pub(super) async fn stamps(path: &Path, mut files: Vec<PathBuf>) -> Stamps {
    files.retain(|file| file != path);
    files.push(path.to_owned());
    let stamps = move || files.into_iter().map(|path| (path.clone(), Stamp::of(&path))).collect();
    tokio::task::spawn_blocking(stamps).await.unwrap_or_default()
}

/// The states of all files that this configuration names, and of those in its trust stores, and of the configuration
/// at `path`.
pub(super) async fn stamps_of(path: &Path, config: &Config) -> Stamps {
    let mut files = config.files();
    let policies = config.policies.clone();
    files.extend(tokio::task::spawn_blocking(move || trust_store_files(&policies)).await.unwrap_or_default());
    stamps(path, files).await
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata: Metadata = std::fs::metadata(path).ok()?;
        let target = std::fs::canonicalize(path).ok();
        Some(Self { modified: metadata.modified().ok(), length: metadata.len(), target })
    }
}

impl Reloader {
    /// Reloads the file at `path`, whose content in force is `config`. `read` has the states of the files before they
    /// were read. `status` is told how reloads end.
    #[must_use]
    pub fn new(
        path: PathBuf,
        (config, read): (Config, Stamps),
        level: Option<LogLevel>,
        builder: Builder,
        live: Arc<Live<Decider>>,
        tls: Option<Arc<Tls>>,
        status: Arc<Status>,
    ) -> Self {
        Self { path, level, live, tls, status, state: Mutex::new(State { builder, config, read }) }
    }

    /// Looks at the files from time to time, and reloads when one has changed and has stayed the same since the last
    /// look: a file that is being written is not read halfway.
    pub async fn watch(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut last = Stamps::new();
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            let read = self.state.lock().await.read.clone();
            let now = stamps(&self.path, named(&read, &self.path)).await;
            if now != read && now == last {
                self.reload().await;
            }
            last = now;
        }
    }

    /// Reads the configuration again and puts it in force as a whole. The log and the metrics have the result. Returns
    /// whether it is in force.
    pub async fn reload(&self) -> bool {
        let mut state = self.state.lock().await;
        // A file that changes while it is read is read again.
        let before = stamps(&self.path, named(&state.read, &self.path)).await;
        let result = self.replace(&mut state, &before).await;
        let result = result.map_err(|why| placed(&self.path, &why).unwrap_or(why));
        let builder = &state.builder;
        builder.metrics().reload(result.is_ok());
        self.status.loaded(result.as_ref().map_err(String::as_str));
        match &result {
            Ok(config) => {
                builder.log().set_level(self.level.unwrap_or(config.log.level));
                builder.log().info("the configuration was loaded again", &[]);
                for warning in config.warnings() {
                    builder.log().warn(&warning.to_string(), &[]);
                }
            }
            Err(why) => {
                let fields = [("reason", Field::from(why.as_str()))];
                builder.log().error("the configuration before stays in force", &fields);
            }
        }
        match result {
            Ok(config) => {
                state.config = config;
                true
            }
            Err(_) => false,
        }
    }

    async fn replace(&self, state: &mut State, before: &Stamps) -> Result<Config, String> {
        state.read.clone_from(before);
        let path = self.path.clone();
        let config = tokio::task::spawn_blocking(move || Config::load(&path)).await;
        let config = config.map_err(|_| "reading the file failed unexpectedly".to_owned())?;
        let config = config.map_err(|why| why.to_string())?;
        // A file that is missing now may appear later.
        let known = |path: &PathBuf| before.iter().find(|(known, _)| known == path);
        let read = stamps_of(&self.path, &config).await;
        state.read = read.into_iter().map(|(path, now)| known(&path).cloned().unwrap_or((path, now))).collect();
        let before = &state.config.server;
        let fixed = [
            ("server.listen", before.listen == config.server.listen),
            ("server.operations", before.operations == config.server.operations),
            ("server.socket", before.socket == config.server.socket),
        ];
        if let Some((name, _)) = fixed.into_iter().find(|(_, is_same)| !is_same) {
            return Err(format!("{name} cannot change while the service runs; restart it"));
        }
        if std::mem::discriminant(&before.tls) != std::mem::discriminant(&config.server.tls) {
            return Err("the kind of server.tls cannot change while the service runs; restart it".to_owned());
        }
        if matches!(before.tls, TlsSetting::SelfManaged(_)) && before.tls != config.server.tls {
            return Err("server.tls.selfManaged cannot change while the service runs; restart it".to_owned());
        }
        if let (Some(_), TlsSetting::Files(files)) = (&self.tls, &config.server.tls) {
            Tls::from_files(files).map_err(|why| why.to_string())?;
        }
        let snapshot = state.builder.build(&config).await.map_err(|why| why.to_string())?;
        if let (Some(tls), TlsSetting::Files(files)) = (&self.tls, &config.server.tls) {
            tls.use_files(files).map_err(|why| why.to_string())?;
        }
        self.live.replace(snapshot);
        Ok(config)
    }
}

/// The files of these stamps, without the configuration itself.
fn named(stamps: &Stamps, config: &Path) -> Vec<PathBuf> {
    stamps.iter().map(|(path, _)| path.clone()).filter(|path| path != config).collect()
}
