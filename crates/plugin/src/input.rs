//! Reading a request from standard input, with limits on its size and on the time to wait.

use std::io;
use std::io::{ErrorKind, IsTerminal};
use std::ops::Deref;
use std::os::fd::AsFd;

use limits::Deadline;
use notary::plugin::ErrorCode;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::error::PluginError;

/// The maximum size of a request in bytes: the protocol's limit for responses.
const MAX_REQUEST: usize = 64 * 1024 * 1024;

/// Whether a command accepts the absence of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    Allowed,
    Refused,
}

/// The content of standard input.
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

/// Reads standard input to its end. If the request is optional, a terminal or an input without data by the deadline
/// counts as absent.
pub(super) fn read(deadline: Deadline, absent: Absent) -> Result<Input, PluginError> {
    if absent == Absent::Allowed && std::io::stdin().is_terminal() {
        return Ok(Input::Absent);
    }
    let bytes = match read_until(deadline) {
        Ok(bytes) => bytes,
        Err(why) if why.kind() != ErrorKind::TimedOut => {
            return Err(PluginError::new(ErrorCode::Error, format!("cannot read standard input: {why}")));
        }
        Err(_) if absent == Absent::Allowed => return Ok(Input::Absent),
        Err(_) => {
            let budget = deadline.budget().as_secs_f64();
            let message =
                format!("standard input did not end within {budget} s: expected a request and the end of the input");
            return Err(PluginError::new(ErrorCode::Timeout, message));
        }
    };
    if bytes.len() > MAX_REQUEST {
        return Err(PluginError::validation(format!("the request is larger than {MAX_REQUEST} bytes")));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return match absent {
            Absent::Allowed => Ok(Input::Absent),
            Absent::Refused => {
                Err(PluginError::validation("there is no request: expected a JSON document on standard input"))
            }
        };
    }
    Ok(Input::Request(bytes))
}

/// Reads standard input to its end, or to one byte beyond the limit. Polling enforces the deadline: a reading thread
/// would cost a tenth of the run time of a command.
fn read_until(deadline: Deadline) -> io::Result<Vec<u8>> {
    // Bypasses the buffer of the standard library, since poll does not see its content.
    let stdin = io::stdin().lock();
    let mut bytes = Vec::new();
    let mut chunk = [0; 64 * 1024];
    while bytes.len() <= MAX_REQUEST {
        wait_for(&stdin, deadline)?;
        let wanted = chunk.len().min(MAX_REQUEST + 1 - bytes.len());
        match rustix::io::read(&stdin, &mut chunk[..wanted]) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
            Err(Errno::INTR) => {}
            Err(why) => return Err(why.into()),
        }
    }
    Ok(bytes)
}

/// Waits until data is available or the input has ended.
fn wait_for(stdin: &impl AsFd, deadline: Deadline) -> io::Result<()> {
    loop {
        let left = Timespec::try_from(deadline.remaining()).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(stdin, PollFlags::IN)], Some(&left)) {
            Ok(0) => return Err(ErrorKind::TimedOut.into()),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(why) => return Err(why.into()),
        }
    }
}
