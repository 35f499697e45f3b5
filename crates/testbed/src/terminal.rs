//! Commands that run in a terminal of a given width.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread::spawn;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// What a command wrote to its terminal, and its exit code.
pub struct Shown {
    pub text: String,
    pub code: Option<i32>,
}

impl Shown {
    /// The lines without styles. Lines that were written over, such as those of a progress bar, are left out.
    pub fn lines(&self) -> Vec<String> {
        let plain = |line: &str| {
            let mut out = String::new();
            let mut rest = line;
            while let Some((before, after)) = rest.split_once("\u{1b}[") {
                out.push_str(before);
                // A control sequence ends with a letter.
                rest = after.split_once(|c: char| c.is_ascii_alphabetic()).map_or("", |(_, rest)| rest);
            }
            out + rest
        };
        let written = self.text.split('\n').map(|line| line.trim_end_matches('\r'));
        written.map(|line| plain(line.rsplit('\r').next().unwrap_or_default())).collect()
    }
}

/// A command in a terminal. Killed when dropped.
pub struct Terminal {
    child: std::process::Child,
    written: Receiver<Vec<u8>>,
    text: String,
}

impl Terminal {
    /// Starts the command with a terminal of `columns` as its standard streams; 0 columns are a terminal that does not
    /// know its width.
    pub fn start(command: &mut Command, columns: u16) -> Terminal {
        let main = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&main).unwrap();
        unlockpt(&main).unwrap();
        let name = ptsname(&main, Vec::new()).unwrap();
        let terminal = open(&*name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        tcsetwinsize(&terminal, Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let stream = || -> OwnedFd { terminal.try_clone().unwrap() };
        command.stdin(stream()).stdout(stream()).stderr(stream()).env("TERM", "xterm-256color");
        let child = command.spawn().unwrap();
        // Its own copies stay open in `command` otherwise, and reading would not end.
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
        command.stderr(std::process::Stdio::null());
        drop(terminal);
        let (sender, written) = channel();
        let mut main = File::from(main);
        spawn(move || {
            let mut buffer = [0; 4096];
            // The error EIO is the end: no process has the terminal open.
            while let Ok(read @ 1..) = main.read(&mut buffer) {
                if sender.send(buffer[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        Terminal { child, written, text: String::new() }
    }

    /// Waits until the command has written this text; fails the test if it ends before, or after 30 seconds.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.text.contains(text) {
            match self.written.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.text += &String::from_utf8_lossy(&bytes),
                Err(why) => panic!("no {text:?} ({why}): {}", self.text),
            }
        }
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the command ends; fails the test after a minute.
    #[track_caller]
    pub fn finish(mut self) -> Shown {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            match self.written.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.text += &String::from_utf8_lossy(&bytes),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(why) => panic!("still running ({why}): {}", self.text),
            }
        }
        let code = self.child.wait().unwrap().code();
        Shown { text: std::mem::take(&mut self.text), code }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
