//! A file of lines, such as JSON, that a thread of its own writes: in the order in which they were given, without
//! making requests wait for the disk. The queue is bounded in bytes. Lines that do not fit in it, or that the disk does
//! not take, are counted and reported in the log.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// How many bytes wait at most.
const QUEUE: usize = 8 * 1024 * 1024;
/// What a line takes of the queue at least, for its administration.
const SMALLEST: usize = 256;
/// How many bytes are collected for one write.
const BATCH: usize = 64 * 1024;
/// How long [`Lines::push`] waits for a place in the queue.
const PATIENCE: Duration = Duration::from_secs(1);

/// A file to which lines are appended.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    file: File,
}

impl Target {
    /// Opens the file at `path`, created with mode 0600 if it does not exist.
    ///
    /// # Errors
    /// Returns the system's error.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: files::open_to_append(path, u64::MAX)? })
    }
}

enum Command {
    Line(String, OwnedSemaphorePermit),
    Target(Option<Target>),
    Stop,
}

/// Counters of a writer.
#[derive(Debug, Default)]
struct Counters {
    waiting: AtomicUsize,
    written: AtomicU64,
    lost: AtomicU64,
}

/// The writer of a file of lines. Without a target it accepts lines and writes none.
#[derive(Debug)]
pub struct Lines {
    what: &'static str,
    /// The number of commands in it is bounded by `places`, besides the rare changes of the target.
    queue: mpsc::UnboundedSender<Command>,
    places: Arc<Semaphore>,
    counters: Arc<Counters>,
    ended: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Lines {
    /// Starts the thread; `what` names the lines in the log, such as `audit records`.
    ///
    /// # Errors
    /// Returns the system's error if no thread can be started.
    pub fn start(what: &'static str, target: Option<Target>) -> io::Result<Self> {
        let (queue, commands) = mpsc::unbounded_channel();
        let (end, ended) = oneshot::channel();
        let counters = Arc::new(Counters::default());
        let writer = Writer { what, target, counters: Arc::clone(&counters), is_failing: false };
        thread::Builder::new().name(what.to_owned()).spawn(move || {
            writer.run(commands);
            // The receiver is gone if the end is not awaited.
            let _ = end.send(());
        })?;
        let places = Arc::new(Semaphore::new(QUEUE));
        Ok(Self { what, queue, places, counters, ended: Mutex::new(Some(ended)) })
    }

    /// Adds a line, which must not contain a line feed. If the queue is full, it waits up to a second, and then counts
    /// the line as lost.
    pub async fn push(&self, line: String) {
        let places = Arc::clone(&self.places).acquire_many_owned(size(&line));
        match tokio::time::timeout(PATIENCE, places).await {
            Ok(Ok(places)) => self.add(line, places),
            _ => self.lose(),
        }
    }

    /// Adds a line without waiting. If the queue is full, the line is counted as lost.
    pub fn push_now(&self, line: String) {
        match Arc::clone(&self.places).try_acquire_many_owned(size(&line)) {
            Ok(places) => self.add(line, places),
            Err(_) => self.lose(),
        }
    }

    fn add(&self, line: String, places: OwnedSemaphorePermit) {
        self.counters.waiting.fetch_add(1, Ordering::Relaxed);
        if self.queue.send(Command::Line(line, places)).is_err() {
            self.counters.waiting.fetch_sub(1, Ordering::Relaxed);
            self.lose();
        }
    }

    /// Continues in another file, after the lines that were already given.
    pub fn set_target(&self, target: Option<Target>) {
        // It fails only after the end.
        let _ = self.queue.send(Command::Target(target));
    }

    /// The number of lines that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.counters.waiting.load(Ordering::Relaxed)
    }

    /// The number of lines that were written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.counters.written.load(Ordering::Relaxed)
    }

    /// The number of lines that were lost.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.counters.lost.load(Ordering::Relaxed)
    }

    /// Writes the lines that were given, for at most `longest`, and ends the thread. Lines that are given later are
    /// lost.
    pub async fn stop(&self, longest: Duration) {
        let Some(ended) = self.ended.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let _ = self.queue.send(Command::Stop);
        if tokio::time::timeout(longest, ended).await.is_err() {
            let waiting = self.waiting();
            tracing::error!("{}: {waiting} are lost, the disk did not take them within {longest:?}", self.what);
        }
    }

    fn lose(&self) {
        let lost = self.counters.lost.fetch_add(1, Ordering::Relaxed) + 1;
        // Each power of two, so that a lasting failure does not fill the log as well.
        if lost.is_power_of_two() {
            tracing::error!("{}: the queue is full, {lost} are lost so far", self.what);
        }
    }
}

fn size(line: &str) -> u32 {
    u32::try_from(line.len().clamp(SMALLEST, QUEUE)).unwrap_or(u32::MAX)
}

struct Writer {
    what: &'static str,
    target: Option<Target>,
    counters: Arc<Counters>,
    is_failing: bool,
}

impl Writer {
    fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        let mut batch = Batch::default();
        while let Some(first) = commands.blocking_recv() {
            let mut next = Some(first);
            let mut after = None;
            while let Some(command) = next {
                match command {
                    Command::Line(line, places) => batch.add(&line, places),
                    other => {
                        after = Some(other);
                        break;
                    }
                }
                next = if batch.bytes.len() < BATCH { commands.try_recv().ok() } else { None };
            }
            self.write(&mut batch);
            match after {
                Some(Command::Target(target)) => self.target = target,
                Some(Command::Stop) => return,
                Some(Command::Line(..)) | None => {}
            }
        }
    }

    fn write(&mut self, batch: &mut Batch) {
        let lines = batch.places.len();
        if let Some(target) = self.target.as_mut().filter(|_| lines > 0) {
            match append(&mut target.file, &batch.bytes) {
                Ok(()) => {
                    self.counters.written.fetch_add(lines as u64, Ordering::Relaxed);
                    if self.is_failing {
                        self.is_failing = false;
                        let lost = self.counters.lost.load(Ordering::Relaxed);
                        tracing::warn!("{}: they are written again; {lost} are lost", self.what);
                    }
                }
                Err(error) => {
                    let lost = self.counters.lost.fetch_add(lines as u64, Ordering::Relaxed) + lines as u64;
                    if !self.is_failing {
                        self.is_failing = true;
                        let path = target.path.display();
                        tracing::error!("{}: cannot write to {path}: {error}; {lost} are lost so far", self.what);
                    }
                }
            }
        }
        self.counters.waiting.fetch_sub(lines, Ordering::Relaxed);
        batch.bytes.clear();
        batch.places.clear();
    }
}

/// The lines of one write. They keep their places in the queue until they are written.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    places: Vec<OwnedSemaphorePermit>,
}

impl Batch {
    fn add(&mut self, line: &str, places: OwnedSemaphorePermit) {
        self.bytes.extend_from_slice(line.as_bytes());
        self.bytes.push(b'\n');
        self.places.push(places);
    }
}

/// Appends whole lines. What a failed write left of them is cut off, so that the next line is whole.
fn append(file: &mut File, batch: &[u8]) -> io::Result<()> {
    let is_regular = file.metadata()?.is_file();
    let end = if is_regular { file.seek(SeekFrom::End(0))? } else { 0 };
    file.write_all(batch).inspect_err(|_| {
        if is_regular {
            // The error of the write is reported; a failure here leaves part of a line.
            let _ = file.set_len(end);
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn lines_are_written_in_order_and_continue_in_another_file() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
        std::fs::write(&first, "before\n").unwrap();
        let lines = Lines::start("lines", Some(Target::open(&first).unwrap())).unwrap();
        for i in 0..10_000 {
            lines.push(format!("{i}")).await;
        }
        lines.set_target(Some(Target::open(&second).unwrap()));
        lines.push("last".to_owned()).await;
        lines.stop(LONG).await;
        let expected: String = (0..10_000).map(|i| format!("{i}\n")).collect();
        assert_eq!(std::fs::read_to_string(&first).unwrap(), format!("before\n{expected}"));
        assert_eq!(std::fs::read_to_string(&second).unwrap(), "last\n");
        assert_eq!((lines.written(), lines.lost(), lines.waiting()), (10_001, 0, 0));
    }

    #[tokio::test]
    async fn a_full_disk_is_counted_and_does_not_stop_the_lines_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        // Linux has a device that is always full.
        let full = Path::new("/dev/full");
        if !full.exists() {
            return;
        }
        let lines = Lines::start("lines", Some(Target::open(full).unwrap())).unwrap();
        lines.push("lost".to_owned()).await;
        lines.set_target(Some(Target::open(&path).unwrap()));
        lines.push("kept".to_owned()).await;
        lines.stop(LONG).await;
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "kept\n");
        assert_eq!((lines.written(), lines.lost()), (1, 1));
    }

    #[tokio::test]
    async fn a_full_queue_loses_lines_and_says_how_many() {
        // A pipe that is not read takes 64 KiB, and then blocks the thread.
        let (reader, writer) = io::pipe().unwrap();
        let target = Target { path: "pipe".into(), file: std::os::fd::OwnedFd::from(writer).into() };
        let lines = Lines::start("lines", Some(target)).unwrap();
        for _ in 0..20 {
            lines.push_now("x".repeat(1024 * 1024));
        }
        assert!((11..=13).contains(&lines.lost()), "{}", lines.lost());
        assert!((7..=8).contains(&lines.waiting()), "{}", lines.waiting());
        drop(reader);
        lines.stop(LONG).await;
        assert_eq!(lines.written(), 0);
    }
}
