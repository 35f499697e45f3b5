//! Debian's docker-registry 2.8, which has no Referrers API.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Once;

use tempfile::TempDir;

use super::process::{Running, command, free_port};

/// The user name and the password of [`DockerRegistry::start_with_password`].
pub const USER: (&str, &str) = ("team", "allmine");
const HTPASSWD: &str = "team:$2a$10$XajjQvNhvvRt5GSeFk1xFeyqRrsxkhBkUiQeg0dt.wU1qD4aFDcga\n";

pub struct DockerRegistry {
    pub address: SocketAddr,
    _process: Running,
    _storage: TempDir,
}

impl DockerRegistry {
    /// A registry without authentication. Prints a notice once and returns `None` if the program is not installed.
    pub fn start() -> Option<DockerRegistry> {
        Some(serve(&program()?, &[]))
    }

    /// A registry that requires [`USER`].
    pub fn start_with_password() -> Option<DockerRegistry> {
        let authentication = [
            ("REGISTRY_AUTH", "htpasswd"),
            ("REGISTRY_AUTH_HTPASSWD_REALM", "test"),
            ("REGISTRY_AUTH_HTPASSWD_PATH", "htpasswd"),
        ];
        Some(serve(&program()?, &authentication))
    }
}

fn program() -> Option<PathBuf> {
    static SAID: Once = Once::new();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("docker-registry")).find(|file| file.is_file());
    if found.is_none() {
        let why = "docker-registry is not installed (apt-get install docker-registry)";
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}: with CI=true these tests must run");
        SAID.call_once(|| {
            // Not eprintln: the test runner hides it when the test passes.
            let _ =
                writeln!(std::io::stderr(), "skipped: the tests against a registry without the Referrers API, {why}");
        });
    }
    found
}

fn serve(program: &Path, environment: &[(&str, &str)]) -> DockerRegistry {
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
        let mut registry = command(program, storage.path());
        registry.arg("serve").arg(&config).envs(environment.iter().copied());
        let mut process = Running::start(&mut registry);
        if process.wait_for("docker-registry", |_| TcpStream::connect(address).ok()).is_some() {
            return DockerRegistry { address, _process: process, _storage: storage };
        }
    }
    panic!("docker-registry did not start");
}
