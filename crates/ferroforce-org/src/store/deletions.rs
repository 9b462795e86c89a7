//! Which records were deleted, and when. The recycle bin keeps them for 15 days.

use rusqlite::{Connection, params};

use crate::error::ApiError;
use crate::schema::Schema;

/// How long a deleted record is kept, in milliseconds.
pub(crate) const KEPT: i64 = 15 * 24 * 60 * 60 * 1000;

/// Makes the table of the deletions.
pub(super) fn create(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "CREATE TABLE IF NOT EXISTS \"_deletion\"
            (at INTEGER NOT NULL, object TEXT NOT NULL, id TEXT NOT NULL);
        CREATE INDEX IF NOT EXISTS \"_deletion.object\" ON \"_deletion\" (object, at);
        CREATE INDEX IF NOT EXISTS \"_deletion.at\" ON \"_deletion\" (at)",
    )
}

/// Notes that a record was deleted.
pub(crate) fn note(db: &Connection, object: &str, id: &str, at: i64) -> Result<(), ApiError> {
    db.prepare_cached("INSERT INTO \"_deletion\" VALUES (?1, ?2, ?3)")?
        .execute(params![at, object, id])?;
    Ok(())
}

/// The ids of an object's records that were deleted from a moment on and before another, oldest
/// first, each with its moment.
pub(crate) fn between(
    db: &Connection,
    object: &str,
    from: i64,
    to: i64,
    most: usize,
) -> Result<Vec<(String, i64)>, ApiError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut select = db.prepare_cached(
        "SELECT id, at FROM \"_deletion\" WHERE object = ?1 AND at >= ?2 AND at < ?3
        ORDER BY at, id LIMIT ?4",
    )?;
    let found = select.query_map(params![object, from, to, most], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Empties the recycle bin of what has been in it for too long.
pub(crate) fn purge(db: &Connection, schemas: &[&Schema], now: i64) -> Result<(), ApiError> {
    let until = now - KEPT;
    let mut select = db.prepare_cached("SELECT object, id FROM \"_deletion\" WHERE at < ?1")?;
    let old = select.query_map([until], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let old: Vec<(String, String)> = old.collect::<Result<_, _>>()?;
    if old.is_empty() {
        return Ok(());
    }
    let transaction = db.unchecked_transaction()?;
    for (object, id) in &old {
        // The object may have left the schema since.
        if let Some(object) = schemas.iter().find_map(|schema| schema.object(object)) {
            let delete = format!("DELETE FROM \"{}\" WHERE \"Id\" = ?1", object.name);
            db.prepare_cached(&delete)?.execute([id])?;
        }
    }
    db.execute("DELETE FROM \"_deletion\" WHERE at < ?1", [until])?;
    transaction.commit()?;
    Ok(())
}
