//! Reading files that a user names, with limits on size and time.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;
use std::{fs, io};

/// The time limit for files that are not regular: a pipe of the shell's `<(command)` delivers its content, but a pipe
/// without a writer never does.
const WAIT: Duration = Duration::from_secs(5);

/// Reads a file, at most `most` bytes plus one, so that the caller notices larger files.
///
/// # Errors
/// Returns the system's error, and [`ErrorKind::TimedOut`] if no data arrives.
pub fn read_up_to(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.is_file() {
        return read(path, most);
    }
    let (sender, received) = mpsc::channel();
    let owned = path.to_owned();
    // The thread may block for ever, even on opening. It ends with the process.
    std::thread::Builder::new().spawn(move || sender.send(read(&owned, most)))?;
    received.recv_timeout(WAIT).unwrap_or_else(|_| {
        let why = format!("not a regular file, and no data arrived within {} s", WAIT.as_secs());
        Err(io::Error::new(ErrorKind::TimedOut, why))
    })
}

fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    read_open(File::open(path)?, most)
}

/// The space for the content of most files, which are then read with two calls.
const USUAL: usize = 8 * 1024;

/// Reads an open file, at most `most` bytes plus one.
pub(crate) fn read_open(file: File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(USUAL);
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}
