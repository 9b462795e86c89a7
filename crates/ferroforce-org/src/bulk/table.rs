//! Where jobs are kept: the jobs themselves, and their data and results in pieces.
//!
//! All of it is in the database, so that what a job has done and what it knows of it are one
//! transaction. An org without a file keeps it in a database of its own, which SQLite moves to the
//! disk when it grows.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::ApiError;
use crate::id::RecordId;
use crate::store::ids;

/// Makes the tables, in this one of the connection's databases.
pub(crate) fn create(db: &Connection, database: &str) -> rusqlite::Result<()> {
    db.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS {database}.\"_bulk_job\" (n INTEGER PRIMARY KEY NOT NULL,
            id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL, parent TEXT, runnable INTEGER NOT NULL,
            json TEXT NOT NULL);
        CREATE INDEX IF NOT EXISTS {database}.\"_bulk_job.runnable\" ON \"_bulk_job\" (n)
            WHERE runnable;
        CREATE INDEX IF NOT EXISTS {database}.\"_bulk_job.parent\" ON \"_bulk_job\" (parent, n);
        CREATE TABLE IF NOT EXISTS {database}.\"_bulk_data\" (owner TEXT NOT NULL,
            part TEXT NOT NULL, n INTEGER NOT NULL, first INTEGER NOT NULL, size INTEGER NOT NULL,
            bytes BLOB NOT NULL, UNIQUE (owner, part, n))"
    ))
}

/// What is kept about jobs and batches, each as JSON.
pub(super) trait Entry: Serialize + DeserializeOwned {
    /// What the ids begin with.
    const PREFIX: [u8; 3];
    /// What kind of entry it is, of those that share a prefix too.
    fn kind(&self) -> &'static str;
    fn id(&self) -> &str;
    /// The job that a batch is a part of.
    fn parent(&self) -> Option<&str> {
        None
    }
    /// Whether there is something to be done about it in the background.
    fn is_runnable(&self) -> bool;
}

/// A new id that begins with these three characters.
pub(super) fn new_id(db: &Connection, prefix: [u8; 3]) -> Result<String, ApiError> {
    let counter = format!("_bulk{}", String::from_utf8_lossy(&prefix));
    let n = u64::try_from(ids::count(db, &counter)?).unwrap_or_default();
    Ok(RecordId::nth(prefix, n).to_string())
}

/// Keeps an entry, in place of what was kept of it before.
pub(super) fn put<E: Entry>(db: &Connection, entry: &E) -> Result<(), ApiError> {
    let json = serde_json::to_string(entry).map_err(ApiError::internal)?;
    db.prepare_cached(
        "INSERT INTO \"_bulk_job\" (id, kind, parent, runnable, json) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (id) DO UPDATE SET runnable = excluded.runnable, json = excluded.json",
    )?
    .execute(params![
        entry.id(),
        entry.kind(),
        entry.parent(),
        entry.is_runnable(),
        json
    ])?;
    Ok(())
}

/// The entry with this id, of 15 characters or 18.
pub(super) fn get<E: Entry>(db: &Connection, id: &str) -> Result<Option<E>, ApiError> {
    let Some(id) = id
        .parse::<RecordId>()
        .ok()
        .filter(|id| id.key_prefix().as_bytes() == E::PREFIX)
    else {
        return Ok(None);
    };
    let json: Option<String> = db
        .prepare_cached("SELECT json FROM \"_bulk_job\" WHERE id = ?1")?
        .query_row([id.as_str()], |row| row.get(0))
        .optional()?;
    json.map(|json| read(&json)).transpose()
}

fn read<E: Entry>(json: &str) -> Result<E, ApiError> {
    serde_json::from_str(json).map_err(|_| ApiError::internal("a job cannot be read"))
}

/// Takes an entry away, with its data and whatever is a part of it.
pub(super) fn remove(db: &Connection, id: &str) -> Result<(), ApiError> {
    db.prepare_cached(
        "DELETE FROM \"_bulk_data\" WHERE owner = ?1
            OR owner IN (SELECT id FROM \"_bulk_job\" WHERE parent = ?1)",
    )?
    .execute([id])?;
    db.prepare_cached("DELETE FROM \"_bulk_job\" WHERE id = ?1 OR parent = ?1")?
        .execute([id])?;
    Ok(())
}

/// The entries of a kind that come after a place in the order in which they were made, with their
/// places.
pub(super) fn list<E: Entry>(
    db: &Connection,
    kind: &str,
    after: i64,
    most: usize,
) -> Result<Vec<(i64, E)>, ApiError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut select = db.prepare_cached(
        "SELECT n, json FROM \"_bulk_job\" WHERE kind = ?1 AND n > ?2 ORDER BY n LIMIT ?3",
    )?;
    let found = select.query_map(params![kind, after, most], |row| {
        Ok((row.get(0)?, row.get::<_, String>(1)?))
    })?;
    found
        .map(|found| {
            let (n, json) = found?;
            Ok((n, read(&json)?))
        })
        .collect()
}

/// The parts of an entry, in the order in which they were made.
pub(super) fn parts<E: Entry>(db: &Connection, parent: &str) -> Result<Vec<E>, ApiError> {
    let mut select =
        db.prepare_cached("SELECT json FROM \"_bulk_job\" WHERE parent = ?1 ORDER BY n")?;
    let found = select.query_map([parent], |row| row.get::<_, String>(0))?;
    found.map(|json| read(&json?)).collect()
}

/// The kinds and ids of the entries about which there is something to be done, oldest first.
pub(super) fn runnable(db: &Connection) -> Result<Vec<(String, String)>, ApiError> {
    let mut select =
        db.prepare_cached("SELECT kind, id FROM \"_bulk_job\" WHERE runnable ORDER BY n")?;
    let found = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Some of the data of an entry: what was uploaded, or results.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) owner: &'a str,
    pub(super) name: &'a str,
}

/// A piece of some data.
#[derive(Debug)]
pub(super) struct Piece {
    /// How many bytes, or records, stand before it.
    pub(super) first: i64,
    pub(super) bytes: Vec<u8>,
}

impl Part<'_> {
    /// Adds a piece of so many bytes or records.
    pub(super) fn append(self, db: &Connection, size: i64, bytes: &[u8]) -> Result<(), ApiError> {
        let (n, first) = self.end(db)?;
        db.prepare_cached("INSERT INTO \"_bulk_data\" VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![self.owner, self.name, n, first, size, bytes])?;
        Ok(())
    }

    /// How many pieces there are, and how many bytes or records they have together.
    pub(super) fn end(self, db: &Connection) -> Result<(i64, i64), ApiError> {
        let last = db
            .prepare_cached(
                "SELECT n + 1, first + size FROM \"_bulk_data\" WHERE owner = ?1 AND part = ?2
                ORDER BY n DESC LIMIT 1",
            )?
            .query_row([self.owner, self.name], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        Ok(last.unwrap_or((0, 0)))
    }

    /// The number of the piece in which a byte or record is, or of the last one before it.
    pub(super) fn place(self, db: &Connection, of: i64) -> Result<Option<i64>, ApiError> {
        let found = db
            .prepare_cached(
                "SELECT n FROM \"_bulk_data\" WHERE owner = ?1 AND part = ?2 AND first <= ?3
                ORDER BY n DESC LIMIT 1",
            )?
            .query_row(params![self.owner, self.name, of], |row| row.get(0))
            .optional()?;
        Ok(found)
    }

    /// A piece, by its number.
    pub(super) fn piece(self, db: &Connection, n: i64) -> Result<Option<Piece>, ApiError> {
        let piece = db
            .prepare_cached(
                "SELECT first, bytes FROM \"_bulk_data\"
                WHERE owner = ?1 AND part = ?2 AND n = ?3",
            )?
            .query_row(params![self.owner, self.name, n], |row| {
                Ok(Piece {
                    first: row.get(0)?,
                    bytes: row.get(1)?,
                })
            })
            .optional()?;
        Ok(piece)
    }

    /// How many bytes the pieces have from one number on and before another.
    pub(super) fn length(self, db: &Connection, from: i64, to: i64) -> Result<i64, ApiError> {
        let length = db
            .prepare_cached(
                "SELECT ifnull(sum(length(bytes)), 0) FROM \"_bulk_data\"
                WHERE owner = ?1 AND part = ?2 AND n >= ?3 AND n < ?4",
            )?
            .query_row(params![self.owner, self.name, from, to], |row| row.get(0))?;
        Ok(length)
    }

    /// Gives the data another name.
    pub(super) fn rename(self, db: &Connection, name: &str) -> Result<(), ApiError> {
        db.prepare_cached("UPDATE \"_bulk_data\" SET part = ?3 WHERE owner = ?1 AND part = ?2")?
            .execute([self.owner, self.name, name])?;
        Ok(())
    }

    /// Takes the data away.
    pub(super) fn clear(self, db: &Connection) -> Result<(), ApiError> {
        db.prepare_cached("DELETE FROM \"_bulk_data\" WHERE owner = ?1 AND part = ?2")?
            .execute([self.owner, self.name])?;
        Ok(())
    }
}
