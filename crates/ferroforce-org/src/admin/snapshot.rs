//! Copies of everything that changes, to go back to.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::auth;
use crate::error::ApiError;
use crate::org::Org;
use crate::store::{JOBS, attach_jobs};
use crate::usage::Calls;

/// A copy of an org's records, sessions, lockouts and API usage.
#[derive(Clone)]
pub struct Snapshot {
    records: Arc<Mutex<Connection>>,
    auth: auth::Live,
    calls: Calls,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Snapshot")
    }
}

/// The org's database did what it should not.
#[derive(Debug, thiserror::Error)]
#[error("the org's database failed")]
#[non_exhaustive]
pub struct SnapshotError {}

impl From<ApiError> for SnapshotError {
    fn from(_: ApiError) -> Self {
        Self {}
    }
}

impl Snapshot {
    /// Copies an org as it is.
    pub(crate) async fn of(org: &Org) -> Result<Self, SnapshotError> {
        let copied = org.store.run(|records| {
            let mut copy = Connection::open_in_memory()?;
            if has_jobs(records)? {
                attach_jobs(&copy)?;
            }
            copy_all(records, &mut copy)?;
            Ok(copy)
        });
        Ok(Self {
            records: Arc::new(Mutex::new(copied.await?)),
            auth: org.auth.snapshot(),
            calls: org.usage.snapshot(),
        })
    }

    /// Makes an org what it was. Cursors end: the records that they found may be others now.
    pub(crate) async fn restore(&self, org: &Org) -> Result<(), SnapshotError> {
        let copy = Arc::clone(&self.records);
        let cursors = Arc::clone(&org.cursors);
        let runs = Arc::clone(&org.report_runs);
        let restored = org.store.run(move |records| {
            let copy = copy.lock().unwrap_or_else(PoisonError::into_inner);
            copy_all(&copy, records)?;
            cursors.clear();
            runs.clear();
            Ok(())
        });
        restored.await?;
        org.auth.restore(&self.auth, org.clock.now());
        org.usage.restore(&self.calls);
        // Jobs that had ended may go on again.
        org.bulk.look_again();
        Ok(())
    }
}

/// Whether the jobs have a database of their own.
fn has_jobs(db: &Connection) -> Result<bool, ApiError> {
    let mut select = db.prepare("SELECT 1 FROM pragma_database_list WHERE name = ?1")?;
    Ok(select.exists([JOBS])?)
}

/// Makes one connection's databases copies of another's.
fn copy_all(from: &Connection, to: &mut Connection) -> Result<(), ApiError> {
    copy(from, to, "main")?;
    if has_jobs(from)? {
        copy(from, to, JOBS)?;
    }
    Ok(())
}

/// Makes one database a copy of another.
fn copy(from: &Connection, to: &mut Connection, name: &str) -> Result<(), ApiError> {
    /// Of the whole database, at once.
    const ALL_PAGES: i32 = -1;
    match Backup::new_with_names(from, name, to, name)?.step(ALL_PAGES)? {
        StepResult::Done => Ok(()),
        _ => Err(ApiError::internal(
            "the database is in use by another program",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_into_a_locked_database_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("org.db");
        let mut to = Connection::open(&file).unwrap();
        to.busy_timeout(std::time::Duration::ZERO).unwrap();
        let from = Connection::open_in_memory().unwrap();
        from.execute_batch("CREATE TABLE t (a)").unwrap();
        let other = Connection::open(&file).unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        assert!(copy_all(&from, &mut to).is_err());
        other.execute_batch("COMMIT").unwrap();
        assert!(copy_all(&from, &mut to).is_ok());
    }
}
