//! Text trees in notation's style.

use std::fmt;

use notary::text::printable;

use crate::output::{DIM, paint};

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

    fn write_children(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        let last = self.children.len().saturating_sub(1);
        for (position, child) in self.children.iter().enumerate() {
            let (branch, more) = if position == last { ("└── ", "    ") } else { ("├── ", "│   ") };
            write!(f, "\n{indent}{branch}{}", child.label)?;
            child.write_children(f, &format!("{indent}{more}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)?;
        self.write_children(f, "")
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
        assert_eq!(root.to_string(), "root\n├── first\n│   └── a [2J\n└── last\n    └── b");
    }
}
