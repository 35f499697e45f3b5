//! Reading the files that a user names: to their end or to a bound, and not without end where there is none.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;
use std::{fs, io};

/// How long it is waited for what is no regular file: the pipe of a shell's `<(command)` has its content sooner or later, one that
/// nobody writes to has it never.
const WAIT: Duration = Duration::from_secs(5);

/// Reads a file, but no more than one byte more than `most`: enough to see that it is too large.
///
/// # Errors
/// What the system says, and [`ErrorKind::TimedOut`] for what gives nothing.
pub fn read_up_to(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.is_file() {
        return read(path, most);
    }
    let (sender, received) = mpsc::channel();
    let owned = path.to_owned();
    // It may wait for ever, already when it is opened, and then ends with the process.
    std::thread::Builder::new().spawn(move || sender.send(read(&owned, most)))?;
    received.recv_timeout(WAIT).unwrap_or_else(|_| {
        Err(io::Error::new(ErrorKind::TimedOut, format!("it is no file, and gave nothing within {} s", WAIT.as_secs())))
    })
}

fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}
