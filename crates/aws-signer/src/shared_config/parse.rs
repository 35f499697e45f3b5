//! The format of `~/.aws/config` and `~/.aws/credentials`: AWS SDKs and Tools Reference Guide, "Shared config and
//! credentials files". It is read as tolerantly as the AWS SDK for Go and the `aws` CLI read it.
//!
//! A line that cannot be read counts only where it stands: it makes its section unusable, and no other one. Lines that
//! belong to no section may have been meant for any profile.

/// The byte order marks of UTF-8, and of UTF-16 in both byte orders.
const BYTE_ORDER_MARKS: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];

/// A parsed file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Document {
    /// The sections in their order. Sections with the same name are not merged yet.
    pub sections: Vec<Section>,
    /// Lines that belong to no section, and headers whose name cannot be read.
    pub faults: Vec<Fault>,
}

/// `[name]`, and the lines below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    /// The text between the brackets, without spaces around it.
    pub name: String,
    /// The line of the header.
    pub line: usize,
    /// The properties in their order.
    pub properties: Vec<Property>,
    /// Lines that are not properties.
    pub faults: Vec<Fault>,
}

/// `key = value`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Property {
    /// The key in lower case.
    pub key: String,
    /// The value. Lines that continue it are separated by line feeds.
    pub value: String,
    /// The line.
    pub line: usize,
    /// The indented properties below a property without value.
    pub nested: Vec<(String, String)>,
}

// The value may be a secret.
impl std::fmt::Debug for Property {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Property").field("key", &self.key).field("line", &self.line).finish_non_exhaustive()
    }
}

/// A line that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    /// The line.
    pub line: usize,
    /// Why.
    pub why: &'static str,
}

/// Whether a file starts with a byte order mark, which the AWS tools do not accept.
pub(super) fn has_byte_order_mark(content: &[u8]) -> bool {
    BYTE_ORDER_MARKS.iter().any(|mark| content.starts_with(mark))
}

/// Parses a file.
pub(super) fn parse(content: &[u8]) -> Document {
    let mut parser = Parser::default();
    for (index, line) in content.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let shown = String::from_utf8_lossy(line);
        let trimmed = shown.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if std::str::from_utf8(line).is_err() {
            let why = "it is not UTF-8 text";
            match trimmed.starts_with('[') {
                true => parser.nameless(index + 1, why),
                false => parser.fault(index + 1, why),
            }
            continue;
        }
        parser.line(index + 1, &shown);
    }
    parser.document
}

#[derive(Default)]
struct Parser {
    document: Document,
    /// The indentation of the last property, where one precedes in the section.
    indentation: Option<usize>,
}

impl Parser {
    fn line(&mut self, number: usize, line: &str) {
        let indentation = line.len() - line.trim_start().len();
        if line.trim_start().starts_with('[') {
            return self.header(number, line);
        }
        let Some((key, value)) = property(line) else {
            return self.continuation(number, indentation, line);
        };
        if key.is_empty() {
            return self.fault(number, "it has no name before the =");
        }
        let deeper = self.indentation.is_some_and(|last| indentation > last);
        let Some(section) = self.document.sections.last_mut() else {
            return self.fault(number, "it is above the first section such as [default]");
        };
        match section.properties.last_mut().filter(|_| deeper) {
            Some(last) if last.value.is_empty() => last.nested.push((key, value)),
            // An argument such as `--user=ci` on a line of its own.
            Some(last) if !is_key(&key) => add_line(&mut last.value, line),
            _ => {
                section.properties.push(Property { key, value, line: number, nested: Vec::new() });
                self.indentation = Some(indentation);
            }
        }
    }

    fn header(&mut self, number: usize, line: &str) {
        let line = without_comment(line, false).trim();
        match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')).map(str::trim) {
            Some("") => self.nameless(number, "it has no name between [ and ]"),
            Some(name) => self.section(number, name),
            None => self.nameless(number, "it starts with [ but does not end with ]"),
        }
    }

    fn section(&mut self, line: usize, name: &str) {
        let (properties, faults) = Default::default();
        self.document.sections.push(Section { name: name.to_owned(), line, properties, faults });
        self.indentation = None;
    }

    /// The lines below a header that cannot be read belong to a section whose name is unknown.
    fn nameless(&mut self, line: usize, why: &'static str) {
        self.document.faults.push(Fault { line, why });
        self.section(line, "");
    }

    fn continuation(&mut self, number: usize, indentation: usize, line: &str) {
        let deeper = self.indentation.is_some_and(|last| indentation > last);
        let last = self.document.sections.last_mut().and_then(|section| section.properties.last_mut());
        match last.filter(|last| deeper && !last.value.is_empty()) {
            Some(last) => add_line(&mut last.value, line),
            None => self.fault(number, "it has no = and is not a [section]"),
        }
    }

    fn fault(&mut self, line: usize, why: &'static str) {
        let faults = match self.document.sections.last_mut() {
            Some(section) => &mut section.faults,
            None => &mut self.document.faults,
        };
        faults.push(Fault { line, why });
    }
}

fn add_line(value: &mut String, line: &str) {
    value.push('\n');
    value.push_str(line.trim());
}

/// Splits `key = value # comment`.
fn property(line: &str) -> Option<(String, String)> {
    let (key, value) = without_comment(line, true).split_once('=')?;
    Some((key.trim().to_ascii_lowercase(), unquoted(value.trim()).to_owned()))
}

/// Whether this is the name of a property, and not the start of an argument.
fn is_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_alphanumeric()) && !key.contains([' ', '\t', '/', '"', '\''])
}

/// Removes a comment. In values it starts after a space, since values may contain `#` and `;`.
fn without_comment(line: &str, after_space: bool) -> &str {
    let mut before = ' ';
    for (index, c) in line.char_indices() {
        if matches!(c, '#' | ';') && (!after_space || before.is_whitespace()) {
            return &line[..index];
        }
        before = c;
    }
    line
}

/// Removes quotes around a whole value, as the SDK for Go does.
fn unquoted(value: &str) -> &str {
    let inner = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote).filter(|inner| !inner.contains(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}
