//! The queue of lines, and the thread that writes it. Writers append to one buffer; the thread takes it whole, leaves
//! an empty one, and writes what it has with one call.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use std::{mem, thread};

use super::json;
use crate::config::LogLevel;

/// The most bytes that are queued. As many may be on their way to the writer.
const MAX_QUEUED: usize = 1024 * 1024;
/// As many bytes are written at once.
const BATCH: usize = 64 * 1024;
/// How long lines wait for company.
const GATHER: Duration = Duration::from_millis(5);
/// How long a writer that would block is left alone.
const PAUSE: Duration = Duration::from_millis(10);

/// The queue.
#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
    /// Wakes the thread.
    wake: Condvar,
    /// Wakes who waits for the end.
    ended: Condvar,
}

#[derive(Debug)]
struct State {
    lines: Vec<u8>,
    /// Lines that were dropped and not reported yet.
    unreported: u64,
    /// Lines that were dropped since the start.
    dropped: u64,
    /// What wakes the thread: it is asked only when it sleeps, since a wake-up costs a system call.
    sleep: Sleep,
    is_closed: bool,
    is_ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sleep {
    /// It is writing, and looks for more afterwards.
    Awake,
    /// It waits for the first line.
    Idle,
    /// It waits for company of the first line.
    Gathering,
}

/// Closes the queue when its last user is gone.
#[derive(Debug)]
pub struct Closing(pub Arc<Queue>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.wake.notify_one();
    }
}

impl Queue {
    /// Starts the thread.
    pub fn start(writer: impl Write + Send + 'static) -> io::Result<Arc<Self>> {
        let state = State {
            lines: Vec::new(),
            unreported: 0,
            dropped: 0,
            sleep: Sleep::Awake,
            is_closed: false,
            is_ended: false,
        };
        let queue = Arc::new(Self { state: Mutex::new(state), wake: Condvar::new(), ended: Condvar::new() });
        let shared = Arc::clone(&queue);
        thread::Builder::new().name("log".into()).spawn(move || shared.run(writer))?;
        Ok(queue)
    }

    /// Queues a line, or drops it if the queue is full.
    pub fn push(&self, line: &[u8]) {
        let mut state = self.lock();
        if state.is_closed {
            return;
        }
        if state.lines.len() + line.len() > MAX_QUEUED {
            state.unreported += 1;
            state.dropped += 1;
            return;
        }
        state.lines.extend_from_slice(line);
        let wakes = match state.sleep {
            Sleep::Awake => false,
            Sleep::Idle => true,
            Sleep::Gathering => state.lines.len() >= BATCH,
        };
        if wakes {
            state.sleep = Sleep::Awake;
            drop(state);
            self.wake.notify_one();
        }
    }

    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Ends the thread after what is queued. Returns whether it ended within the time.
    pub fn close(&self, limit: Duration) -> bool {
        let mut state = self.lock();
        state.is_closed = true;
        self.wake.notify_one();
        let end = Instant::now() + limit;
        while !state.is_ended {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// What the thread does until the queue is closed.
    fn run(&self, mut writer: impl Write) {
        let mut batch = Vec::new();
        loop {
            let is_last = self.take(&mut batch);
            write(&mut writer, &batch);
            batch.clear();
            if is_last {
                break;
            }
        }
        self.lock().is_ended = true;
        self.ended.notify_all();
    }

    /// Waits for lines and takes them. Returns whether they are the last.
    fn take(&self, batch: &mut Vec<u8>) -> bool {
        let mut state = self.lock();
        while state.lines.is_empty() && state.unreported == 0 && !state.is_closed {
            state.sleep = Sleep::Idle;
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let end = Instant::now() + GATHER;
        while state.lines.len() < BATCH && !state.is_closed {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state.sleep = Sleep::Gathering;
            state = self.wake.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.sleep = Sleep::Awake;
        mem::swap(&mut state.lines, batch);
        let dropped = mem::take(&mut state.unreported);
        let is_last = state.is_closed;
        drop(state);
        if dropped > 0 {
            json::with_line(|line| {
                line.begin();
                line.time("time", SystemTime::now());
                line.literal("level", super::name(LogLevel::Warn));
                line.literal("message", "lines of the log were dropped because its reader is too slow");
                line.value("lines", dropped);
                line.end();
                batch.extend_from_slice(line.as_bytes());
            });
        }
        is_last
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes all. An error loses the batch: there is no other place to report it.
fn write(writer: &mut impl Write, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match writer.write(bytes) {
            Ok(0) => return,
            Ok(written) => bytes = &bytes[written..],
            Err(why) if why.kind() == ErrorKind::Interrupted => {}
            // Standard error may be a pipe that another process set to non-blocking.
            Err(why) if why.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
            Err(_) => return,
        }
    }
    let _ = writer.flush();
}
