//! Clients of a real redis-server: a replica's, and an attacker's.

use std::sync::Arc;
use std::time::Duration;

use admission::cache::Clock;
use admission::config;
use admission::log::Log;
use admission::metrics::Metrics;
use admission::shared_cache::{Settings, SharedCache};
use redis::{Connection, FromRedisValue};
use testbed::redis_server::{ADMINISTRATOR, RedisServer};

use crate::scene::LONG;

/// What the configuration of the service says of a server.
pub fn settings(server: &RedisServer) -> config::Redis {
    let url = server.url();
    config::Redis {
        ca: url.starts_with("rediss:").then(|| server.file("ca.pem")),
        url,
        username_file: Some(server.file("user")),
        password_file: Some(server.file("password")),
        key_files: vec![server.file("key"), server.file("old-key")],
        // Machines that run tests are slow.
        timeout: Duration::from_millis(500),
    }
}

/// The client of a replica.
pub fn client(settings: &config::Redis, metrics: &Metrics, log: Log) -> SharedCache {
    SharedCache::new(Settings::read(settings).unwrap(), Clock::default(), metrics.clone(), log)
}

/// The client of a replica, connected.
pub async fn connected(server: &RedisServer, metrics: &Metrics) -> Arc<SharedCache> {
    let log = Log::to(config::LogLevel::Error, std::io::sink()).unwrap();
    let client = client(&settings(server), metrics, log);
    assert!(client.connected(LONG).await, "redis-server does not answer");
    Arc::new(client)
}

/// A connection with all rights, as an attacker has it who does not know the keys.
pub struct Attacker(Connection);

impl Attacker {
    pub fn of(server: &RedisServer) -> Self {
        let client = redis::Client::open(server.url()).unwrap();
        let info = client.get_connection_info().clone();
        let login = info.redis_settings().clone().set_username("root").set_password(ADMINISTRATOR);
        let client = redis::Client::open(info.set_redis_settings(login)).unwrap();
        Self(client.get_connection().unwrap())
    }

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

/// The server forgets everything.
pub fn flush(server: &RedisServer) {
    let _: () = Attacker::of(server).call(&["FLUSHALL"]);
}
