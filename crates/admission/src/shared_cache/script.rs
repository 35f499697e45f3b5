//! Scripts that the server runs as one step: <https://redis.io/docs/latest/develop/programmability/eval-intro/>.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use redis::{Value, cmd, pipe};

use super::connection::Connection;

/// A script.
pub struct Script {
    text: &'static str,
}

impl Script {
    pub const fn new(text: &'static str) -> Self {
        Self { text }
    }

    /// Runs it with one key. `None` if the server does not, or reports an error.
    pub async fn run(&self, connection: &Connection, key: &str, arguments: &[String]) -> Option<Value> {
        // The protocol names scripts by SHA-1. The server computes the name itself.
        let name = hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, self.text.as_bytes()));
        let value = self.call(connection, "EVALSHA", &name, key, arguments).await?;
        if let Value::ServerError(why) = &value
            && why.code() == "NOSCRIPT"
        {
            return known(self.call(connection, "EVAL", self.text, key, arguments).await?);
        }
        known(value)
    }

    async fn call(
        &self,
        connection: &Connection,
        command: &str,
        script: &str,
        key: &str,
        arguments: &[String],
    ) -> Option<Value> {
        let mut command = cmd(command);
        command.arg(script).arg(1).arg(key).arg(arguments);
        let mut commands = pipe();
        commands.add_command(command);
        connection.call(&commands).await?.pop()
    }
}

fn known(value: Value) -> Option<Value> {
    (!matches!(value, Value::ServerError(_))).then_some(value)
}
