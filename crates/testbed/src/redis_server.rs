//! A real redis-server on the loopback address, with a user for the admission service, and with TLS if asked for.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// The password of the user `admission`.
pub const PASSWORD: &str = "hunter2-hunter2";
/// The password of the user `root`, who may do everything.
pub const ADMINISTRATOR: &str = "correct-horse";

/// What `docs/admission.md` permits the service.
pub const PERMISSIONS: &str =
    "resetchannels ~notation-admission:* -@all +get +getrange +set +del +pexpire +time +eval +evalsha +select";

/// The server; killed when dropped.
pub struct RedisServer {
    process: Child,
    folder: TempDir,
    port: u16,
    has_tls: bool,
}

impl RedisServer {
    #[must_use]
    pub fn start() -> Self {
        Self::with(false)
    }

    /// With TLS alone. The file `ca.pem` has the authority of its certificate.
    #[must_use]
    pub fn with_tls() -> Self {
        Self::with(true)
    }

    fn with(has_tls: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Free a moment ago; no other program of the tests asks for this one.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let file = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).unwrap();
        file("key", &"new key of the replicas ".repeat(2));
        file("old-key", &"old key of the replicas ".repeat(2));
        file("user", "admission\n");
        file("password", PASSWORD);
        let path = folder.path().display();
        let mut text = format!(
            "bind 127.0.0.1\nsave \"\"\nappendonly no\ndir {path}\nuser default off\nuser root on >{ADMINISTRATOR} ~* +@all\n\
             user admission on >{PASSWORD} {PERMISSIONS}\n"
        );
        if has_tls {
            certificates(folder.path());
            text += &format!(
                "port 0\ntls-port {port}\ntls-cert-file {path}/tls.crt\ntls-key-file {path}/tls.key\n\
                 tls-ca-cert-file {path}/ca.pem\ntls-auth-clients no\n"
            );
        } else {
            text += &format!("port {port}\n");
        }
        file("redis.conf", &text);
        let server = Self { process: run(folder.path()), folder, port, has_tls };
        server.wait();
        server
    }

    /// The URL of its first database, without a user.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.has_tls { "rediss" } else { "redis" };
        format!("{scheme}://127.0.0.1:{}/0", self.port)
    }

    /// One of the files `key`, `old-key`, `user`, `password`, and with TLS `ca.pem`.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// It stops to answer, and its connections stay.
    pub fn hang(&self) {
        self.signal("-STOP");
    }

    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it anew, without what it knew.
    pub fn restart(&mut self) {
        self.process = run(self.folder.path());
        self.wait();
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").arg(signal).arg(self.process.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    fn wait(&self) {
        let end = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < end, "redis-server does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn run(folder: &Path) -> Child {
    let mut command = Command::new("redis-server");
    command.arg(folder.join("redis.conf")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("redis-server (Debian: redis-server) starts")
}

fn certificates(folder: &Path) {
    let key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&key).unwrap();
    let issuer = Issuer::from_params(&authority, &key);
    let own = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&own, &issuer).unwrap();
    std::fs::write(folder.join("ca.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.join("tls.crt"), leaf.pem()).unwrap();
    std::fs::write(folder.join("tls.key"), own.serialize_pem()).unwrap();
}
