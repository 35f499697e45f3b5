//! Values that are made once and kept, such as keys.

use rusqlite::{OptionalExtension as _, params};

use super::{Store, StoreError};

impl Store {
    /// The value of a setting; `first` becomes its value if it has none.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub async fn setting(&self, name: &'static str, first: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        self.write(move |database| {
            database.execute("INSERT OR IGNORE INTO settings (name, value) VALUES (?, ?)", params![name, first])?;
            let value =
                database.query_row("SELECT value FROM settings WHERE name = ?", [name], |row| row.get(0)).optional()?;
            value.ok_or_else(|| StoreError::Damaged(name.to_owned()))
        })
        .await
    }
}
