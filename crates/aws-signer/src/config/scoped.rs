//! Values that apply to all partitions or to one.

use std::collections::BTreeMap;

use aws_names::Partition;

/// Values with the keys that set them: one for all partitions, and one for each partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scoped<T> {
    general: Option<(String, T)>,
    by_partition: BTreeMap<Partition, (String, T)>,
}

impl<T> Default for Scoped<T> {
    fn default() -> Self {
        Self { general: None, by_partition: BTreeMap::new() }
    }
}

impl<T> Scoped<T> {
    /// Returns the key that applies to a partition, and its value.
    pub(super) fn for_partition(&self, partition: &Partition) -> Option<(&str, &T)> {
        let found = self.by_partition.get(partition).or(self.general.as_ref())?;
        Some((&found.0, &found.1))
    }

    pub(super) fn insert(&mut self, scope: Scope, key: String, value: T) {
        match scope {
            Scope::General => self.general = Some((key, value)),
            Scope::Partition(partition) => {
                self.by_partition.insert(partition, (key, value));
            }
        }
    }
}

/// Where a key applies.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scope {
    General,
    Partition(Partition),
}
