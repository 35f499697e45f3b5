//! Reading what a child process writes, within limits, without waiting for what it leaves behind.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, ChildStderr, ChildStdout};

/// How long a pipe must be empty, after the child has ended, to count as read.
const DRAINED: Duration = Duration::from_millis(100);

/// What a child has written so far.
#[derive(Debug)]
pub struct ChildOutput {
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// The start of its standard error.
    pub stderr: Vec<u8>,
    most: usize,
    most_errors: usize,
}

impl ChildOutput {
    /// Nothing yet. More than `most` bytes on standard output are an error; beyond `most_errors` bytes, standard error
    /// is read and not kept.
    #[must_use]
    pub fn new(most: usize, most_errors: usize) -> Self {
        Self { stdout: Vec::new(), stderr: Vec::new(), most, most_errors }
    }

    /// Reads until the child ends. A process that it leaves behind, such as an agent, may keep its pipes open for ever.
    ///
    /// # Errors
    /// Returns the system's error if the child cannot be waited for or its pipes cannot be read, and
    /// [`io::ErrorKind::FileTooLarge`] if it writes too much.
    pub async fn read(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
        let mut pipes = Pipes { stdout: child.stdout.take(), stderr: child.stderr.take() };
        loop {
            tokio::select! {
                status = child.wait() => {
                    // What it wrote is in the pipes by now.
                    while let Ok(more) = tokio::time::timeout(DRAINED, self.read_more(&mut pipes)).await {
                        if !more? {
                            break;
                        }
                    }
                    return status;
                }
                more = self.read_more(&mut pipes) => {
                    if !more? {
                        return child.wait().await;
                    }
                }
            }
        }
    }

    /// Waits for more from either pipe. `false` means that both have ended.
    async fn read_more(&mut self, pipes: &mut Pipes) -> io::Result<bool> {
        let mut output = [0; 4096];
        let mut errors = [0; 4096];
        tokio::select! {
            size = next(&mut pipes.stdout, &mut output), if pipes.stdout.is_some() => {
                self.stdout.extend_from_slice(&output[..size?]);
                if self.stdout.len() > self.most {
                    let why = format!("it wrote more than {} bytes", self.most);
                    return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
                }
            }
            size = next(&mut pipes.stderr, &mut errors), if pipes.stderr.is_some() => {
                let room = self.most_errors.saturating_sub(self.stderr.len());
                self.stderr.extend_from_slice(&errors[..size?.min(room)]);
            }
            else => return Ok(false),
        }
        Ok(true)
    }
}

/// The pipes of a child, each until its end.
struct Pipes {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
}

/// Reads from the pipe, and removes it at its end.
async fn next(pipe: &mut Option<impl AsyncRead + Unpin>, buffer: &mut [u8]) -> io::Result<usize> {
    let Some(open) = pipe else { return Ok(0) };
    let size = open.read(buffer).await?;
    if size == 0 {
        *pipe = None;
    }
    Ok(size)
}
