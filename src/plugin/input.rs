//! Standard input: one request, bounded in size and in the time that it may take to arrive.

use std::io::{IsTerminal, Read};
use std::ops::Deref;
use std::sync::mpsc::{RecvTimeoutError, channel};

use super::error::{ErrorCode, PluginError};
use crate::aws::Deadline;

/// The largest request that is read, in bytes: the limit that the protocol has for answers.
const MAX_REQUEST: u64 = 64 * 1024 * 1024;

/// Whether a command can do without a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    Allowed,
    Refused,
}

/// What came on standard input.
#[derive(Debug)]
pub(super) enum Input {
    Absent,
    Request(Vec<u8>),
}

impl Deref for Input {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Absent => &[],
            Self::Request(bytes) => bytes,
        }
    }
}

/// Reads standard input to its end. Where a request may be absent, a terminal is not waited for, nor an input that neither
/// says anything nor ends.
pub(super) fn read(deadline: Deadline, absent: Absent) -> Result<Input, PluginError> {
    if absent == Absent::Allowed && std::io::stdin().is_terminal() {
        return Ok(Input::Absent);
    }
    let (sender, receiver) = channel();
    // Reading cannot be interrupted: a thread does it, and ends with the process where the input never does.
    std::thread::Builder::new()
        .spawn(move || {
            let mut bytes = Vec::new();
            let outcome = std::io::stdin().lock().take(MAX_REQUEST + 1).read_to_end(&mut bytes).map(|_| bytes);
            let _ = sender.send(outcome);
        })
        .map_err(|why| PluginError::new(ErrorCode::Error, format!("no thread could be started: {why}")))?;
    let bytes = match receiver.recv_timeout(deadline.remaining()) {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(why)) => {
            return Err(PluginError::new(ErrorCode::Error, format!("standard input could not be read: {why}")));
        }
        Err(RecvTimeoutError::Timeout) if absent == Absent::Allowed => return Ok(Input::Absent),
        Err(_) => {
            let budget = deadline.budget().as_secs_f64();
            let message = format!("standard input did not end within {budget} s: the request is expected there");
            return Err(PluginError::new(ErrorCode::Timeout, message));
        }
    };
    if bytes.len() as u64 > MAX_REQUEST {
        return Err(PluginError::validation(format!("the request is larger than {MAX_REQUEST} bytes")));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return match absent {
            Absent::Allowed => Ok(Input::Absent),
            Absent::Refused => {
                Err(PluginError::validation("there is no request: a JSON document is expected on standard input"))
            }
        };
    }
    Ok(Input::Request(bytes))
}
