//! A real API server of Kubernetes with its etcd, and kubectl. It has no controllers, scheduler or nodes: objects are
//! admitted and stored, and never run.

mod client;
mod files;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use client::Client;
pub use client::Response;
use files::Files;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Finished, Running, command, free_port, run};
use crate::programs;

const LIMIT: Duration = Duration::from_secs(60);
const START: Duration = Duration::from_secs(120);

/// A running control plane. Both processes are killed and their data is removed when it is dropped.
pub struct Kubernetes {
    client: Client,
    kubectl: PathBuf,
    files: Files,
    // Dropped in this order: the API server would report an etcd that is gone.
    apiserver: Running,
    etcd: Running,
    home: TempDir,
}

impl Kubernetes {
    /// Starts the API server of the folder with the peers, and waits until it is ready.
    #[track_caller]
    pub fn start(peers: &Path) -> Kubernetes {
        Kubernetes::start_with(peers, &[])
    }

    /// As [`Kubernetes::start`], with further options of kube-apiserver.
    #[track_caller]
    pub fn start_with(peers: &Path, options: &[&str]) -> Kubernetes {
        let mut output = String::new();
        // Another process may take a port first. etcd or the API server then exits, and other ports are tried.
        for _ in 0..5 {
            match start_once(peers, options) {
                Ok(kubernetes) => return kubernetes,
                Err(said) => output = said,
            }
        }
        panic!("Kubernetes did not start\n{output}");
    }

    /// The address of the API server.
    pub fn address(&self) -> SocketAddr {
        self.client.address()
    }

    /// A kubeconfig file with the rights of an administrator, who may act as any other user.
    pub fn kubeconfig(&self) -> &Path {
        &self.files.kubeconfig
    }

    /// The bearer token of the administrator.
    pub fn token(&self) -> &'static str {
        files::TOKEN
    }

    /// The certificate of the API server, PEM.
    pub fn certificate(&self) -> &Path {
        &self.files.certificate
    }

    /// Runs kubectl to its end, whether it succeeds or fails.
    #[track_caller]
    pub fn kubectl(&self, arguments: &[&str]) -> Finished {
        let mut kubectl = command(&self.kubectl, self.home.path());
        run(kubectl.arg("--kubeconfig").arg(self.kubeconfig()).args(arguments), LIMIT)
    }

    /// `kubectl apply` of an object.
    #[track_caller]
    pub fn apply(&self, object: &Value) -> Finished {
        self.apply_as(object, &[])
    }

    /// `kubectl apply` of an object with further options, such as `--as` and `--dry-run=server`.
    #[track_caller]
    pub fn apply_as(&self, object: &Value, options: &[&str]) -> Finished {
        // A file for each call: a test may apply several objects at the same time.
        let mut file = tempfile::Builder::new().suffix(".json").tempfile_in(self.home.path()).unwrap();
        serde_json::to_writer(&mut file, object).unwrap();
        let arguments = [&["apply", "-f", file.path().to_str().unwrap()], options].concat();
        self.kubectl(&arguments)
    }

    /// Reads an object by the REST API.
    #[track_caller]
    pub fn get(&self, path: &str) -> Response {
        self.client.send("GET", path, None).unwrap()
    }

    /// Creates an object by the REST API. The path is that of its kind, with parameters such as `?dryRun=All`.
    #[track_caller]
    pub fn create(&self, path: &str, object: &Value) -> Response {
        self.client.send("POST", path, Some(object)).unwrap()
    }

    /// Replaces an object by the REST API.
    #[track_caller]
    pub fn replace(&self, path: &str, object: &Value) -> Response {
        self.client.send("PUT", path, Some(object)).unwrap()
    }

    /// Deletes an object by the REST API.
    #[track_caller]
    pub fn delete(&self, path: &str) -> Response {
        self.client.send("DELETE", path, None).unwrap()
    }

    /// What the API server wrote so far.
    pub fn log(&self) -> String {
        self.apiserver.output()
    }

    /// The ids of the processes: the API server's and etcd's.
    pub fn processes(&self) -> [u32; 2] {
        [self.apiserver.id(), self.etcd.id()]
    }
}

/// Starts both once. Returns the output of the process that exited.
#[track_caller]
fn start_once(peers: &Path, options: &[&str]) -> Result<Kubernetes, String> {
    let home = tempfile::tempdir().unwrap();
    let [storage, address] = [(); 2].map(|()| SocketAddr::from((Ipv4Addr::LOCALHOST, free_port())));
    let storage = format!("http://{storage}");
    let files = Files::write(home.path(), address);

    let mut etcd = command(programs::etcd(), home.path());
    etcd.args(["--data-dir", "etcd", "--logger", "zap", "--log-outputs", "stderr"]);
    etcd.args(["--listen-client-urls", &storage, "--advertise-client-urls", &storage]);
    // The only member listens for others at a socket in its folder, which takes no port.
    etcd.args(["--listen-peer-urls", "unix://peers:0", "--initial-advertise-peer-urls", "unix://peers:0"]);
    etcd.args(["--initial-cluster", "default=unix://peers:0"]);
    let etcd = Running::start(&mut etcd);

    let mut apiserver = command(peers.join("kube-apiserver"), home.path());
    apiserver.args(["--etcd-servers", &storage, "--bind-address", "127.0.0.1"]);
    // For its Service; by default an address of the machine, which may have none.
    apiserver.args(["--secure-port", &address.port().to_string(), "--advertise-address", "192.0.2.1"]);
    apiserver.arg("--tls-cert-file").arg(&files.certificate).arg("--tls-private-key-file").arg(&files.key);
    apiserver.arg("--token-auth-file").arg(&files.tokens);
    apiserver.args(["--service-account-issuer", "https://kubernetes.default.svc"]);
    apiserver.arg("--service-account-key-file").arg(&files.certificate);
    apiserver.arg("--service-account-signing-key-file").arg(&files.key);
    apiserver.args(["--service-cluster-ip-range", "10.0.0.0/24", "--authorization-mode", "RBAC"]);
    // The controller that makes the service accounts, which this plugin demands, does not run.
    apiserver.args(["--disable-admission-plugins", "ServiceAccount", "--feature-gates", "ImageVolume=true"]);
    let apiserver = Running::start(apiserver.args(options));

    let client = Client::new(address, &files);
    let kubectl = peers.join("kubectl");
    let mut kubernetes = Kubernetes { client, kubectl, files, apiserver, etcd, home };
    kubernetes.wait_until_ready()?;
    Ok(kubernetes)
}

impl Kubernetes {
    /// Waits until the API server is ready and has the namespace `default`, which it creates itself.
    #[track_caller]
    fn wait_until_ready(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + START;
        for path in ["/readyz", "/api/v1/namespaces/default"] {
            while !self.client.send("GET", path, None).is_ok_and(|answer| answer.status == 200) {
                for process in [&mut self.apiserver, &mut self.etcd] {
                    if process.has_exited() {
                        return Err(process.output());
                    }
                }
                assert!(Instant::now() < deadline, "no {path} within {START:?}\n{}", self.log());
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(())
    }
}
