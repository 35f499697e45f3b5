//! Figures for those who watch the service.

use super::{JobStatus, Store, StoreError};

impl Store {
    /// The number of signing jobs in each status. It takes longer with more jobs.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub fn job_counts(&self) -> Result<Vec<(JobStatus, u64)>, StoreError> {
        let reader = self.reader();
        let mut statement = reader
            .prepare_cached("SELECT status, count(*) FROM signing_jobs WHERE status <> 'Succeeded' GROUP BY status")?;
        let others = statement.query_map([], |row| Ok((row.get(0)?, count(row, 1)?)));
        let others: Vec<(String, u64)> = others?.collect::<Result<_, _>>()?;
        // The index of the others is small, and the number of all rows needs no values.
        let all: u64 = reader.query_row("SELECT count(*) FROM signing_jobs", [], |row| count(row, 0))?;
        let of = |status: JobStatus| {
            others.iter().filter(|(name, _)| name == status.name()).map(|(_, count)| *count).sum::<u64>()
        };
        let (in_progress, failed) = (of(JobStatus::InProgress), of(JobStatus::Failed));
        Ok(vec![
            (JobStatus::InProgress, in_progress),
            (JobStatus::Failed, failed),
            (JobStatus::Succeeded, all.saturating_sub(in_progress + failed)),
        ])
    }

    /// Checks that the database can be read.
    ///
    /// # Errors
    /// Returns [`StoreError`] if the database fails.
    pub fn check(&self) -> Result<(), StoreError> {
        Ok(self.reader().query_row("SELECT 1 FROM settings UNION SELECT 1 LIMIT 1", [], |_| Ok(()))?)
    }
}

fn count(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(i64::unsigned_abs)
}
