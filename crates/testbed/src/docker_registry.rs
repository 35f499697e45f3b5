//! Real registries without the Referrers API: Debian's docker-registry 2.8, and distribution 3, its successor.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::process::{Running, command, free_port};
use crate::programs;

/// The user name and the password of [`DockerRegistry::start_with_password`].
pub const USER: (&str, &str) = ("team", "allmine");
const HTPASSWD: &str = "team:$2a$10$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga\n";

pub struct DockerRegistry {
    pub address: SocketAddr,
    _process: Running,
    _storage: TempDir,
}

impl DockerRegistry {
    /// A registry without authentication.
    pub fn start() -> DockerRegistry {
        serve(programs::docker_registry(), &[])
    }

    /// distribution 3 of the folder with the peers, without authentication.
    pub fn start_distribution(peers: &Path) -> DockerRegistry {
        serve(peers.join("registry"), &[("OTEL_TRACES_EXPORTER", "none")])
    }

    /// Both registries.
    pub fn start_both(peers: &Path) -> [(&'static str, DockerRegistry); 2] {
        [("docker-registry", DockerRegistry::start()), ("distribution", DockerRegistry::start_distribution(peers))]
    }

    /// A registry that requires [`USER`].
    pub fn start_with_password() -> DockerRegistry {
        let authentication = [
            ("REGISTRY_AUTH", "htpasswd"),
            ("REGISTRY_AUTH_HTPASSWD_REALM", "test"),
            ("REGISTRY_AUTH_HTPASSWD_PATH", "htpasswd"),
        ];
        serve(programs::docker_registry(), &authentication)
    }
}

fn serve(program: PathBuf, environment: &[(&str, &str)]) -> DockerRegistry {
    let storage = tempfile::tempdir().unwrap();
    let config = storage.path().join("config.yml");
    std::fs::write(storage.path().join("htpasswd"), HTPASSWD).unwrap();
    // Another process may take the port first. The registry then exits, and another port is tried.
    for _ in 0..5 {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let settings = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: data}}}}\nhttp: {{addr: '{address}'}}\n"
        );
        std::fs::write(&config, settings).unwrap();
        let mut registry = command(&program, storage.path());
        registry.arg("serve").arg(&config).envs(environment.iter().copied());
        let mut process = Running::start(&mut registry);
        if process.wait_for("the registry", |_| TcpStream::connect(address).ok()).is_some() {
            return DockerRegistry { address, _process: process, _storage: storage };
        }
    }
    panic!("{} did not start", program.display());
}
