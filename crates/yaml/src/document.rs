//! From the events of the parser to a tree of values, within limits. The parser reports one event at a time, and the
//! tree is built on a stack of its own: neither recursion nor an alias can exhaust memory.

use std::collections::{BTreeMap, HashMap};
use std::str;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use crate::error::{Error, Position};
use crate::field::Field;
use crate::scalar::Scalar;

/// What a document may need at most. The parser looks ahead for the end of a key, so its time can grow with the square
/// of the size; the default limits keep it below a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The size in bytes.
    pub bytes: usize,
    /// How deep sequences and mappings may be nested.
    pub depth: usize,
    /// The number of values, keys not counted; each use of an alias counts all values that it repeats.
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 256 * 1024, depth: 32, values: 10_000 }
    }
}

/// A document that was read.
#[derive(Debug, Clone)]
pub struct Document {
    root: Node,
}

impl Document {
    /// The value of the whole document.
    #[must_use]
    pub fn root(&self) -> Field<'_> {
        Field::root(&self.root)
    }
}

/// A value and its position.
#[derive(Debug, Clone)]
pub struct Node {
    pub position: Position,
    pub content: Content,
}

/// What a value is.
#[derive(Debug, Clone)]
pub enum Content {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

/// A member of a mapping.
#[derive(Debug, Clone)]
pub struct Entry {
    pub key: String,
    pub key_position: Position,
    pub value: Node,
}

/// Reads a document within the default [`Limits`].
///
/// # Errors
/// Returns [`Error`] if it is not one document of strict YAML within the limits.
pub fn parse(text: &[u8]) -> Result<Document, Error> {
    parse_within(text, &Limits::default())
}

/// Reads a document within the given limits.
///
/// # Errors
/// Returns [`Error`] if it is not one document of strict YAML within the limits.
pub fn parse_within(text: &[u8], limits: &Limits) -> Result<Document, Error> {
    let whole = |problem: String| Error::new(Position::START, "", problem);
    if text.len() > limits.bytes {
        return Err(whole(format!("the file is larger than {} bytes", limits.bytes)));
    }
    let text = str::from_utf8(text)
        .map_err(|error| Error::new(position_after(&text[..error.valid_up_to()]), "", "the file is not valid UTF-8"))?;
    let mut builder = Builder { limits, values: 0, frames: Vec::new(), anchors: HashMap::new(), root: None };
    for event in Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text)) {
        let (event, span) = event
            .map_err(|error| Error::new(position(*error.marker()), "", format!("invalid YAML: {}", error.info())))?;
        builder.add(event, position(span.start))?;
    }
    builder.root.map(|root| Document { root }).ok_or_else(|| whole("the file is empty".to_owned()))
}

fn position(marker: Marker) -> Position {
    Position { line: marker.line().max(1), column: marker.col() + 1 }
}

fn position_after(valid: &[u8]) -> Position {
    let text = String::from_utf8_lossy(valid);
    let last = text.rsplit('\n').next().unwrap_or_default();
    Position { line: text.matches('\n').count() + 1, column: last.chars().count() + 1 }
}

/// A value that aliases may repeat.
struct Anchored {
    node: Node,
    values: usize,
    depth: usize,
}

/// A sequence or mapping that has not ended.
struct Frame {
    position: Position,
    anchor: usize,
    /// The number of values before it.
    before: usize,
    /// How deep the deepest of its values is nested in it.
    depth: usize,
    inside: Inside,
}

enum Inside {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, keys: BTreeMap<String, Position>, key: Option<(String, Position)> },
}

struct Builder<'l> {
    limits: &'l Limits,
    values: usize,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Anchored>,
    root: Option<Node>,
}

impl Builder<'_> {
    fn add(&mut self, event: Event<'_>, position: Position) -> Result<(), Error> {
        let error = |problem: &str| Err(Error::new(position, "", problem));
        match event {
            Event::Scalar(_, _, _, Some(_)) | Event::SequenceStart(_, Some(_)) | Event::MappingStart(_, Some(_)) => {
                error("tags (`!`) are not supported")
            }
            Event::DocumentStart(_) if self.root.is_some() => error("only one document is allowed"),
            Event::Scalar(text, style, anchor, None) => {
                let scalar = Scalar { text: text.into_owned(), is_plain: style == ScalarStyle::Plain };
                if let Some(Frame { inside: Inside::Mapping { keys, key: key @ None, .. }, .. }) =
                    self.frames.last_mut()
                {
                    if anchor != 0 {
                        return error("anchors (`&`) at keys are not supported");
                    }
                    if let Some(first) = keys.insert(scalar.text.clone(), position) {
                        return error(&format!("the key {} is already used at {first}", scalar.shown()));
                    }
                    *key = Some((scalar.text, position));
                    return Ok(());
                }
                self.count(1, position)?;
                self.finish(Node { position, content: Content::Scalar(scalar) }, anchor, 1, 0)
            }
            Event::Alias(anchor) => {
                let Some(anchored) = self.anchors.get(&anchor) else {
                    return error("the alias (`*`) is used inside the value that it repeats");
                };
                let (values, depth, node) = (anchored.values, anchored.depth, anchored.node.clone());
                self.count(values, position)?;
                if self.frames.len() + depth > self.limits.depth {
                    return self.too_deep(position);
                }
                self.finish(node, 0, values, depth)
            }
            Event::SequenceStart(anchor, None) => self.begin(position, anchor, Inside::Sequence(Vec::new())),
            Event::MappingStart(anchor, None) => {
                let inside = Inside::Mapping { entries: Vec::new(), keys: BTreeMap::new(), key: None };
                self.begin(position, anchor, inside)
            }
            Event::SequenceEnd | Event::MappingEnd => match self.frames.pop() {
                Some(frame) => {
                    let content = match frame.inside {
                        Inside::Sequence(items) => Content::Sequence(items),
                        Inside::Mapping { entries, .. } => Content::Mapping(entries),
                    };
                    let node = Node { position: frame.position, content };
                    self.finish(node, frame.anchor, self.values - frame.before, frame.depth + 1)
                }
                None => error("a sequence or mapping ends that did not begin"),
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
        }
    }

    fn begin(&mut self, position: Position, anchor: usize, inside: Inside) -> Result<(), Error> {
        if let Some(Frame { inside: Inside::Mapping { key: None, .. }, .. }) = self.frames.last() {
            return Err(Error::new(position, "", "a key must be text"));
        }
        if self.frames.len() >= self.limits.depth {
            return self.too_deep(position);
        }
        let before = self.values;
        self.count(1, position)?;
        self.frames.push(Frame { position, anchor, before, depth: 0, inside });
        Ok(())
    }

    /// Adds a finished value to the sequence or mapping that it is in.
    fn finish(&mut self, node: Node, anchor: usize, values: usize, depth: usize) -> Result<(), Error> {
        if anchor != 0 {
            self.anchors.insert(anchor, Anchored { node: node.clone(), values, depth });
        }
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.depth = frame.depth.max(depth);
        match &mut frame.inside {
            Inside::Sequence(items) => items.push(node),
            Inside::Mapping { entries, key, .. } => match key.take() {
                Some((key, key_position)) => entries.push(Entry { key, key_position, value: node }),
                None => return Err(Error::new(node.position, "", "a key must be text, not an alias")),
            },
        }
        Ok(())
    }

    fn count(&mut self, values: usize, position: Position) -> Result<(), Error> {
        self.values = self.values.saturating_add(values);
        if self.values > self.limits.values {
            return Err(Error::new(position, "", format!("the file has more than {} values", self.limits.values)));
        }
        Ok(())
    }

    fn too_deep(&self, position: Position) -> Result<(), Error> {
        Err(Error::new(position, "", format!("values are nested deeper than {}", self.limits.depth)))
    }
}
