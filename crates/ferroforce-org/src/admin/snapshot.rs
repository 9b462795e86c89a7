//! Copies of everything that changes, to go back to.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::backup::Backup;

use crate::auth;
use crate::error::ApiError;
use crate::org::Org;

/// A copy of an org's records, sessions, lockouts and API usage.
#[derive(Clone)]
pub struct Snapshot {
    records: Arc<Mutex<Connection>>,
    auth: auth::Live,
    api_calls: u64,
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
    pub(super) async fn of(org: &Org) -> Result<Self, SnapshotError> {
        let copied = org.store.run(|records| {
            let mut copy = Connection::open_in_memory()?;
            copy_all(records, &mut copy)?;
            Ok(copy)
        });
        Ok(Self {
            records: Arc::new(Mutex::new(copied.await?)),
            auth: org.auth.snapshot(),
            api_calls: org.usage.calls(),
        })
    }

    /// Makes an org what it was.
    pub(super) async fn restore(&self, org: &Org) -> Result<(), SnapshotError> {
        let copy = Arc::clone(&self.records);
        let restored = org.store.run(move |records| {
            let copy = copy.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(copy_all(&copy, records)?)
        });
        restored.await?;
        org.auth.restore(&self.auth);
        org.usage.set(self.api_calls);
        Ok(())
    }
}

/// Makes one database a copy of another.
fn copy_all(from: &Connection, to: &mut Connection) -> rusqlite::Result<()> {
    /// Of the whole database, at once.
    const ALL_PAGES: i32 = -1;
    Backup::new(from, to)?.step(ALL_PAGES)?;
    Ok(())
}
