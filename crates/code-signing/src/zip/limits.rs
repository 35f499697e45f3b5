//! How much of a zip file is read.

/// Limits for a zip file. Work and memory stay within them, whatever the file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The maximum size of the file in bytes.
    pub size: u64,
    /// The maximum number of entries. [`Limits::MOST_ENTRIES`] is the most that the format without Zip64 can have
    /// beside a signature.
    pub entries: u64,
    /// The maximum size of all entries in bytes when unpacked.
    pub unpacked: u64,
}

impl Limits {
    /// The maximum number of entries besides the two of a signature.
    pub const MOST_ENTRIES: u64 = 65_533;

    /// AWS Lambda's limits for a deployment package: 250 MB, packed and unpacked.
    pub const LAMBDA: Self = Self { size: 250 * 1024 * 1024, entries: Self::MOST_ENTRIES, unpacked: 250 * 1024 * 1024 };

    /// These limits with room for a signature: its manifest has at most a few hundred bytes for each entry, and names
    /// have at most 64 KiB.
    #[must_use]
    pub fn with_signature(self) -> Self {
        const SIGNATURE: u64 = 64 * 1024 * 1024;
        Self { size: self.size + SIGNATURE, entries: self.entries + 2, unpacked: self.unpacked + SIGNATURE }
    }
}
