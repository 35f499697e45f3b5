//! Tags of profiles: `TagResource`, `UntagResource` and `ListTagsForResource` in the AWS Signer API Reference.

use std::collections::BTreeMap;

use aws_names::ProfileArn;
use rusqlite::{OptionalExtension as _, params};

use super::profiles::json;
use super::{Store, StoreError};

/// The outcome of [`Store::change_tags`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagsChanged {
    /// The tags are changed.
    Changed,
    /// The profile does not exist.
    NotFound,
    /// The profile is canceled.
    Canceled,
    /// The profile would have more tags than the limit; nothing is changed.
    TooMany,
}

impl Store {
    /// Removes and adds tags of a profile in one step, if it has at most `limit` tags afterwards.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails or the row is damaged.
    pub async fn change_tags(
        &self,
        arn: ProfileArn,
        remove: Vec<String>,
        add: BTreeMap<String, String>,
        limit: usize,
    ) -> Result<TagsChanged, StoreError> {
        self.write(move |database| {
            let at = arn.location();
            let key = [at.partition().as_str(), at.region().as_str(), at.account().as_str(), arn.name().as_str()];
            let found = database
                .query_row(
                    "SELECT tags, status FROM profiles WHERE partition = ? AND region = ? AND account = ? AND name = ?",
                    key,
                    |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
                )
                .optional()?;
            let Some((tags, status)) = found else { return Ok(TagsChanged::NotFound) };
            if status == "Canceled" {
                return Ok(TagsChanged::Canceled);
            }
            let damaged = |_| StoreError::Damaged(format!("{arn}: tags"));
            let mut tags: BTreeMap<String, String> = serde_json::from_str(&tags).map_err(damaged)?;
            for name in &remove {
                tags.remove(name);
            }
            tags.extend(add);
            if tags.len() > limit {
                return Ok(TagsChanged::TooMany);
            }
            database.execute(
                "UPDATE profiles SET tags = ?5 WHERE partition = ?1 AND region = ?2 AND account = ?3 AND name = ?4",
                params![key[0], key[1], key[2], key[3], json(&tags)?],
            )?;
            Ok(TagsChanged::Changed)
        })
        .await
    }
}
