//! Whose turn it is to ask: a key with a short life, which its holder prolongs while it asks and deletes afterwards. A
//! holder that dies loses it by itself.

use std::sync::Arc;
use std::time::Duration;

use redis::Pipeline;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::connection::Connection;
use super::script::Script;
use crate::cache::Key;
use crate::decision::Turns;

/// How long a turn lasts that is not prolonged.
const LIFE: Duration = Duration::from_secs(2);

/// Only the holder of a turn may change it: another one may have got it meanwhile.
const PROLONG: Script = Script::new(
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0",
);
const END: Script =
    Script::new("if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0");

/// A turn that may be taken. Dropping it gives it back, should it have been taken.
#[derive(Debug)]
pub struct Lease {
    name: String,
    /// Tells the holder from others.
    holder: String,
    connection: Arc<Connection>,
}

/// A turn that was taken.
#[derive(Debug)]
pub struct Held {
    _lease: Lease,
    prolonging: AbortHandle,
}

impl Lease {
    pub fn new(key: &Key, connection: Arc<Connection>) -> Self {
        let name = format!("notation-admission:turn:{}", hex::encode(key.as_bytes()));
        Self { name, holder: format!("{:032x}", fastrand::u128(..)), connection }
    }

    /// Adds the command that takes the turn if no one has it. Its answer is then OK.
    pub fn take(&self, commands: &mut Pipeline) {
        commands.cmd("SET").arg(&self.name).arg(&self.holder).arg("NX").arg("PX").arg(milliseconds(LIFE));
    }

    /// It was taken: it is prolonged as long as the result lives.
    pub fn held(self) -> Held {
        let (name, holder, connection) = (self.name.clone(), self.holder.clone(), Arc::clone(&self.connection));
        let prolonging = tokio::spawn(async move {
            loop {
                sleep(LIFE / 3).await;
                PROLONG.run(&connection, &name, &[holder.clone(), milliseconds(LIFE).to_string()]).await;
            }
        });
        Held { _lease: self, prolonging: prolonging.abort_handle() }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let (name, holder, connection) =
            (std::mem::take(&mut self.name), std::mem::take(&mut self.holder), Arc::clone(&self.connection));
        // Outside of a runtime, when the process ends, it ends by itself.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { END.run(&connection, &name, &[holder]).await });
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.prolonging.abort();
    }
}

impl Turns for Held {}

fn milliseconds(time: Duration) -> u64 {
    // Two seconds.
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
