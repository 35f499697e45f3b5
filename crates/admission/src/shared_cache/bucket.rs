//! The token bucket that replicas share: a generic cell rate algorithm, as `limits::RateLimit` has, by the clock of the
//! server.

use std::time::Duration;

use redis::Value;

use super::connection::Connection;
use super::script::Script;
use crate::cache::Key;
use crate::decision::{Rate, Token};

/// KEYS: the bucket, which holds when an evenly spaced next call would be made. ARGV: the time between two calls, how
/// much earlier than evenly spaced a call may be made, and the longest time to wait, all in microseconds. Returns the
/// time to wait, or -1 if it is longer. What does not look like the time of a bucket counts as a full one.
const TAKE: Script = Script::new(
    "local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, tolerance, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local even = tonumber(redis.call('GET', KEYS[1]) or '')
if not (even and even >= now and even <= now + tolerance + interval + 120000000) then even = now end
local wait = even - tolerance - now
if wait < 0 then wait = 0 end
if wait > longest then return -1 end
even = even + interval
redis.call('SET', KEYS[1], string.format('%.0f', even), 'PX', string.format('%.0f', math.ceil((even - now) / 1000) + 1000))
return math.ceil(wait)",
);

/// Takes a token. `None` if the server does not give one.
pub async fn take(connection: &Connection, key: Key, rate: Rate, longest: Duration) -> Option<Token> {
    let Rate { interval, burst } = rate;
    let name = format!("notation-admission:bucket:{}", hex::encode(key.as_bytes()));
    let tolerance = interval.saturating_mul(burst.get() - 1);
    let arguments = [interval.max(Duration::from_micros(1)), tolerance, longest];
    let arguments = arguments.map(|time| time.as_micros().to_string());
    match TAKE.run(connection, &name, &arguments).await? {
        Value::Int(-1) => Some(Token::TooLate),
        Value::Int(wait) => {
            let wait = Duration::from_micros(u64::try_from(wait).ok()?);
            // A server that says otherwise is not one that runs the script.
            (wait <= longest).then_some(Token::After(wait))
        }
        _ => None,
    }
}
