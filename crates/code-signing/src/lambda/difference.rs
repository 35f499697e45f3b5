//! What differs between the entries that were signed and those that are there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use notary::text::printable;

use super::manifest::Listed;

/// A difference between a zip file and its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// An entry that was not signed.
    Added {
        /// Its name.
        name: String,
    },
    /// A signed entry that is not there.
    Missing {
        /// Its name.
        name: String,
    },
    /// A signed entry whose content is there under another name.
    Renamed {
        /// The signed name.
        from: String,
        /// The name that it has.
        to: String,
    },
    /// An entry that differs from what was signed.
    Changed {
        /// Its name.
        name: String,
        /// What differs.
        changes: Vec<Change>,
    },
    /// All entries are as they were signed, in another order.
    Order,
    /// All entries are as they were signed, but other bytes of the file are not: comments, extra fields, how data is
    /// compressed, or the place of the signature.
    Archive,
}

/// What differs in an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The number of bytes.
    Size {
        /// The signed one.
        signed: u64,
        /// The one that is there.
        found: u64,
    },
    /// The bytes, of the same number.
    Content,
    /// The permissions or the type of the file.
    Mode {
        /// The signed mode.
        signed: u32,
        /// The one that is there.
        found: u32,
    },
    /// Other attributes, or the system that defines them.
    Attributes,
    /// The time of the last change.
    Modified,
    /// How the data is compressed.
    Compression,
}

impl Difference {
    /// The name of the entry, as it is in the file if it is there. `None` for the archive as a whole.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Added { name } | Self::Missing { name } | Self::Changed { name, .. } => Some(name),
            Self::Renamed { to, .. } => Some(to),
            Self::Order | Self::Archive => None,
        }
    }

    /// The kind of the difference as a word: `added`, `missing`, `renamed`, `changed`, `order`, `archive`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Added { .. } => "added",
            Self::Missing { .. } => "missing",
            Self::Renamed { .. } => "renamed",
            Self::Changed { .. } => "changed",
            Self::Order => "order",
            Self::Archive => "archive",
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { name } => write!(f, "{} was added after signing", printable(name)),
            Self::Missing { name } => write!(f, "{} is missing", printable(name)),
            Self::Renamed { from, to } => write!(f, "{} was renamed to {}", printable(from), printable(to)),
            Self::Changed { name, changes } => {
                write!(f, "{} was changed: ", printable(name))?;
                for (i, change) in changes.iter().enumerate() {
                    write!(f, "{}{change}", if i == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::Order => f.write_str("the entries are in another order than when they were signed"),
            Self::Archive => f.write_str(
                "the entries are as they were signed, but other bytes of the file are not (comments, extra fields, \
                 compressed form, or the place of the signature)",
            ),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { signed, found } => write!(f, "{found} bytes in place of {signed}"),
            Self::Content => f.write_str("other content"),
            Self::Mode { signed, found } => write!(f, "mode {found:o} in place of {signed:o}"),
            Self::Attributes => f.write_str("other attributes"),
            Self::Modified => f.write_str("another time of the last change"),
            Self::Compression => f.write_str("compressed in another way"),
        }
    }
}

/// Compares the entries by name. Names are unique in both lists: the reader of the archive refuses others, and only
/// archives without duplicates are signed.
pub(super) fn differences(signed: &[Listed], found: &[Listed]) -> Vec<Difference> {
    let by_name: BTreeMap<&str, &Listed> = found.iter().map(|entry| (entry.name.as_str(), entry)).collect();
    let signed_names: BTreeSet<&str> = signed.iter().map(|entry| entry.name.as_str()).collect();
    // By their content, so that renamed entries are found in one step each.
    let mut added: BTreeMap<(u64, &str), Vec<&str>> = BTreeMap::new();
    for entry in found.iter().rev().filter(|entry| !signed_names.contains(entry.name.as_str())) {
        added.entry((entry.size, &entry.sha384)).or_default().push(&entry.name);
    }
    let mut differences = Vec::new();
    for entry in signed {
        let name = entry.name.clone();
        if let Some(now) = by_name.get(entry.name.as_str()) {
            let changes = changes(entry, now);
            if !changes.is_empty() {
                differences.push(Difference::Changed { name, changes });
            }
            continue;
        }
        // Empty entries are not told apart by their content.
        let same = added.get_mut(&(entry.size, entry.sha384.as_str())).filter(|_| entry.size > 0);
        differences.push(match same.and_then(Vec::pop) {
            Some(to) => Difference::Renamed { from: name, to: to.to_owned() },
            None => Difference::Missing { name },
        });
    }
    let added: BTreeSet<&str> = added.into_values().flatten().collect();
    let in_order = found.iter().filter(|entry| added.contains(entry.name.as_str()));
    differences.extend(in_order.map(|entry| Difference::Added { name: entry.name.clone() }));
    if differences.is_empty() && !signed.iter().map(|entry| &entry.name).eq(found.iter().map(|entry| &entry.name)) {
        differences.push(Difference::Order);
    }
    differences
}

fn changes(signed: &Listed, found: &Listed) -> Vec<Change> {
    let mut changes = Vec::new();
    if signed.size != found.size {
        changes.push(Change::Size { signed: signed.size, found: found.size });
    } else if signed.sha384 != found.sha384 {
        changes.push(Change::Content);
    }
    match (signed.mode(), found.mode()) {
        (Some(signed), Some(found)) if signed != found => changes.push(Change::Mode { signed, found }),
        _ if signed.attributes != found.attributes || signed.made_by != found.made_by => {
            changes.push(Change::Attributes);
        }
        _ => {}
    }
    if signed.modified != found.modified {
        changes.push(Change::Modified);
    }
    if signed.compression != found.compression {
        changes.push(Change::Compression);
    }
    changes
}
