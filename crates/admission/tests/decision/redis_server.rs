//! A real server of Redis on the loopback address, with a user of its own, and with TLS if asked for.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use admission::cache::Clock;
use admission::config;
use admission::log::Log;
use admission::metrics::Metrics;
use admission::shared_cache::{Settings, SharedCache};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use redis::{Connection, FromRedisValue};
use tempfile::TempDir;

use crate::scene::LONG;

pub const PASSWORD: &str = "hunter2-hunter2";
const ADMINISTRATOR: &str = "correct horse";

/// As docs/admission.md gives them to the service.
const PERMISSIONS: &str =
    "~notation-admission:* resetchannels -@all +get +getrange +set +del +pexpire +time +eval +evalsha +select";

pub struct RedisServer {
    process: Child,
    folder: TempDir,
    port: u16,
    has_tls: bool,
}

impl RedisServer {
    pub fn start() -> Self {
        Self::with(false)
    }

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
        let mut text = format!(
            "bind 127.0.0.1\nsave \"\"\nappendonly no\ndir {}\nuser default off\nuser root on #{} ~* +@all\n\
             user admission on >{PASSWORD} {PERMISSIONS}\n",
            folder.path().display(),
            notary::Digest::sha256(ADMINISTRATOR.as_bytes()).digits(),
        );
        if has_tls {
            certificates(folder.path());
            text += &format!(
                "port 0\ntls-port {port}\ntls-cert-file {0}/tls.crt\ntls-key-file {0}/tls.key\ntls-ca-cert-file {0}/ca.pem\n\
                 tls-auth-clients no\n",
                folder.path().display()
            );
        } else {
            text += &format!("port {port}\n");
        }
        file("redis.conf", &text);
        let process = run(folder.path());
        let server = Self { process, folder, port, has_tls };
        server.wait();
        server
    }

    /// What the configuration of the service says of it.
    pub fn settings(&self) -> config::Redis {
        let file = |name: &str| self.folder.path().join(name);
        let scheme = if self.has_tls { "rediss" } else { "redis" };
        config::Redis {
            url: format!("{scheme}://127.0.0.1:{}/0", self.port),
            username_file: Some(file("user")),
            password_file: Some(file("password")),
            ca: self.has_tls.then(|| file("ca.pem")),
            key_files: vec![file("key"), file("old-key")],
            // Machines that run tests are slow.
            timeout: Duration::from_millis(500),
        }
    }

    /// A connected client of a replica.
    pub async fn client(&self, metrics: &Metrics) -> Arc<SharedCache> {
        let client = client(&self.settings(), metrics, log());
        assert!(client.connected(LONG).await, "redis-server does not answer");
        Arc::new(client)
    }

    /// A connection with all rights, as an attacker has it who does not know the keys.
    pub fn attacker(&self) -> Attacker {
        assert!(!self.has_tls);
        let client = redis::Client::open(format!("redis://127.0.0.1:{}/", self.port)).unwrap();
        let mut connection = client.get_connection().unwrap();
        redis::cmd("AUTH").arg("root").arg(ADMINISTRATOR).exec(&mut connection).unwrap();
        Attacker(connection)
    }

    pub fn flush(&self) {
        let _: () = self.attacker().call(&["FLUSHALL"]);
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
        let end = Instant::now() + LONG;
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
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

pub struct Attacker(Connection);

impl Attacker {
    pub fn call<T: FromRedisValue>(&mut self, command: &[&str]) -> T {
        self.bytes(command, &[])
    }

    /// A command whose last argument is bytes.
    pub fn bytes<T: FromRedisValue>(&mut self, command: &[&str], last: &[u8]) -> T {
        let mut request = redis::cmd(command[0]);
        request.arg(&command[1..]);
        if !last.is_empty() {
            request.arg(last);
        }
        request.query(&mut self.0).unwrap()
    }

    /// The names that begin so, in their order.
    pub fn names(&mut self, start: &str) -> Vec<String> {
        let mut names: Vec<String> = self.call(&["KEYS", &format!("notation-admission:{start}:*")]);
        names.sort();
        names
    }
}

pub fn client(settings: &config::Redis, metrics: &Metrics, log: Log) -> SharedCache {
    SharedCache::new(Settings::read(settings).unwrap(), Clock::default(), metrics.clone(), log)
}

pub fn log() -> Log {
    Log::to(config::LogLevel::Error, std::io::sink()).unwrap()
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
