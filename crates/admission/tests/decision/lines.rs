//! The lines of a log.

use std::io::Write;
use std::sync::{Arc, Mutex};

use admission::config::LogLevel;
use admission::log::Log;

use crate::scene::LONG;

#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// A log that is written here.
    pub fn log(&self) -> Log {
        Log::to(LogLevel::Debug, self.clone()).unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Waits until the log says this.
    pub async fn say(&self, what: &str) {
        let said = tokio::time::timeout(LONG, async {
            while !self.text().contains(what) {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        });
        assert!(said.await.is_ok(), "no {what} in {}", self.text());
    }
}
