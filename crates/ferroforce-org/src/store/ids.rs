//! Counters: of record ids and of auto-numbers. They never go back.

use rusqlite::{Connection, OptionalExtension};

use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::Object;

/// Makes the table of the counters.
pub(super) fn create(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "CREATE TABLE IF NOT EXISTS \"_counter\" (name TEXT PRIMARY KEY NOT NULL, last INTEGER NOT NULL)",
    )
}

/// The next free id of an object. The same in every run, given the same requests.
pub(crate) fn next(db: &Connection, object: &Object) -> Result<RecordId, ApiError> {
    let prefix = object
        .key_prefix
        .as_deref()
        .and_then(|prefix| prefix.as_bytes().try_into().ok());
    let prefix = prefix.ok_or_else(|| ApiError::internal("an object without a key prefix"))?;
    loop {
        let n = count(db, &object.name)?;
        let id = RecordId::nth(prefix, u64::try_from(n).unwrap_or_default());
        let taken: Option<i64> = db
            .prepare_cached(&format!(
                "SELECT 1 FROM \"{}\" WHERE \"Id\" = ?1",
                object.name
            ))?
            .query_row([id.as_str()], |row| row.get(0))
            .optional()?;
        // A seed may have given the id to a record of its own.
        if taken.is_none() {
            return Ok(id);
        }
    }
}

/// Counts one up and returns the count.
pub(crate) fn count(db: &Connection, counter: &str) -> Result<i64, ApiError> {
    let next = "INSERT INTO \"_counter\" VALUES (?1, 1)
        ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last";
    Ok(db
        .prepare_cached(next)?
        .query_row([counter], |row| row.get(0))?)
}
