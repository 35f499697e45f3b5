//! Text trees in notation's style.

use std::fmt;

use notary::text::printable;

use super::wrap::lines;
use super::{DIM, paint};

/// A line, and the lines under it.
#[derive(Debug, Default)]
pub struct Tree {
    label: String,
    children: Vec<Tree>,
}

impl Tree {
    /// A tree with one line of untrusted text; unprintable characters are replaced.
    #[must_use]
    pub fn new(label: impl fmt::Display) -> Self {
        Self { label: printable(&label.to_string()), children: Vec::new() }
    }

    /// A tree with one line of trusted text, which may have styles.
    #[must_use]
    pub fn styled(label: String) -> Self {
        Self { label, children: Vec::new() }
    }

    /// Adds a line under this one, and returns it.
    pub fn add(&mut self, child: Self) -> &mut Self {
        self.children.push(child);
        let last = self.children.len() - 1;
        &mut self.children[last]
    }

    /// Adds a line with a name and a value, and returns it.
    pub fn pair(&mut self, name: &str, value: impl fmt::Display) -> &mut Self {
        let name = paint(DIM, format!("{}:", printable(name)));
        self.add(Self::styled(format!("{name} {}", printable(&value.to_string()))))
    }

    /// The tree as text, with lines of at most `columns` where words permit.
    #[must_use]
    pub fn text(&self, columns: Option<usize>) -> String {
        let mut text = self.label.clone();
        self.add_children(&mut text, "", columns);
        text
    }

    fn add_children(&self, text: &mut String, indent: &str, columns: Option<usize>) {
        let last = self.children.len().saturating_sub(1);
        for (position, child) in self.children.iter().enumerate() {
            let (branch, more) = if position == last { ("└── ", "    ") } else { ("├── ", "│   ") };
            let below = if child.children.is_empty() { "  " } else { "│ " };
            let used = indent.chars().count() + branch.chars().count() + below.chars().count();
            for (number, line) in
                lines(&child.label, columns.map(|columns| columns.saturating_sub(used))).iter().enumerate()
            {
                let (branch, below) = if number == 0 { (branch, "") } else { (more, below) };
                *text += &format!("\n{indent}{branch}{below}{line}");
            }
            child.add_children(text, &format!("{indent}{more}"), columns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tree;

    #[test]
    fn draws_branches_as_notation_does() {
        let mut root = Tree::new("root");
        let first = root.add(Tree::new("first"));
        first.add(Tree::new("a\u{1b}[2J"));
        root.add(Tree::new("last")).add(Tree::new("b"));
        assert_eq!(root.text(None), "root\n├── first\n│   └── a [2J\n└── last\n    └── b");
    }

    #[test]
    fn wraps_labels_within_their_branches() {
        let mut root = Tree::new("root");
        root.add(Tree::new("one two three four five six")).add(Tree::new("child"));
        root.add(Tree::new("one two three four five six"));
        let expected =
            "root\n├── one two three four\n│   │ five six\n│   └── child\n└── one two three four\n      five six";
        assert_eq!(root.text(Some(26)), expected);
    }
}
