//! A line of the log: a JSON object that is written member by member into a buffer, without allocating.

use std::cell::RefCell;
use std::fmt::{self, Write};
use std::time::SystemTime;

use notary::text::is_unprintable;
use time::OffsetDateTime;

use super::Field;

/// The most bytes of a text of others that are logged.
pub const MAX_TEXT: usize = 512;
/// A buffer that was larger is not kept.
const KEPT: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Line> = const { RefCell::new(Line { buffer: Vec::new(), is_first: true }) };
}

/// Lends the thread's buffer. A value that logs while it is being logged has one of its own.
pub fn with_line(work: impl FnOnce(&mut Line)) {
    BUFFER.with(|buffer| match buffer.try_borrow_mut() {
        Ok(mut line) => {
            work(&mut line);
            if line.buffer.capacity() > KEPT {
                line.buffer = Vec::new();
            }
        }
        Err(_) => work(&mut Line { buffer: Vec::new(), is_first: true }),
    });
}

/// A line that is being written.
#[derive(Debug)]
pub struct Line {
    buffer: Vec<u8>,
    /// Whether the next member is the first of its object.
    is_first: bool,
}

impl Line {
    pub fn as_bytes(&self) -> &[u8] {
        &self.buffer
    }

    pub fn begin(&mut self) {
        self.buffer.clear();
        self.open(b'{');
    }

    pub fn end(&mut self) {
        self.buffer.extend_from_slice(b"}\n");
    }

    /// A text of others.
    pub fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.buffer.push(b'"');
        let mut text = Bounded { buffer: &mut self.buffer, left: MAX_TEXT };
        // Writing to a buffer does not fail; `Bounded` ends it early on purpose.
        let _ = text.write_str(value);
        self.buffer.push(b'"');
    }

    pub fn optional_text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A value that is written as text.
    pub fn shown(&mut self, name: &str, value: impl fmt::Display) {
        self.name(name);
        self.buffer.push(b'"');
        let _ = write!(Bounded { buffer: &mut self.buffer, left: MAX_TEXT }, "{value}");
        self.buffer.push(b'"');
    }

    /// A text of the program, which needs no escapes.
    pub fn literal(&mut self, name: &str, value: &'static str) {
        self.name(name);
        self.buffer.push(b'"');
        self.buffer.extend_from_slice(value.as_bytes());
        self.buffer.push(b'"');
    }

    /// A number or another value of JSON.
    pub fn value(&mut self, name: &str, value: impl fmt::Display) {
        self.name(name);
        let _ = write!(Raw(&mut self.buffer), "{value}");
    }

    pub fn field(&mut self, name: &str, value: Field<'_>) {
        match value {
            Field::Text(text) => self.text(name, text),
            Field::Shown(shown) => self.shown(name, shown),
            Field::Number(number) => self.value(name, number),
            Field::Count(number) => self.value(name, number),
            Field::Flag(flag) => self.value(name, flag),
        }
    }

    /// A time: RFC 3339 in UTC, with milliseconds.
    pub fn time(&mut self, name: &str, time: SystemTime) {
        self.name(name);
        let at = OffsetDateTime::from(time);
        let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
        let (hour, minute, second, millisecond) = (at.hour(), at.minute(), at.second(), at.millisecond());
        let _ = write!(
            Raw(&mut self.buffer),
            r#""{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z""#
        );
    }

    /// A list of objects.
    pub fn objects<T>(&mut self, name: &str, items: impl Iterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        self.name(name);
        self.buffer.push(b'[');
        for (place, item) in items.enumerate() {
            if place > 0 {
                self.buffer.push(b',');
            }
            self.open(b'{');
            write(self, item);
            self.buffer.push(b'}');
        }
        self.buffer.push(b']');
        self.is_first = false;
    }

    /// The members that `write` writes, for [`Self::members`].
    pub fn members_of(write: impl FnOnce(&mut Self)) -> String {
        let mut line = Self { buffer: Vec::new(), is_first: true };
        write(&mut line);
        // Only texts were written.
        String::from_utf8(line.buffer).unwrap_or_default()
    }

    /// Members that were written before.
    pub fn members(&mut self, members: &str) {
        if !self.is_first {
            self.buffer.push(b',');
        }
        self.is_first = false;
        self.buffer.extend_from_slice(members.as_bytes());
    }

    fn open(&mut self, bracket: u8) {
        self.buffer.push(bracket);
        self.is_first = true;
    }

    fn name(&mut self, name: &str) {
        if !self.is_first {
            self.buffer.push(b',');
        }
        self.is_first = false;
        self.buffer.push(b'"');
        let _ = Bounded { buffer: &mut self.buffer, left: MAX_TEXT }.write_str(name);
        self.buffer.extend_from_slice(b"\":");
    }
}

struct Raw<'a>(&'a mut Vec<u8>);

impl Write for Raw<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Escapes text, and ends it with `…` where it is cut.
struct Bounded<'a> {
    buffer: &'a mut Vec<u8>,
    left: usize,
}

impl Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let cut = text.len() > self.left;
        let shown = if cut { &text[..text.floor_char_boundary(self.left)] } else { text };
        self.left -= shown.len();
        // Most texts need no escapes.
        if shown.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')) {
            self.buffer.extend_from_slice(shown.as_bytes());
        } else {
            for character in shown.chars() {
                escape(self.buffer, character);
            }
        }
        if cut {
            self.left = 0;
            self.buffer.extend_from_slice("…".as_bytes());
            // Ends the formatting of the value.
            return Err(fmt::Error);
        }
        Ok(())
    }
}

fn escape(buffer: &mut Vec<u8>, character: char) {
    match character {
        '"' => buffer.extend_from_slice(b"\\\""),
        '\\' => buffer.extend_from_slice(b"\\\\"),
        '\n' => buffer.extend_from_slice(b"\\n"),
        '\r' => buffer.extend_from_slice(b"\\r"),
        '\t' => buffer.extend_from_slice(b"\\t"),
        _ if is_unprintable(character) => {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(Raw(buffer), "\\u{unit:04x}");
            }
        }
        _ => buffer.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}
