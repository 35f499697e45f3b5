//! A real containerd, and its client ctr. It needs root, and pulls images without running them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{Finished, Running, command, run};

const LIMIT: Duration = Duration::from_secs(60);

/// A running containerd. It is killed and its data is removed when it is dropped.
pub struct Containerd {
    ctr: PathBuf,
    socket: PathBuf,
    process: Running,
    // Removed last: a process that is gone holds no files.
    home: TempDir,
}

impl Containerd {
    /// Starts containerd with these lines of configuration. `bin_dir` is its folder of image verifiers, which get the
    /// environment of `like`.
    #[track_caller]
    pub fn start(peers: &Path, bin_dir: &Path, like: &Command) -> Containerd {
        let home = tempfile::Builder::new().prefix("ctrd").tempdir().unwrap();
        let socket = home.path().join("c.sock");
        let config = home.path().join("config.toml");
        let text = format!(
            "version = 3\nroot = \"{home}/root\"\nstate = \"{home}/state\"\ntemp = \"{home}/temp\"\n\
             disabled_plugins = [\"io.containerd.grpc.v1.cri\", \"io.containerd.cri.v1.images\", \
             \"io.containerd.cri.v1.runtime\", \"io.containerd.snapshotter.v1.btrfs\"]\n\
             [grpc]\n  address = \"{socket}\"\n[ttrpc]\n  address = \"{socket}.ttrpc\"\n\
             [plugins.\"io.containerd.internal.v1.opt\"]\n  path = \"{home}/opt\"\n\
             [plugins.\"io.containerd.transfer.v1.local\"]\n  \
             unpack_config = [{{platform = \"linux/amd64\", snapshotter = \"native\"}}]\n\
             [plugins.\"io.containerd.image-verifier.v1.bindir\"]\n  bin_dir = \"{bin_dir}\"\n  \
             max_verifiers = -1\n  per_verifier_timeout = \"10s\"\n",
            home = home.path().display(),
            socket = socket.display(),
            bin_dir = bin_dir.display(),
        );
        std::fs::write(&config, text).unwrap();
        let mut containerd = command(peers.join("containerd"), home.path());
        for (name, value) in like.get_envs() {
            match value {
                Some(value) => containerd.env(name, value),
                None => containerd.env_remove(name),
            };
        }
        let process = Running::start(containerd.arg("--config").arg(&config));
        let mut containerd = Containerd { ctr: peers.join("ctr"), socket, process, home };
        let version = |containerd: &Containerd| containerd.ctr(&["version"]).is_success();
        for _ in 0..200 {
            if containerd.process.has_exited() {
                panic!("containerd exited\n{}", containerd.log());
            }
            if containerd.socket.exists() && version(&containerd) {
                return containerd;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("containerd did not start\n{}", containerd.log());
    }

    /// Runs ctr to its end, whether it succeeds or fails.
    #[track_caller]
    pub fn ctr(&self, arguments: &[&str]) -> Finished {
        let mut ctr = command(&self.ctr, self.home.path());
        run(ctr.arg("-a").arg(&self.socket).args(arguments), LIMIT)
    }

    /// Pulls an image over plain HTTP, for the platform amd64.
    #[track_caller]
    pub fn pull(&self, image: &str) -> Finished {
        let arguments =
            ["images", "pull", "--plain-http", "--snapshotter", "native", "--platform", "linux/amd64", image];
        self.ctr(&arguments)
    }

    /// What containerd wrote so far.
    pub fn log(&self) -> String {
        self.process.output()
    }
}
